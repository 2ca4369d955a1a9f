import type { EntityManager } from 'typeorm';
import { listOf } from '../sql/arguments.js';
import type { SqlParams } from '../sql/sql-value.js';
import { affectedRows, allRows, atMostOne, scalar, type WriteResult, writeResult } from './replies.js';
import { eachRow } from './row-stream.js';
import type { Row } from './server-reply.js';
import type { SessionHook } from './session-hooks.js';
import type { SessionInternals } from './session-internals.js';
import type { SessionTransaction } from './session-transaction.js';

/**
 * One connection and one transaction, lent to a callback of `DbSessions.run` and of no use after it.
 *
 * SQL is text with `:name` parameters, written in as literals after a check of their kinds; names inside strings, comments
 * and quoted identifiers are left alone. Statements that would end the transaction are refused before they are sent.
 */
export class DbSession {
  constructor(
    private readonly transaction: SessionTransaction,
    private readonly seam: SessionInternals,
  ) {}

  /** Aborts when the session can no longer commit: its deadline, the caller's signal, a lost connection, a deadlock. */
  get signal(): AbortSignal {
    return this.transaction.signal;
  }

  /** TypeORM's manager on the same transaction: repositories, entities and query builders work inside the session. */
  get manager(): EntityManager {
    return this.seam.manager();
  }

  /** True while statements are accepted. */
  get isActive(): boolean {
    return this.transaction.isUsable;
  }

  /** Rows matched by an UPDATE (changed or not), inserted, deleted, or returned. */
  execute(sql: string, params?: SqlParams): Promise<number> {
    return this.transaction.perform({ method: 'execute', sql, params }, affectedRows);
  }

  /** As `execute`, with the rows really changed and the first AUTO_INCREMENT value. */
  executeResult(sql: string, params?: SqlParams): Promise<WriteResult> {
    return this.transaction.perform({ method: 'executeResult', sql, params }, writeResult);
  }

  /** Runs the statement once for each set of parameters, in order; the sum of `execute`. */
  async executeMany(sql: string, paramsList: readonly SqlParams[]): Promise<number> {
    let sum = 0;
    for (const params of listOf('paramsList', paramsList)) {
      sum += await this.transaction.perform({ method: 'executeMany', sql, params }, affectedRows);
    }
    return sum;
  }

  /** First column of the only row; null for no row and for NULL. A second row throws `MultipleRowsError`. */
  executeScalar<T = unknown>(sql: string, params?: SqlParams): Promise<T | null> {
    return this.transaction.perform({ method: 'executeScalar', sql, params }, scalar) as Promise<T | null>;
  }

  /** The only row, or null. A second row throws `MultipleRowsError`. */
  fetchOne<R extends object = Row>(sql: string, params?: SqlParams): Promise<R | null> {
    return this.transaction.perform({ method: 'fetchOne', sql, params }, (reply, statement) =>
      atMostOne('fetchOne', reply, statement),
    ) as Promise<R | null>;
  }

  fetchAll<R extends object = Row>(sql: string, params?: SqlParams): Promise<R[]> {
    return this.transaction.perform({ method: 'fetchAll', sql, params }, allRows) as Promise<R[]>;
  }

  /**
   * The rows of a statement one by one, as a loop takes them: for results too large for memory. Until the loop has ended the
   * session takes no other statement (`ConcurrentUseError`); one that is left early still reads the rest. `statementTimeoutMs` does
   * not hold; after ten times that without a row the connection counts as lost. A server ends a stream whose reader pauses for longer
   * than its `net_write_timeout` (60 s).
   */
  stream<R extends object = Row>(sql: string, params: SqlParams = {}): AsyncGenerator<R, void, undefined> {
    return eachRow(this.transaction, { method: 'stream', sql, params }) as AsyncGenerator<R, void, undefined>;
  }

  /**
   * Runs `work`; when it throws, its rows are undone and the session goes on. Locks taken inside may stay. Savepoints nest,
   * but two side by side throw `ConcurrentUseError`. After a deadlock there is nothing to go on with: see `SessionAbortedError`.
   */
  savepoint<T>(work: () => Promise<T>): Promise<T> {
    return this.transaction.savepoints.run('savepoint', work);
  }

  /**
   * Runs `hook` after the commit, once the session has given its connection back; `run` resolves after it. A hook that throws changes
   * nothing about the commit: it goes to `onHookError`. Dropped when an enclosing savepoint is undone.
   */
  afterCommit(hook: SessionHook): void {
    this.transaction.requireUsable('afterCommit');
    this.transaction.hooks.afterCommit(hook);
  }

  /**
   * Runs `hook` after the rollback of the session, or of an enclosing savepoint, once the connection is gone from the session.
   * Neither kind of hook runs when the outcome of the commit is unknown.
   */
  afterRollback(hook: SessionHook): void {
    this.transaction.requireUsable('afterRollback');
    this.transaction.hooks.afterRollback(hook);
  }

  /** What locks and writes of this library need of the session; not for applications. */
  get internals(): SessionInternals {
    return this.seam;
  }
}
