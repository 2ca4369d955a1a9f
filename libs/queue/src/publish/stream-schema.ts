import { requireEnd } from '../message/payload-end.js';
import {
  isStandardSchema,
  type SchemaResult,
  type StandardSchema,
  standardSchemaCheck,
} from '../message/payload-schema.js';
import { type JsonSchema, jsonSchemaCheck } from './json-schema.js';
import { PublishPayloadInvalidError } from './publish.errors.js';

/** What `forFeature([{ schema }])` takes: zod, valibot, arktype and others by the Standard Schema interface, or a JSON Schema. */
export type StreamSchema = StandardSchema | JsonSchema;

/**
 * Checks a payload on its way to a stream and returns what is published: what the schema takes need not be JSON, what it makes
 * of it has to. Throws `PublishPayloadInvalidError`, or what a payload without an end is refused with.
 */
export type PayloadGuard = (stream: string, payload: object) => Promise<object>;

export function isStreamSchema(value: unknown): value is StreamSchema {
  return isStandardSchema(value) || (typeof value === 'object' && value !== null && !Array.isArray(value));
}

/** Throws `InvalidOptionsError` when the schema cannot be used. */
export async function compileStreamSchema(schema: StreamSchema): Promise<PayloadGuard> {
  const check = isStandardSchema(schema) ? standardSchemaCheck(schema) : await jsonSchemaCheck(schema);
  return async (stream, payload) => {
    requireEnd(payload);
    let result: SchemaResult;
    try {
      result = await check(payload);
    } catch (error) {
      throw new PublishPayloadInvalidError(stream, ['(root): the schema itself failed'], error);
    }
    if ('faults' in result) throw new PublishPayloadInvalidError(stream, result.faults);
    return result.value as object;
  };
}
