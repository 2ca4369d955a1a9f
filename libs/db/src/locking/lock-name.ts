import { createHash } from 'node:crypto';
import { InvalidParameterError } from '../db.errors.js';

/** What both servers accept as the name of a named lock, in bytes. */
const MAX_BYTES = 64;
const HASH_DIGITS = 32;
const PREFIX_LENGTH = MAX_BYTES - HASH_DIGITS - 1;
/** Spelt so, a name means itself: no server folds it, and it holds no `#`, which only hashed names do. */
const PLAIN_NAMESPACE = /^[a-z0-9_.-]+$/;
const PLAIN_KEY = /^[a-z0-9_.:/-]+$/;

/**
 * The server's name for an advisory lock: `<namespace>:<key>` where that is short and plain, else a readable beginning, `#` and
 * a hash of both. At most 64 bytes, lower case. Two different keys of one namespace never share a name, however a server folds
 * case or accents; the namespace itself is taken in lower case, because some servers fold the names of databases.
 */
export function lockName(namespace: string, key: string): string {
  requireKey(key);
  const space = namespace.toLowerCase();
  const plain = `${space}:${key}`;
  const isPlain = PLAIN_NAMESPACE.test(space) && PLAIN_KEY.test(key);
  if (isPlain && plain.length <= MAX_BYTES) return plain;
  const hash = createHash('sha256').update(`${space}\0${key}`, 'utf8').digest('hex').slice(0, HASH_DIGITS);
  return `${readable(plain)}#${hash}`;
}

/** Refuses keys that no name can stand for. */
export function requireKey(key: unknown): asserts key is string {
  if (typeof key !== 'string' || key === '') throw new InvalidParameterError('key', 'must be a text that is not empty');
  if (!(key as string & { isWellFormed(): boolean }).isWellFormed()) {
    throw new InvalidParameterError('key', 'holds half of a surrogate pair, which UTF-8 cannot express');
  }
}

function readable(plain: string): string {
  return plain
    .toLowerCase()
    .replace(/[^a-z0-9_.:/-]/g, '_')
    .slice(0, PREFIX_LENGTH);
}
