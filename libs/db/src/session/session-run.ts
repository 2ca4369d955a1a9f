import { MAX_TIMER_MS, type MetricsRecorder, withDeadline } from '@safesync/core';
import type { QueryRunner } from 'typeorm';
import {
  CommitOutcomeUnknownError,
  type DbError,
  SessionAbortedError,
  SessionTimeoutError,
  UnawaitedStatementsError,
} from '../db.errors.js';
import { DB_SESSIONS_TOTAL } from '../db.metrics.js';
import type { ResolvedDbOptions, ResolvedSessionOptions } from '../db.options.js';
import { type CommitMarker, type CommitMarkers, rolledBackAtCommit } from './commit-markers.js';
import type { ConnectionSource } from './connection-source.js';
import { DbSession } from './db-session.js';
import { translateCommitError } from './driver-error.js';
import { type SessionConnection } from './session-connection.js';
import { SessionDeadline } from './session-deadline.js';
import { SessionInternals } from './session-internals.js';
import { inScope } from './session-scope.js';
import { SessionTransaction } from './session-transaction.js';
import { TransactionBounds } from './transaction-bounds.js';
import { WriteLog } from './write-log.js';

/** Work on the session's connection around its transaction, not part of it. */
export interface ConnectionBracket {
  /** Throwing ends the session before it started; `after` is not called then. */
  before(connection: SessionConnection): Promise<void>;
  /** Runs whatever became of the transaction, unless the connection broke. If it throws, the connection is destroyed. */
  after(connection: SessionConnection): Promise<void>;
}

/** What all sessions of one `DbSessions` share. */
export interface SessionEnvironment {
  readonly source: ConnectionSource;
  readonly markers: CommitMarkers;
  readonly options: ResolvedDbOptions;
  readonly metrics: MetricsRecorder;
  readonly serverRollsBackOnTimeout: boolean;
  readonly maxPacketBytes: number;
  /** Prefix of advisory lock names; undefined when neither options nor connection name one. */
  readonly lockNamespace: string | undefined;
}

type Work<T> = (session: DbSession) => Promise<T>;

/** A rollback that takes longer is left to the server: the connection is destroyed. */
const ROLLBACK_TIMEOUT_MS = 5_000;
/** A session's `timeoutMs` leaves its COMMIT at least this long, since cutting it off would leave its outcome unknown. */
const LEAST_COMMIT_MS = 5_000;

/** acquire -> before -> begin -> work -> commit | rollback -> cleanups -> after -> give back -> hooks. */
export function runSession<T>(
  environment: SessionEnvironment,
  options: ResolvedSessionOptions,
  work: Work<T>,
  bracket: ConnectionBracket | undefined,
): Promise<T> {
  const deadline = new SessionDeadline(options);
  deadline.requireTime();
  const { source } = environment;
  const run = (connection: SessionConnection): Promise<T> =>
    new SessionRun(environment, options, deadline, connection).run(work, bracket);
  const spare = source.takeSpare();
  return spare === undefined ? source.acquire(deadline.remainingMs, options.signal).then(run) : run(spare);
}

class SessionRun {
  private readonly transaction: SessionTransaction;
  private readonly internals: SessionInternals;
  private readonly writes: WriteLog;
  private readonly bounds: TransactionBounds;
  private readonly marker: CommitMarker | undefined;
  private outcome: 'committed' | 'rolled_back' | 'unknown' = 'rolled_back';
  private callOff: (() => void) | undefined;
  /** Rejects what the callback is waited for with. */
  private interrupt: ((reason: unknown) => void) | undefined;

  constructor(
    private readonly environment: SessionEnvironment,
    private readonly options: ResolvedSessionOptions,
    private readonly deadline: SessionDeadline,
    private readonly connection: SessionConnection,
  ) {
    const { source, metrics, serverRollsBackOnTimeout, maxPacketBytes, lockNamespace } = environment;
    const { abortOnLockTimeout, isolation, lockWaitMs, bigints } = options;
    const rules = { abortOnLockTimeout, serverRollsBackOnTimeout, maxPacketBytes, bigints, metrics };
    this.writes = new WriteLog(metrics);
    this.marker = options.trackOutcome ? environment.markers.create() : undefined;
    this.bounds = new TransactionBounds(connection, options, environment.options.defaults, source.chains);
    this.transaction = new SessionTransaction(connection, rules, this.writes);
    const openRunner = (): QueryRunner => source.runnerOn(connection);
    this.internals = new SessionInternals(this.transaction, openRunner, metrics, {
      isolation,
      lockWaitMs,
      lockNamespace,
      pool: source.poolIdentity,
    });
  }

  async run<T>(work: Work<T>, bracket: ConnectionBracket | undefined): Promise<T> {
    const { hooks } = this.transaction;
    const { onHookError } = this.environment.options;
    try {
      if (this.deadline.isSet) this.watchDeadline();
      this.deadline.requireTime();
      if (bracket !== undefined) await this.enter(bracket);
      const result = await this.upToCommit(work);
      await this.commit();
      return result;
    } finally {
      if (this.internals.needsCleanUp && this.connection.lost === undefined) await this.internals.cleanUp(onHookError);
      this.end();
      if (!hooks.isEmpty) await hooks.run(this.outcome, onHookError);
    }
  }

  private async enter(bracket: ConnectionBracket): Promise<void> {
    await bracket.before(this.connection);
    this.internals.beforeRelease((connection) => bracket.after(connection));
  }

  private end(): void {
    const { source, metrics } = this.environment;
    this.callOff?.();
    this.transaction.close('closed');
    source.giveBack(this.connection);
    this.writes.record(this.outcome === 'committed' ? 'success' : 'error');
    metrics.add(DB_SESSIONS_TOTAL, { outcome: this.outcome });
  }

  private async upToCommit<T>(work: Work<T>): Promise<T> {
    try {
      if (this.options.lockWaitMs !== this.environment.options.defaults.lockWaitMs) await this.changeLockWait();
      if (!this.bounds.hasBegun) await this.bounds.begin();
      this.requireCommittable();
      const result = await this.callback(work);
      const settling = this.settle();
      if (settling !== undefined) await settling;
      return result;
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  private async changeLockWait(): Promise<void> {
    const { dialect } = this.connection;
    const { lockWaitMs } = this.environment.options.defaults;
    const usualMs = this.connection.statementTimeoutMs;
    const isPatient = usualMs > 0 && this.options.lockWaitMs >= usualMs;
    await this.connection.query(dialect.lockWait(this.options.lockWaitMs));
    // else the statement would be ended before its wait
    if (isPatient) await this.connection.limitStatements(this.options.lockWaitMs + 1_000);
    this.internals.beforeRelease(async (connection) => {
      await connection.query(dialect.lockWait(lockWaitMs));
      if (isPatient) await connection.limitStatements(usualMs);
    });
  }

  private callback<T>(work: Work<T>): Promise<T> {
    const session = new DbSession(this.transaction, this.internals);
    const running = inScope(this.transaction, () => work(session));
    if (!this.deadline.isSet) return running;
    return new Promise((resolve, reject) => {
      this.interrupt = reject;
      Promise.resolve(running).then(resolve, reject);
    });
  }

  /** The callback is done: nothing may be left of it, and nothing may have ended the transaction. */
  private settle(): Promise<void> | undefined {
    const pending = this.quiet();
    return pending === 0 ? this.seal(0) : pending.then((unawaited) => this.seal(unawaited));
  }

  private seal(unawaited: number): Promise<void> | undefined {
    const count = this.transaction.savepoints.depth + unawaited;
    if (count > 0) throw new UnawaitedStatementsError(count);
    this.requireCommittable();
    return this.marker && this.environment.markers.write(this.marker, this.transaction);
  }

  /** Takes no more statements and waits for those on their way: how many there were. */
  private quiet(): Promise<number> | 0 {
    this.transaction.close('closing');
    this.writes.end();
    return this.transaction.whenIdle();
  }

  private requireCommittable(): void {
    const reason = this.transaction.abortedBy;
    if (reason instanceof SessionTimeoutError || reason instanceof SessionAbortedError) throw reason;
    if (reason !== undefined) throw new SessionAbortedError('COMMIT', reason);
  }

  private async commit(): Promise<void> {
    this.callOff?.();
    const limit = this.limitCommit();
    try {
      const reply = await this.connection.send(this.bounds.ending('COMMIT'));
      this.bounds.ended('COMMIT', reply);
      this.outcome = 'committed';
    } catch (error) {
      const failure = translateCommitError(error, this.connection.dialect, this.bounds.isChained);
      this.connection.taint('COMMIT failed');
      if (!(failure instanceof CommitOutcomeUnknownError)) throw failure;
      await this.findOut(failure);
    } finally {
      clearTimeout(limit);
    }
  }

  /** Returns when the transaction turns out to be committed. */
  private async findOut(failure: CommitOutcomeUnknownError): Promise<void> {
    this.outcome = 'unknown';
    if (this.marker === undefined) throw failure;
    this.outcome = await this.environment.markers.outcomeOf(this.marker, this.connection, failure);
    if (this.outcome === 'rolled_back') throw rolledBackAtCommit(failure);
  }

  private limitCommit(): NodeJS.Timeout | undefined {
    const { timeoutMs } = this.options;
    if (timeoutMs === undefined) return undefined;
    const ms = Math.min(MAX_TIMER_MS, Math.max(LEAST_COMMIT_MS, this.deadline.remainingMs));
    return setTimeout(() => this.connection.destroy(new SessionTimeoutError(timeoutMs)), ms);
  }

  /** Never throws: the error on its way out matters more, and a connection in doubt is destroyed. */
  private async rollback(): Promise<void> {
    await this.quiet();
    if (this.connection.lost !== undefined) return;
    try {
      const rollback = this.connection.query(this.bounds.ending('ROLLBACK'));
      const expired = (): DbError => new SessionTimeoutError(ROLLBACK_TIMEOUT_MS);
      this.bounds.ended('ROLLBACK', await withDeadline(rollback, ROLLBACK_TIMEOUT_MS, expired));
    } catch (error) {
      this.connection.destroy(error as DbError);
    }
  }

  private watchDeadline(): void {
    this.callOff = this.deadline.watch((reason) => {
      this.transaction.abort(reason);
      // a statement in flight cannot be called back; ending its connection makes the server undo all of it
      if (this.connection.isBusy) this.connection.destroy(reason);
      this.interrupt?.(reason);
    });
  }
}
