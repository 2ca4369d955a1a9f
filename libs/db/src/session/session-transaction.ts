import type { MetricsRecorder } from '@safesync/core';
import {
  ConcurrentUseError,
  type DbError,
  SessionAbortedError,
  SessionClosedError,
  StatementRefusedError,
  StatementTooLargeError,
  TransactionLostError,
  UnawaitedStatementsError,
} from '../db.errors.js';
import { DB_ERRORS_TOTAL } from '../db.metrics.js';
import type { SqlParams } from '../sql/sql-value.js';
import type { Statement } from '../sql/statement.js';
import { statementOf } from '../sql/statement-parser.js';
import { translate } from './driver-error.js';
import { LazyAbortSignal } from './lazy-abort-signal.js';
import { RowReaders } from './row-readers.js';
import { Savepoints } from './savepoints.js';
import { isInTransaction, type Reply, withBigints } from './server-reply.js';
import { type SessionConnection } from './session-connection.js';
import { SessionHooks } from './session-hooks.js';
import { openScope, type SessionScope } from './session-scope.js';
import { StatementQueue } from './statement-queue.js';
import type { WriteLog } from './write-log.js';

/** Codes of errors after which the transaction is gone, or its connection cannot be trusted. */
const FATAL_CODES: ReadonlySet<string> = new Set([
  'DEADLOCK',
  'CONNECTION_LOST',
  'SERVER_READ_ONLY',
  'SESSION_TIMEOUT',
  'STATEMENT_TOO_LARGE',
  'TRANSACTION_LOST',
]);

/** Command byte and query attributes that travel with the text. */
const PACKET_OVERHEAD_BYTES = 64;

/** One statement on its way to the server. */
export interface StatementCall {
  /** The session's method, for errors: `execute`. */
  readonly method: string;
  readonly sql: string;
  readonly params?: SqlParams | undefined;
  /** How it is sent, when not as text only; gets the text, with `params` bound where there are any. */
  readonly send?: (text: string) => Promise<Reply>;
}

/** A statement when all about it is known. */
interface Exchange {
  readonly method: string;
  readonly text: string;
  readonly send: StatementCall['send'];
  readonly statement: Statement | undefined;
}

export interface TransactionRules {
  /** A lock wait that timed out ends the transaction. */
  readonly abortOnLockTimeout: boolean;
  /** The server undoes the whole transaction when a lock wait times out, NOWAIT included. */
  readonly serverRollsBackOnTimeout: boolean;
  /** The server ends a connection that sends more in one statement. */
  readonly maxPacketBytes: number;
  /** BIGINT values are read as bigint. */
  readonly bigints: boolean;
  readonly metrics: MetricsRecorder;
}

/**
 * One open transaction and what may still be done with it. Statements go out one at a time: one that follows a failed one is
 * looked at again before it is sent, since after a deadlock it would run outside of any transaction and stay.
 *
 * States: open -> closing (the callback has ended) -> closed; beside it `abortedBy`, once set, forbids all but the rollback.
 */
export class SessionTransaction implements SessionScope {
  readonly hasTransaction = true;
  readonly hooks = new SessionHooks();
  readonly savepoints = new Savepoints(this);
  readonly readers = new RowReaders();
  private readonly queue = new StatementQueue();
  private readonly controller = new LazyAbortSignal();
  private phase: 'open' | 'closing' | 'closed' = 'open';
  private reason: unknown;
  private enclosing = openScope();
  private ran = false;

  constructor(
    readonly connection: SessionConnection,
    readonly rules: TransactionRules,
    private readonly writes: WriteLog,
  ) {
    connection.onLost((error) => this.abort(error));
  }

  get isOpen(): boolean {
    return this.phase !== 'closed';
  }

  get outer(): SessionScope | undefined {
    return this.enclosing;
  }

  /** True once a statement of the user's was sent. */
  get hasRun(): boolean {
    return this.ran;
  }

  /** The server ends a connection that sends more. */
  get maxStatementBytes(): number {
    return this.rules.maxPacketBytes - PACKET_OVERHEAD_BYTES;
  }

  get isUsable(): boolean {
    return this.phase === 'open' && this.reason === undefined;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Why the transaction can only be rolled back; undefined while it can still commit. */
  get abortedBy(): unknown {
    return this.reason;
  }

  requireUsable(method: string): void {
    if (this.reason !== undefined) throw new SessionAbortedError(method, this.reason);
    if (this.phase !== 'open') throw new SessionClosedError(method);
    if (this.readers.isReading)
      throw new ConcurrentUseError(method, 'rows of a stream of the same session were still being read');
    this.savepoints.requireInside(method);
  }

  /** Runs one statement of the user's. */
  perform<T>(call: StatementCall, decode: (reply: Reply, statement: Statement) => T): Promise<T> {
    try {
      this.requireUsable(call.method);
      const statement = this.admit(call.sql);
      const isBound = call.send !== undefined && call.params === undefined;
      const text = isBound ? call.sql : this.requireFit(statement.bind(call.params));
      this.ran = true;
      const startedAt = performance.now();
      return this.exchange({ method: call.method, text, send: call.send, statement }, (reply) => {
        this.writes.add(statement, startedAt);
        return decode(this.rules.bigints ? withBigints(reply) : reply, statement);
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Runs SQL of the library's own, after those statements already waiting. */
  control(text: string): Promise<Reply> {
    return this.exchange({ method: 'control', text, send: undefined, statement: undefined }, (reply) => reply);
  }

  /** How many statements are unanswered; a promise of that, for when all are answered, unless there are none. */
  whenIdle(): Promise<number> | 0 {
    const idle = this.queue.whenIdle();
    if (this.readers.isReading) return this.stopReader(idle);
    const { draining } = this.readers;
    return draining === 0 || idle === 0 ? idle : idle.then((count) => count - draining);
  }

  /** Nobody may read on, whether or not the server has sent everything. */
  private async stopReader(idle: Promise<number> | 0): Promise<number> {
    const reason = new UnawaitedStatementsError(1);
    this.abort(reason);
    this.connection.destroy(reason);
    return Math.max(1, await idle);
  }

  abort(reason: unknown): void {
    if (this.phase === 'closed' || this.reason !== undefined) return;
    this.reason = reason;
    this.controller.abort(reason);
  }

  /** No new statement is taken from now on. */
  close(phase: 'closing' | 'closed'): void {
    this.phase = phase;
    // else one that outlives those around it would keep them, and they theirs
    if (phase === 'closed') this.enclosing = undefined;
  }

  private admit(sql: string): Statement {
    const statement = statementOf(sql);
    const { refusal, taint } = statement;
    if (refusal !== undefined) {
      throw new StatementRefusedError(statement.verb || 'The statement', refusal.why, refusal.remedy);
    }
    if (taint !== undefined) this.connection.taint(taint);
    return statement;
  }

  /** A statement that is too large would cost the connection, and look like a network that fails again and again. */
  private requireFit(text: string): string {
    const most = this.maxStatementBytes;
    // no character takes more than three bytes for each of its UTF-16 units
    if (text.length * 3 > most && Buffer.byteLength(text) > most) throw new StatementTooLargeError();
    return text;
  }

  private async exchange<T>({ method, text, send, statement }: Exchange, read: (reply: Reply) => T): Promise<T> {
    const turn = this.queue.enter();
    let reply: Reply;
    try {
      if (turn !== undefined) {
        await turn;
        this.requireStillOpen(method);
      }
      reply = await (send === undefined ? this.connection.send(text) : send(text));
      this.requireInTransaction(reply, statement);
    } catch (error) {
      throw this.failed(error, statement);
    } finally {
      this.queue.leave();
    }
    return read(reply);
  }

  /** A statement that waited was accepted when it was called; only an abort since then stops it. */
  private requireStillOpen(method: string): void {
    if (this.reason !== undefined) throw new SessionAbortedError(method, this.reason);
    if (this.phase === 'closed') throw new SessionClosedError(method);
  }

  private requireInTransaction(reply: Reply, statement: Statement | undefined): void {
    if (isInTransaction(reply)) return;
    this.connection.taint('its transaction ended by itself');
    throw new TransactionLostError(statement?.verb ?? 'a statement');
  }

  private failed(error: unknown, statement: Statement | undefined): DbError {
    const failure = translate(error, this.connection.dialect, statement);
    this.rules.metrics.add(DB_ERRORS_TOTAL, { code: failure.code });
    if (this.isFatal(failure.code)) this.abort(failure);
    // a server that became a replica would refuse the next borrower too
    if (failure.code === 'SERVER_READ_ONLY') this.connection.taint('the server is read-only');
    return failure;
  }

  private isFatal(code: string): boolean {
    if (code === 'LOCK_TIMEOUT') return this.rules.abortOnLockTimeout || this.rules.serverRollsBackOnTimeout;
    if (code === 'LOCK_NOT_AVAILABLE') return this.rules.serverRollsBackOnTimeout;
    return FATAL_CODES.has(code);
  }
}
