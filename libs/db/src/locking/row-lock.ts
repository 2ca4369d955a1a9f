import type { DbSession } from '../session/db-session.js';
import type { Row } from '../session/server-reply.js';
import { quoteTable } from '../sql/identifier.js';
import type { Where } from '../sql/where-clause.js';
import type { RowLockOptions } from './row-lock.options.js';
import { lockRow } from './row-locks.js';

/** `RowLocks.lock` as an object, in the shape of the Python library. */
export class RowLock<R extends Row = Row> {
  /** Throws `InvalidIdentifierError` for a table's name that cannot be one. */
  constructor(
    private readonly session: DbSession,
    private readonly table: string,
    private readonly where: Where,
    private readonly options?: RowLockOptions,
  ) {
    quoteTable(table);
  }

  /** Locks and returns the row, or null when there is none; see `RowLocks.lock`. */
  acquire(): Promise<R | null> {
    return lockRow<R>(this.session, this.table, this.where, this.options);
  }
}
