import { InvalidParameterError } from '../db.errors.js';

/**
 * A list as it is now, without methods of its own: what it says once cannot change between a check and its use. Throws
 * `InvalidParameterError` for what is no array, text above all, whose letters would pass for a list.
 */
export function listOf<T>(argument: string, list: readonly T[]): T[] {
  if (!Array.isArray(list)) throw new InvalidParameterError(argument, 'must be an array');
  const copy: T[] = [];
  for (let index = 0; index < list.length; index += 1) copy.push(list[index] as T);
  return copy;
}

/** A plain object's properties as they are now; see `listOf`. Refuses objects of a class, and keys that are no text. */
export function recordOf<T extends object>(argument: string, record: T): T {
  const prototype: unknown = typeof record === 'object' && record !== null ? Object.getPrototypeOf(record) : undefined;
  if (prototype !== Object.prototype && prototype !== null) {
    throw new InvalidParameterError(argument, 'must be a plain object');
  }
  const copy = { ...record };
  if (Object.getOwnPropertySymbols(copy).length > 0) {
    throw new InvalidParameterError(argument, 'has a symbol among its keys');
  }
  return copy;
}
