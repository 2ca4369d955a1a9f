import { PayloadLimitError, PayloadNotSerializableError } from '../queue.errors.js';
import { DEEPEST } from './payload-limits.js';

/**
 * Throws unless objects and arrays inside each other come to an end: what follows them down, as a schema does, would not.
 * Instances of classes are left to whoever reads them.
 */
export function requireEnd(payload: unknown): void {
  follow(payload, new Set(), '$');
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function follow(value: unknown, open: Set<unknown>, path: string): void {
  if (!Array.isArray(value) && !isPlainObject(value)) return;
  if (open.has(value)) throw new PayloadNotSerializableError(path, 'refers to an object that it is inside of');
  if (open.size >= DEEPEST) throw new PayloadLimitError(`nested deeper than ${DEEPEST}`);
  open.add(value);
  for (const [key, inner] of Object.entries(value)) {
    // no path is made for the many values that have nothing inside
    if (typeof inner === 'object') follow(inner, open, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`);
  }
  open.delete(value);
}
