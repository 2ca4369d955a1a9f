import { InvalidParameterError } from '../db.errors.js';
import { listOf } from '../sql/arguments.js';
import { bytesOf } from '../sql/sql-value.js';

/** A value of a key column. Whole numbers may come as number, bigint or text, as drivers and requests give them. */
export type LockKey = string | number | bigint | Buffer;

const WHOLE_NUMBER = /^-?(?:0|[1-9]\d*)$/;

/**
 * The keys without repetitions, in the one order that everybody locks in: whole numbers by value, whatever their type, then
 * everything else by its bytes. `"10"`, `10` and `10n` are the same key.
 */
export function sortedKeys(argument: string, keys: readonly LockKey[]): LockKey[] {
  const distinct = new Map<string, Sortable>();
  for (const key of listOf(argument, keys)) {
    const sortable = toSortable(argument, key);
    if (!distinct.has(sortable.identity)) distinct.set(sortable.identity, sortable);
  }
  return [...distinct.values()].toSorted(compare).map(({ key }) => key);
}

interface Sortable {
  readonly key: LockKey;
  readonly identity: string;
  readonly number: bigint | undefined;
  readonly bytes: Buffer;
}

function toSortable(argument: string, key: LockKey): Sortable {
  if (Buffer.isBuffer(key)) {
    const bytes = bytesOf(argument, key);
    return { key: bytes, identity: `b:${bytes.toString('hex')}`, number: undefined, bytes };
  }
  if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'bigint') {
    throw new InvalidParameterError(argument, 'must hold strings, numbers, bigints or Buffers only');
  }
  const text = String(key);
  const number = WHOLE_NUMBER.test(text) ? BigInt(text) : undefined;
  return { key, identity: `t:${text}`, number, bytes: Buffer.from(text) };
}

function compare(a: Sortable, b: Sortable): number {
  if (a.number !== undefined && b.number !== undefined) return a.number < b.number ? -1 : 1;
  if (a.number !== undefined || b.number !== undefined) return a.number !== undefined ? -1 : 1;
  return Buffer.compare(a.bytes, b.bytes) || (a.identity < b.identity ? -1 : 1);
}
