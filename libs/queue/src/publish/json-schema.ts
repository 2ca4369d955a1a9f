import { InvalidOptionsError } from '@safesync/core';
import type { Ajv2020 } from 'ajv/dist/2020.js';
import { isPlainObject } from '../message/payload-end.js';
import { faultLine, faultLines, type SchemaCheck } from '../message/payload-schema.js';

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What ajv says about one fault; its message and its data are left alone, for they may hold values. */
interface Fault {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * Compiles the schema with ajv, an optional package, which is loaded for the first stream that has one. Absent properties
 * take their `default`; nothing is coerced; `format` is an annotation, as the draft has it. Throws `InvalidOptionsError` when
 * ajv is missing or refuses the schema.
 */
export async function jsonSchemaCheck(schema: JsonSchema): Promise<SchemaCheck> {
  const { Ajv2020: Ajv } = await loadAjv();
  const validate = compile(() =>
    new Ajv({ allErrors: true, useDefaults: true, validateFormats: false, logger: false }).compile(schema),
  );
  // a payload is the caller's: defaults go into a copy
  const copies = JSON.stringify(schema).includes('"default"');
  return (payload) => {
    const value = copies ? copyOf(payload) : payload;
    return validate(value) ? { value } : { faults: faultLines(validate.errors ?? [], describeFault) };
  };
}

function compile<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason';
    throw new InvalidOptionsError('JSON Schema of a stream', [`ajv refuses it: ${reason}`]);
  }
}

async function loadAjv(): Promise<{ readonly Ajv2020: typeof Ajv2020 }> {
  try {
    return await import('ajv/dist/2020.js');
  } catch {
    throw new InvalidOptionsError('JSON Schema of a stream', ['it needs the package ajv: npm install ajv']);
  }
}

/** Only what JSON knows is copied: everything else stays what it is, and is refused when it is written. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isPlainObject(value) || Object.getOwnPropertySymbols(value).length > 0) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]));
}

function describeFault({ instancePath, keyword, params }: Fault): string {
  const path = instancePath.slice(1).split('/').map(unescapePointer);
  const name = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty;
  return faultLine([...path, ...(typeof name === 'string' ? [name] : [])].filter(Boolean).join('.'), keyword);
}

/** RFC 6901. */
function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
