import { MAX_TIMER_MS, OptionFaults, type SignalLike } from '@safesync/core';
import type { PoolConnection } from 'mysql2';
import { DirtyConnectionError, SessionClosedError } from '../db.errors.js';
import type { SqlParams } from '../sql/sql-value.js';
import { statementOf } from '../sql/statement-parser.js';
import type { ConnectionSource } from './connection-source.js';
import { affectedRows, allRows } from './replies.js';
import { isInTransaction, type Reply, type Row } from './server-reply.js';
import type { SessionConnection } from './session-connection.js';
import { inScope, openScope, requireNoSession, type SessionScope } from './session-scope.js';

export interface DirectConnectionOptions {
  /** Gives up waiting for a connection. */
  readonly signal?: SignalLike;
  /** Longest a statement may take, in ms; 0 for no limit. Default: the `statementTimeoutMs` of the module's options. */
  readonly statementTimeoutMs?: number;
  /** Allows it inside a session: a second connection, of which that session's transaction knows nothing. Default false. */
  readonly independent?: boolean;
}

/** A connection without a transaction, for what a session refuses: DDL, procedures, `LOCK TABLES`, session variables. */
export class DirectConnection implements SessionScope {
  readonly hasTransaction = false;
  private phase: 'open' | 'closed' = 'open';
  private enclosing = openScope();

  constructor(readonly connection: SessionConnection) {}

  get outer(): SessionScope | undefined {
    return this.enclosing;
  }

  get isOpen(): boolean {
    return this.phase === 'open';
  }

  /** Rows matched by an UPDATE, inserted, deleted or returned; any statement but several in one text. */
  async execute(sql: string, params?: SqlParams): Promise<number> {
    return affectedRows(await this.send('execute', sql, params), statementOf(sql));
  }

  async fetchAll<R extends object = Row>(sql: string, params?: SqlParams): Promise<R[]> {
    return allRows(await this.send('fetchAll', sql, params), statementOf(sql)) as R[];
  }

  /** The driver's own connection, for what this class does not cover. Never release or destroy it. */
  get raw(): PoolConnection {
    this.requireOpen('raw');
    return this.connection.driverConnection;
  }

  /** Nothing is taken any more. */
  close(): void {
    this.phase = 'closed';
    this.enclosing = undefined;
  }

  private send(method: string, sql: string, params: SqlParams | undefined): Promise<Reply> {
    this.requireOpen(method);
    return this.connection.query(statementOf(sql).bind(params));
  }

  private requireOpen(method: string): void {
    if (!this.isOpen) throw new SessionClosedError(`connection.${method}`);
  }
}

/** Lends a connection to `work` and takes it back as new: whatever was set on it is reset, whatever was left open is an error. */
export async function lendDirectly<T>(
  source: ConnectionSource,
  work: (connection: DirectConnection) => Promise<T>,
  { signal, independent = false, statementTimeoutMs }: DirectConnectionOptions,
): Promise<T> {
  if (statementTimeoutMs !== undefined) {
    new OptionFaults('sessions.connection')
      .integer('statementTimeoutMs', statementTimeoutMs, 0, MAX_TIMER_MS)
      .throwIfAny();
  }
  if (!independent) requireNoSession();
  const borrower = new DirtyConnectionError();
  const connection = await source.acquire(undefined, signal);
  const direct = new DirectConnection(connection);
  try {
    await connection.leaveTransaction();
    if (statementTimeoutMs !== undefined) await connection.limitStatements(statementTimeoutMs);
    const result = await inScope(direct, () => work(direct));
    direct.close();
    if (connection.isBusy || isInTransaction(await connection.query('DO 0'))) {
      connection.taint('its borrower left something running or open');
      throw borrower;
    }
    return result;
  } catch (error) {
    connection.taint('its borrower failed');
    throw error;
  } finally {
    direct.close();
    await source.takeBackReset(connection);
  }
}
