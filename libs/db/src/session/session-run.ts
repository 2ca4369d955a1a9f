import { MAX_TIMER_MS, type MetricsRecorder, withDeadline } from '@safesync/core';
import {
  CommitOutcomeUnknownError,
  SessionAbortedError,
  SessionTimeoutError,
  TransactionLostError,
  UnawaitedStatementsError,
} from '../db.errors.js';
import { DB_SESSIONS_TOTAL } from '../db.metrics.js';
import type { ResolvedDbOptions, ResolvedSessionOptions } from '../db.options.js';
import type { ConnectionSource, Loan } from './connection-source.js';
import { DbSession } from './db-session.js';
import { translateCommitError } from './driver-error.js';
import { isInTransaction, type SessionConnection } from './session-connection.js';
import { SessionDeadline } from './session-deadline.js';
import { SessionInternals } from './session-internals.js';
import { inScope } from './session-scope.js';
import { SessionTransaction } from './session-transaction.js';
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
/** A COMMIT gets at least this long, since cutting it off would leave its outcome unknown. */
const LEAST_COMMIT_MS = 5_000;

/** acquire -> before -> begin -> work -> commit | rollback -> cleanups -> after -> release -> hooks. */
export async function runSession<T>(
  environment: SessionEnvironment,
  options: ResolvedSessionOptions,
  work: Work<T>,
  bracket: ConnectionBracket | undefined,
): Promise<T> {
  const deadline = new SessionDeadline(options);
  deadline.requireTime();
  const loan = await environment.source.acquire(deadline.remainingMs, options.signal);
  return new SessionRun(environment, options, deadline, loan).run(work, bracket);
}

class SessionRun {
  private readonly connection: SessionConnection;
  private readonly transaction: SessionTransaction;
  private readonly internals: SessionInternals;
  private readonly writes: WriteLog;
  private outcome: 'committed' | 'rolled_back' | 'unknown' = 'rolled_back';
  private callOff: (() => void) | undefined;
  private interruption: Promise<never> | undefined;

  constructor(
    private readonly environment: SessionEnvironment,
    private readonly options: ResolvedSessionOptions,
    private readonly deadline: SessionDeadline,
    loan: Loan,
  ) {
    const { metrics, serverRollsBackOnTimeout, maxPacketBytes } = environment;
    const { abortOnLockTimeout } = options;
    this.connection = loan.connection;
    this.writes = new WriteLog(metrics);
    this.transaction = new SessionTransaction(
      this.connection,
      { abortOnLockTimeout, serverRollsBackOnTimeout, maxPacketBytes, metrics },
      this.writes,
    );
    const { isolation, lockWaitMs } = options;
    const settings = { isolation, lockWaitMs, lockNamespace: environment.lockNamespace };
    this.internals = new SessionInternals(this.transaction, loan.runner, metrics, settings);
  }

  async run<T>(work: Work<T>, bracket: ConnectionBracket | undefined): Promise<T> {
    if (this.deadline.isSet) this.watchDeadline();
    try {
      this.deadline.requireTime();
      return await this.bracketed(work, bracket);
    } finally {
      this.callOff?.();
      this.transaction.close('closed');
      this.connection.giveBack();
      this.writes.record(this.outcome === 'committed' ? 'success' : 'error');
      this.environment.metrics.add(DB_SESSIONS_TOTAL, { outcome: this.outcome });
      await this.transaction.hooks.run(this.outcome, this.environment.options.onHookError);
    }
  }

  private async bracketed<T>(work: Work<T>, bracket: ConnectionBracket | undefined): Promise<T> {
    if (bracket === undefined) return this.transact(work);
    await bracket.before(this.connection);
    this.internals.beforeRelease((connection) => bracket.after(connection));
    return this.transact(work);
  }

  private async transact<T>(work: Work<T>): Promise<T> {
    try {
      const result = await this.upToCommit(work);
      await this.commit();
      return result;
    } finally {
      if (this.connection.lost === undefined) await this.internals.cleanUp(this.environment.options.onHookError);
    }
  }

  private async upToCommit<T>(work: Work<T>): Promise<T> {
    try {
      await this.begin();
      this.requireCommittable();
      const result = await this.callback(work);
      await this.settle();
      return result;
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  private async begin(): Promise<void> {
    const { isolation, lockWaitMs, readOnly } = this.options;
    const { defaults } = this.environment.options;
    const { dialect } = this.connection;
    if (lockWaitMs !== defaults.lockWaitMs) {
      await this.connection.query(dialect.lockWait(lockWaitMs));
      this.internals.beforeRelease(async (connection) => {
        await connection.query(dialect.lockWait(defaults.lockWaitMs));
      });
    }
    if (isolation !== defaults.isolation) await this.connection.query(dialect.nextIsolation(isolation));
    const reply = await this.connection.query(dialect.startTransaction(readOnly));
    if (!isInTransaction(reply)) throw new TransactionLostError('START TRANSACTION');
  }

  private callback<T>(work: Work<T>): Promise<T> {
    const session = new DbSession(this.transaction, this.internals);
    const running = inScope(this.transaction, () => work(session));
    return this.interruption === undefined ? running : Promise.race([running, this.interruption]);
  }

  /** The callback is done: nothing may be left of it, and nothing may have ended the transaction. */
  private async settle(): Promise<void> {
    const unawaited = this.transaction.savepoints.depth + (await this.quiet());
    if (unawaited > 0) throw new UnawaitedStatementsError(unawaited);
    this.requireCommittable();
  }

  /** Takes no more statements and waits for those on their way; resolves to how many there were. */
  private quiet(): Promise<number> {
    this.transaction.close('closing');
    this.writes.end();
    const idle = this.transaction.whenIdle();
    // nobody may read on; the error is made only then, since making one costs more than the rest of a session
    if (this.connection.isStreaming) this.connection.destroy(new UnawaitedStatementsError(1));
    return idle;
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
      const reply = await this.connection.send('COMMIT');
      if (isInTransaction(reply)) this.connection.taint('a transaction was open after COMMIT');
      this.outcome = 'committed';
    } catch (error) {
      const failure = translateCommitError(error, this.connection.dialect);
      this.connection.taint('COMMIT failed');
      if (failure instanceof CommitOutcomeUnknownError) this.outcome = 'unknown';
      throw failure;
    } finally {
      clearTimeout(limit);
    }
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
      const expired = (): SessionTimeoutError => new SessionTimeoutError(ROLLBACK_TIMEOUT_MS);
      const reply = await withDeadline(this.connection.query('ROLLBACK'), ROLLBACK_TIMEOUT_MS, expired);
      if (isInTransaction(reply)) this.connection.taint('a transaction was open after ROLLBACK');
    } catch {
      this.connection.taint('ROLLBACK failed');
    }
  }

  private watchDeadline(): void {
    this.interruption = new Promise((_, reject) => {
      this.callOff = this.deadline.watch((reason) => {
        this.transaction.abort(reason);
        // a statement in flight cannot be called back; ending its connection makes the server undo all of it
        if (this.connection.isBusy) this.connection.destroy(reason);
        reject(reason);
      });
    });
    // nobody may be racing it yet, or any more
    this.interruption.catch(() => undefined);
  }
}
