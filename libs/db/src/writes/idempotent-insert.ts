import { DuplicateKeyError } from '../db.errors.js';
import type { DbSession } from '../session/db-session.js';
import type { SqlParams } from '../sql/sql-value.js';

/** Which unique key counts as "already there". */
export interface IdempotentInsertOptions {
  /**
   * Name of the key (`PRIMARY`, `uq_reference`) that alone counts; a duplicate on any other throws `DuplicateKeyError`. Default:
   * any key of the table.
   */
  readonly onKey?: string;
}

/**
 * Runs an INSERT and resolves to true, or to false when a unique key holds the values already; the transaction goes on either
 * way. Every other error is thrown. Meant for inserts that mean the same when done twice.
 *
 * When the session that inserted first rolls back while several wait for it, some of them get `DeadlockError`: retryable, with
 * `DbSessions.withRetry`. `IdempotentInserts.insert` meets it less often.
 */
export async function insertIdempotent(
  session: DbSession,
  sql: string,
  params?: SqlParams,
  options: IdempotentInsertOptions = {},
): Promise<boolean> {
  try {
    await session.execute(sql, params);
    return true;
  } catch (error) {
    if (error instanceof DuplicateKeyError && countsAsDone(error.key, options)) return false;
    throw error;
  }
}

/** True when a duplicate on `key` is what the caller means by "already there". Servers ignore the case of key names. */
export function countsAsDone(key: string | undefined, { onKey }: IdempotentInsertOptions): boolean {
  return onKey === undefined || key?.toLowerCase() === onKey.toLowerCase();
}
