import { Injectable } from '@nestjs/common';
import { MultipleRowsError } from '../db.errors.js';
import type { DbSession } from '../session/db-session.js';
import type { Row } from '../session/server-reply.js';
import { quoteIdentifier } from '../sql/identifier.js';
import { type Where, whereClause } from '../sql/where-clause.js';
import { type LockKey, sortedKeys } from './lock-keys.js';
import { LockingRead } from './locking-read.js';
import { type RowLockOptions, resolveRowLockOptions } from './row-lock.options.js';

/** Rows locked by one statement; more would make its text long and win no time. */
const KEYS_PER_STATEMENT = 32;

/**
 * Locks on existing rows, held to the end of the session's transaction.
 *
 * A row that does not exist cannot be locked: `null` means "not there", never "mine". To be the only one who creates it, insert
 * it (`IdempotentInserts`) or hold an advisory lock.
 *
 * Errors: `LockTimeoutError` after waiting too long, `LockNotAvailableError` when asked not to wait, `DeadlockError` when the
 * server ended a circle of waiting sessions with this one.
 */
@Injectable()
export class RowLocks {
  /**
   * Locks and returns the one row that `where` describes, as it is now, or null. A second matching row throws
   * `MultipleRowsError`. Index the columns: the server may lock what it reads on its way to the row.
   */
  lock<R extends Row = Row>(
    session: DbSession,
    table: string,
    where: Where,
    options?: RowLockOptions,
  ): Promise<R | null> {
    return lockRow(session, table, where, options);
  }

  /**
   * Locks the rows with these keys one after the other, in one order for everybody (whole numbers by value, then text by its
   * bytes), so that callers who lock the same rows never deadlock over them. Returns the rows that exist, in that order, each
   * once. Waiting is allowed `timeoutMs` for each row.
   *
   * @param keyColumn the primary key or another unique column; returned also when `columns` leaves it out
   * @param keys in any order, repetitions allowed; none locks nothing
   */
  async lockMany<R extends Row = Row>(
    session: DbSession,
    table: string,
    keyColumn: string,
    keys: readonly LockKey[],
    options: RowLockOptions = {},
  ): Promise<R[]> {
    const read = new LockingRead(session, table, resolveRowLockOptions(options), keyColumn);
    const sorted = sortedKeys('keys', keys);
    if (sorted.length === 0) return [];
    return read.acquire(async () => {
      const found = new Map<string, R>();
      for (let from = 0; from < sorted.length; from += KEYS_PER_STATEMENT) {
        const rows = await fetchChunk<R>(read, keyColumn, sorted.slice(from, from + KEYS_PER_STATEMENT));
        // keys that the column's collation takes for equal find the same row
        for (const row of rows) found.set(identityOf(row[keyColumn]), row);
      }
      return [...found.values()];
    });
  }
}

/** What `RowLocks.lock` and the class `RowLock` do. */
export async function lockRow<R extends Row>(
  session: DbSession,
  table: string,
  where: Where,
  options: RowLockOptions = {},
): Promise<R | null> {
  const read = new LockingRead(session, table, resolveRowLockOptions(options));
  const { sql, params } = whereClause(where);
  // two rows suffice to know that it is not one, and are all that a wrong condition gets to lock
  const rows = await read.acquire(() => read.fetch<R>(`${read.select} WHERE ${sql} LIMIT 2${read.clause}`, params));
  if (rows.length > 1) throw new MultipleRowsError(`A row lock on "${table}"`);
  return rows[0] ?? null;
}

/** One SELECT per key in one statement: `IN (...)` would lock in the order of whatever index the server picks. */
function fetchChunk<R extends Row>(read: LockingRead, keyColumn: string, keys: readonly LockKey[]): Promise<R[]> {
  const params: Record<string, LockKey> = {};
  const selects = keys.map((key, index) => {
    params[`key_${index}`] = key;
    return `(${read.select} WHERE ${quoteIdentifier(keyColumn, 'column')} = :key_${index}${read.clause})`;
  });
  return read.fetch<R>(selects.join(' UNION ALL '), params);
}

function identityOf(key: unknown): string {
  // its text has whole seconds only
  if (key instanceof Date) return String(key.getTime());
  return Buffer.isBuffer(key) ? key.toString('hex') : String(key);
}
