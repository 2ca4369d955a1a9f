import { DbError, DeadlockError, LockNotAvailableError, LockTimeoutError } from '../db.errors.js';
import { DB_LOCK_ACQUIRE_LATENCY } from '../db.metrics.js';
import type { DbSession } from '../session/db-session.js';
import type { Row } from '../session/server-reply.js';
import { quoteIdentifier, quoteTable } from '../sql/identifier.js';
import type { SqlParams } from '../sql/sql-value.js';
import type { ResolvedRowLockOptions } from './row-lock.options.js';

/** SELECTs of one table that lock what they return: their text, their patience, their errors, their measurement. */
export class LockingRead {
  /** Everything up to WHERE. */
  readonly select: string;
  /** What follows the condition. */
  readonly clause: string;

  /** @param keyColumn read in any case, whatever the options say */
  constructor(
    private readonly session: DbSession,
    private readonly table: string,
    private readonly options: ResolvedRowLockOptions,
    keyColumn?: string,
  ) {
    this.select = `SELECT ${columnList(options.columns, keyColumn)} FROM ${quoteTable(table)}`;
    this.clause = session.internals.dialect.rowLockClause(options);
  }

  fetch<R extends Row>(sql: string, params: SqlParams): Promise<R[]> {
    return this.session.fetchAll<R>(sql, params);
  }

  /** Runs `work`, which fetches, as one acquisition. Only a successful one is measured, also when it found nothing. */
  async acquire<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const { metrics } = this.session.internals;
    try {
      const result = await this.waiting(work);
      metrics.observe(DB_LOCK_ACQUIRE_LATENCY, { strategy: 'row' }, (performance.now() - startedAt) / 1_000);
      return result;
    } catch (error) {
      throw this.named(error);
    }
  }

  private waiting<T>(work: () => Promise<T>): Promise<T> {
    const { timeoutMs } = this.options;
    const { internals } = this.session;
    if (timeoutMs === undefined || internals.dialect.hasWaitClause) return work();
    return internals.withLockWait(timeoutMs, work);
  }

  /** The same error, saying which table. */
  private named(error: unknown): unknown {
    if (!(error instanceof DbError)) return error;
    const rows = `rows of "${this.table}"`;
    const details = { errno: error.errno, sqlState: error.sqlState, cause: error.cause };
    if (error instanceof LockTimeoutError) {
      return new LockTimeoutError(`Waiting to lock ${rows} took too long.`, details);
    }
    if (error instanceof LockNotAvailableError) {
      return new LockNotAvailableError(`Another session has locked ${rows}.`, details);
    }
    if (error instanceof DeadlockError) {
      return new DeadlockError(`The transaction was rolled back for a deadlock over ${rows}.`, details);
    }
    return error;
  }
}

function columnList(columns: readonly string[] | undefined, keyColumn: string | undefined): string {
  if (columns === undefined) return '*';
  const names = keyColumn === undefined ? columns : [keyColumn, ...columns];
  return [...new Set(names)].map((column) => quoteIdentifier(column, 'column')).join(', ');
}
