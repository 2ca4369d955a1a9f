import { type MetricsRecorder, noMetrics } from '@safesync/core';
import type { DataSource } from 'typeorm';
import { DB_LEAKS_TOTAL, DB_METRICS } from '../db.metrics.js';
import {
  type DbOptions,
  type ResolvedDbOptions,
  type RetryOptions,
  resolveDbOptions,
  resolveSessionOptions,
  type SessionOptions,
} from '../db.options.js';
import type { SqlDialect } from '../dialect/sql-dialect.js';
import { CommitMarkers } from './commit-markers.js';
import { ConnectionSource } from './connection-source.js';
import type { DbSession } from './db-session.js';
import { type DirectConnection, type DirectConnectionOptions, lendDirectly } from './direct-connection.js';
import type { ConnectionLeak } from './lendings.js';
import { showPool } from './pool-gauges.js';
import { runWithRetry } from './session-retry.js';
import { type ConnectionBracket, runSession, type SessionEnvironment } from './session-run.js';
import { requireNoSession } from './session-scope.js';
import { shieldedMetrics } from './shielded-metrics.js';

/** Opens sessions on one DataSource. */
export class DbSessions {
  private constructor(private readonly environment: SessionEnvironment) {}

  /**
   * Detects the server and checks the effective settings of driver and server; a dangerous one throws `UnsafeSettingsError`
   * with all faults. From then on every connection of the DataSource's pool, also one taken by others, is opened with UTC,
   * READ COMMITTED and a lock wait of 5 s (or what `options.defaults` say). May be opened again on the same DataSource, with the
   * same isolation and lock wait only: others are refused.
   *
   * @param dataSource initialized, of type mysql or mariadb
   */
  static async open(
    dataSource: DataSource,
    options?: DbOptions,
    recorder: MetricsRecorder = noMetrics,
  ): Promise<DbSessions> {
    const resolved = resolveDbOptions(options);
    const metrics = recorder === noMetrics ? noMetrics : shieldedMetrics(recorder, resolved.onHookError);
    const onLeak = (leak: ConnectionLeak): void => {
      metrics.add(DB_LEAKS_TOTAL, {});
      resolved.onLeak(leak);
    };
    const { source, facts } = await ConnectionSource.open(dataSource, { ...resolved, onLeak });
    metrics.declare?.(DB_METRICS);
    showPool(metrics, source, { pool: dataSource, database: facts.databaseName ?? '' });
    return new DbSessions({
      source,
      markers: new CommitMarkers(source, resolved.onHookError),
      metrics,
      options: resolved,
      serverRollsBackOnTimeout: Number(facts.rollbackOnTimeout) === 1,
      maxPacketBytes: Number(facts.maxPacketBytes),
      lockNamespace: resolved.lockNamespace ?? facts.databaseName ?? undefined,
    });
  }

  get dialect(): SqlDialect {
    return this.environment.source.dialect;
  }

  get metrics(): MetricsRecorder {
    return this.environment.metrics;
  }

  /** Prefix of advisory lock names: `lockNamespace`, else the connection's database; undefined when there is neither. */
  get lockNamespace(): string | undefined {
    return this.environment.lockNamespace;
  }

  /** True for a session on connections of the same pool: what one writes is there for the other. */
  owns(session: DbSession): boolean {
    return session.internals.pool === this.environment.source.poolIdentity;
  }

  get options(): ResolvedDbOptions {
    return this.environment.options;
  }

  /**
   * Runs `work` in one transaction on one connection: committed when it returns, rolled back when it throws; its error leaves
   * unchanged. Rejects with `NestedSessionError` inside another session, `AcquireTimeoutError` without a free connection,
   * `SessionAbortedError` when `work` swallowed an error that ended the transaction, `UnawaitedStatementsError` when it did not
   * wait for its statements, and `CommitOutcomeUnknownError` when the answer to COMMIT was lost.
   */
  run<T>(work: (session: DbSession) => Promise<T>, options?: SessionOptions): Promise<T> {
    return this.start(undefined, work, options);
  }

  /**
   * `run`, again in a new session after errors that left nothing behind and may not come back (`isRetryable`): deadlocks,
   * lock timeouts, lost connections before the commit. Not after an unknown commit. The last error is thrown, its `attempts`
   * set. Only at the outermost scope: inside a session it rejects with `NestedSessionError`, `independent` or not.
   */
  async withRetry<T>(
    work: (session: DbSession, attempt: number) => Promise<T>,
    options?: SessionOptions & RetryOptions,
  ): Promise<T> {
    requireNoSession();
    return runWithRetry((attempt, session) => this.run((given) => work(given, attempt), session), options);
  }

  /**
   * Lends a connection without a transaction, for what sessions refuse: DDL, procedures, session variables, the driver's own
   * methods. It is reset afterwards, or ended where `work` throws. A transaction or a statement left open is undone and rejects
   * with `DirtyConnectionError`, whose stack says who left it; one that was sent through `raw` is waited for. What ran before is
   * committed. Inside a session it rejects with
   * `NestedSessionError`, unless `independent`.
   */
  connection<T>(work: (connection: DirectConnection) => Promise<T>, options: DirectConnectionOptions = {}): Promise<T> {
    return lendDirectly(this.environment.source, work, options);
  }

  /** One round trip on a pooled connection; throws a `DbError` when that fails. */
  async ping(): Promise<void> {
    const { source } = this.environment;
    const connection = await source.acquire();
    try {
      await connection.query('DO 0');
    } finally {
      source.giveBack(connection);
    }
  }

  /** As `run`, with work on the same connection before the transaction starts and after it has ended. */
  runBracketed<T>(
    bracket: ConnectionBracket,
    work: (session: DbSession) => Promise<T>,
    options?: SessionOptions,
  ): Promise<T> {
    return this.start(bracket, work, options);
  }

  private start<T>(
    bracket: ConnectionBracket | undefined,
    work: (session: DbSession) => Promise<T>,
    options: SessionOptions | undefined,
  ): Promise<T> {
    try {
      const resolved = resolveSessionOptions(options, this.environment.options.defaults);
      if (!resolved.independent) requireNoSession();
      return runSession(this.environment, resolved, work, bracket);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}
