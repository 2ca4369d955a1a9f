import { types } from 'node:util';
import { escape as escapeLiteral } from 'mysql2';
import { InvalidParameterError } from '../db.errors.js';

/** A value that one SQL literal can hold exactly. Integers beyond 2^53 are given as bigint or string. */
export type SqlValue = string | number | bigint | boolean | Date | Buffer | null;

/** Values for the `:name` parameters of a statement: each of them, and nothing else. */
export type SqlParams = Readonly<Record<string, SqlValue>>;

/**
 * The value as SQL literal. Objects, arrays, undefined, NaN, unsafe integers, invalid dates and text that UTF-8 cannot hold
 * throw `InvalidParameterError` with the parameter's name, never with its value. Dates are written in UTC.
 */
export function toLiteral(parameter: string, value: unknown): string {
  if (typeof value === 'string') return textLiteral(parameter, value);
  if (typeof value === 'number') return numberLiteral(parameter, value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'object') return objectLiteral(parameter, value);
  throw new InvalidParameterError(parameter, `is of type ${typeof value}`);
}

function textLiteral(parameter: string, value: string): string {
  if (!(value as string & { isWellFormed(): boolean }).isWellFormed()) {
    throw new InvalidParameterError(parameter, 'holds half of a surrogate pair, which UTF-8 cannot express');
  }
  return escapeLiteral(value);
}

function numberLiteral(parameter: string, value: number): string {
  if (!Number.isFinite(value)) throw new InvalidParameterError(parameter, 'is NaN or infinite');
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new InvalidParameterError(parameter, 'is an integer beyond 2^53, already rounded; pass a bigint or a string');
  }
  return String(value);
}

function objectLiteral(parameter: string, value: object | null): string {
  if (value === null) return 'NULL';
  if (Buffer.isBuffer(value)) return `X'${bytesOf(parameter, value).toString('hex')}'`;
  if (value instanceof Date) return dateLiteral(parameter, value);
  throw new InvalidParameterError(parameter, Array.isArray(value) ? 'is an array' : 'is an object');
}

/** The bytes themselves, without what the object's own methods would make of them. */
export function bytesOf(parameter: string, value: Buffer): Buffer {
  if (!types.isUint8Array(value)) throw new InvalidParameterError(parameter, 'is an object');
  return Buffer.from(new Uint8Array(value).buffer);
}

function dateLiteral(parameter: string, value: Date): string {
  if (!types.isDate(value)) throw new InvalidParameterError(parameter, 'is an object');
  // the instant itself, without what the object's own methods would make of it
  const date = new Date(Date.prototype.getTime.call(value));
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9_999)) {
    throw new InvalidParameterError(parameter, 'is not a valid date between the years 0 and 9999');
  }
  return escapeLiteral(date, true, 'Z');
}
