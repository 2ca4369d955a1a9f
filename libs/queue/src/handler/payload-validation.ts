import { InvalidOptionsError } from '@safesync/core';
import type { Message } from '../message/message.js';
import { isStandardSchema, type StandardSchema, standardSchemaCheck } from '../message/payload-schema.js';
import { PayloadInvalidError } from './handler.errors.js';

export type { StandardSchema } from '../message/payload-schema.js';

/** A class with class-validator rules. */
export type PayloadClass<T extends object = object> = new (...args: never[]) => T;

/** What `@StreamHandler({ payload })` takes. */
export type PayloadType = PayloadClass | StandardSchema;

/** The payload that a declaration promises to the handler; nothing in particular (`never`) where none is known. */
export type PayloadOf<P> = [PayloadType] extends [P]
  ? never
  : P extends StandardSchema<infer T>
    ? T
    : P extends PayloadClass<infer T>
      ? T
      : never;

/** Checks a decoded payload and returns what the handler gets; throws `PayloadInvalidError`. */
export type PayloadValidator = (payload: unknown) => unknown;

/** In place: the message belongs to one delivery, and a copy would work out its lazy id. */
export function replacePayload(message: Message, payload: unknown): void {
  (message as { payload: unknown }).payload = payload;
}

export function isPayloadType(value: unknown): value is PayloadType {
  return isStandardSchema(value) || typeof value === 'function';
}

/** The class that pipes see as the metatype of the payload; a schema has none. */
export function payloadClassOf(type: PayloadType | undefined): PayloadClass | undefined {
  return typeof type === 'function' && !isStandardSchema(type) ? type : undefined;
}

/** Prepares the validator once, at boot, where a missing package is an error and not the first message's surprise. */
export async function compilePayloadValidator(
  where: string,
  type: PayloadType | undefined,
): Promise<PayloadValidator | undefined> {
  if (type === undefined) return undefined;
  return isStandardSchema(type) ? schemaValidator(type) : await classValidator(where, type);
}

function schemaValidator(schema: StandardSchema): PayloadValidator {
  const check = standardSchemaCheck(schema);
  return async (payload) => {
    const result = await check(payload);
    if ('faults' in result) throw new PayloadInvalidError(result.faults);
    return result.value;
  };
}

type Validation = typeof import('class-validator');
type ValidationError = import('class-validator').ValidationError;

async function classValidator(where: string, type: PayloadClass): Promise<PayloadValidator> {
  const [validation, transformation] = await Promise.all([
    optional(where, 'class-validator', () => import('class-validator')),
    optional(where, 'class-transformer', () => import('class-transformer')),
  ]);
  const rules = validation.getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  if (rules.length === 0) {
    const fault = `payload class ${type.name} carries no class-validator rule, so every message would be refused`;
    throw new InvalidOptionsError(`@StreamHandler ${where}`, [fault]);
  }
  return async (payload) => {
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
      throw new PayloadInvalidError(['(root): not an object']);
    }
    const instance = toInstance(transformation, type, payload);
    const faults = await validationFaults(validation, instance);
    if (faults.length > 0) throw new PayloadInvalidError(faults);
    return instance;
  };
}

type Transformation = typeof import('class-transformer');

function toInstance(transformation: Transformation, type: PayloadClass, payload: object): object {
  try {
    return transformation.plainToInstance(type as new () => object, payload);
  } catch (error) {
    // a @Transform that meets a value it did not expect
    throw new PayloadInvalidError(['(root): a transformation failed'], error);
  }
}

async function validationFaults(validation: Validation, instance: object): Promise<string[]> {
  const options = { forbidUnknownValues: true, validationError: { target: false, value: false } };
  return (await validation.validate(instance, options)).flatMap((error) => describeError(error, ''));
}

function describeError(error: ValidationError, parent: string): string[] {
  const path = `${parent}${error.property}`;
  const broken = Object.keys(error.constraints ?? {});
  const own = broken.length > 0 ? [`${path}: ${broken.join(', ')}`] : [];
  return [...own, ...(error.children ?? []).flatMap((child) => describeError(child, `${path}.`))];
}

async function optional<T>(where: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch {
    throw new InvalidOptionsError(`@StreamHandler ${where}`, [
      `payload names a class, which needs the package ${name}: npm install ${name}`,
    ]);
  }
}
