import { Injectable } from '@nestjs/common';
import { DuplicateKeyError, InvalidParameterError } from '../db.errors.js';
import { lockRow } from '../locking/row-locks.js';
import type { DbSession } from '../session/db-session.js';
import type { Row } from '../session/server-reply.js';
import { listOf } from '../sql/arguments.js';
import { quoteIdentifier } from '../sql/identifier.js';
import type { NewRow } from '../sql/row-values.js';
import type { SqlValue } from '../sql/sql-value.js';
import { countsAsDone, type IdempotentInsertOptions } from './idempotent-insert.js';
import { insertIgnore } from './insert-ignore.js';
import { RowAlteredError } from './writes.errors.js';

/** The row of `insertOrFetch` and who wrote it. */
export interface InsertedOrFetched<R extends Row = Row> {
  /** True when this session inserted it. */
  readonly inserted: boolean;
  /** As stored, with the server's defaults; locked to the end of the transaction. */
  readonly row: R;
}

/**
 * Inserts that mean the same when done twice: "was it I who did it first?" is answered by a unique key. Keys are as equal as
 * their column says: give them a binary type (VARBINARY), else `a` and `A` are one key. A binary collation keeps case apart, but
 * not `a` and `a `: it will do for keys of a fixed form, like UUIDs.
 */
@Injectable()
export class IdempotentInserts {
  /**
   * Inserts the row and resolves to true, or to false when a unique key holds its values already. Waits for another session
   * that is inserting the same key; if that one rolls back, this one inserts. When several waited, some of them may get
   * `DeadlockError` instead: retryable, so make it the first statement of a `DbSessions.withRetry`.
   *
   * Throws `DuplicateKeyError` for a key other than `onKey`, `DbWriteError` when the row violates the schema, and
   * `RowAlteredError` when it would not be stored as given; the session can only roll back then.
   */
  async insert(
    session: DbSession,
    table: string,
    row: NewRow,
    options: IdempotentInsertOptions = {},
  ): Promise<boolean> {
    const outcome = await insertIgnore(session, table, row);
    if (outcome.inserted) return true;
    if (countsAsDone(outcome.key, options)) return false;
    throw new DuplicateKeyError(outcome.key);
  }

  /**
   * Inserts the row, or finds the one that is there; either way resolves to it as stored. A found row is read as it is now and
   * share-locked, so it cannot change before the transaction ends. At REPEATABLE READ a server with `innodb_snapshot_isolation` (on
   * from MariaDB 11.6.2) throws a retryable `DeadlockError` for a row that is younger than the snapshot.
   *
   * @param keyColumns the unique key that identifies the row; a duplicate on another key throws `DuplicateKeyError`
   */
  async insertOrFetch<R extends Row = Row>(
    session: DbSession,
    table: string,
    row: NewRow,
    keyColumns: readonly string[],
  ): Promise<InsertedOrFetched<R>> {
    const columns = listOf('keyColumns', keyColumns);
    if (columns.length === 0) throw new InvalidParameterError('keyColumns', 'must name at least one column');
    const where = Object.fromEntries(columns.map((column) => [column, keyValue(row, column)]));
    const outcome = await insertIgnore(session, table, row);
    const stored = await lockRow<R>(session, table, where, { mode: 'share' });
    if (stored !== null) return { inserted: outcome.inserted, row: stored };
    if (!outcome.inserted) throw new DuplicateKeyError(outcome.key);
    const error = new RowAlteredError(table, ['its key columns were stored otherwise than given']);
    session.internals.abort(error);
    throw error;
  }
}

function keyValue(row: NewRow, column: string): SqlValue {
  quoteIdentifier(column, 'column');
  const value = Object.hasOwn(row, column) ? row[column] : undefined;
  if (value === undefined || value === null) {
    throw new InvalidParameterError(column, 'is part of the key and must have a value in the row');
  }
  return value;
}
