import { DbWriteError, DuplicateKeyError, StatementRefusedError } from '../db.errors.js';
import type { DbSession } from '../session/db-session.js';
import type { SqlParams } from '../sql/sql-value.js';
import { statementOf } from '../sql/statement-parser.js';

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
 * Anything but a plain INSERT is refused with `StatementRefusedError`, since it would not say who was first: IGNORE, ON DUPLICATE
 * KEY UPDATE, REPLACE. An INSERT of no rows throws `DbWriteError`.
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
  requirePlainInsert(sql);
  try {
    const affected = await session.execute(sql, params);
    if (affected > 0) return true;
    throw new DbWriteError('The INSERT had no row to insert, so nothing says who was first.', {
      remedy: 'Insert given values (VALUES), or a SELECT that always finds a row.',
    });
  } catch (error) {
    if (error instanceof DuplicateKeyError && countsAsDone(error.key, options)) return false;
    throw error;
  }
}

function requirePlainInsert(sql: string): void {
  const { isPlainInsert, verb, refusal } = statementOf(sql);
  // what no session takes is refused there, for its own reason
  if (isPlainInsert || refusal !== undefined) return;
  throw new StatementRefusedError(
    `insertIdempotent with ${verb === 'INSERT' ? 'IGNORE or ON DUPLICATE KEY' : verb || 'this text'}`,
    'it succeeds for a duplicate too, so it cannot tell who was first',
    'Use a plain INSERT ... VALUES, or IdempotentInserts.insert().',
  );
}

/** True when a duplicate on `key` is what the caller means by "already there". Servers ignore the case of key names. */
export function countsAsDone(key: string | undefined, { onKey }: IdempotentInsertOptions): boolean {
  return onKey === undefined || key?.toLowerCase() === onKey.toLowerCase();
}
