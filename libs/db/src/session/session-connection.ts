import type { PoolConnection } from 'mysql2';
import type { QueryRunner } from 'typeorm';
import { ConnectionLostError, type DbError } from '../db.errors.js';
import type { SqlDialect } from '../dialect/sql-dialect.js';
import { translate } from './driver-error.js';
import { isInTransaction, type Reply, toReply } from './server-reply.js';
import { UnansweredStatements } from './unanswered-statements.js';

/** The server that a connection was opened to, and when. */
export interface ConnectionHome {
  /** Host and port as the server itself names them. */
  readonly server: string;
  /** On the clock of `performance.now()`, not before the connection was open. */
  readonly openedAt: number;
}

/**
 * One physical connection of the pool, lent to one session at a time. Statements go to it as finished text. Whatever leaves
 * its state in doubt marks it, and a marked connection is destroyed instead of returned.
 */
export class SessionConnection {
  /** A transaction of the default kind is open, and nothing has happened in it. */
  isBegun = false;
  private readonly unanswered: UnansweredStatements;
  /** The server ends statements that take longer than it does for strangers. */
  private isLimited = false;
  private lostWith: DbError | undefined;
  private doubt: string | undefined;
  private knownHome: ConnectionHome | undefined;
  private lostListener: ((error: DbError) => void) | undefined;
  private abandonedListener: (() => void) | undefined;
  /** Has the driver send the text as it is: without values it looks for no placeholders, but for named ones if told to. */
  readonly noValues: [] | null;
  private limitMs: number;

  /** @param usualLimitMs see `statementTimeoutMs` */
  constructor(
    /** The driver's own; whoever uses it answers for the state it is in. */
    readonly driverConnection: PoolConnection,
    readonly dialect: SqlDialect,
    private readonly usualLimitMs: number,
  ) {
    this.limitMs = usualLimitMs;
    this.unanswered = new UnansweredStatements(usualLimitMs, () => this.fallSilent());
    this.noValues = driverConnection.config.namedPlaceholders === true ? [] : null;
    driverConnection.on('error', (error: unknown) => this.lose(translate(error, dialect)));
    driverConnection.on('end', () => this.lose(new ConnectionLostError()));
  }

  /** Where its number means this connection; unknown behind a proxy that gives numbers of its own. */
  get home(): ConnectionHome | undefined {
    return this.knownHome;
  }

  settle(home: ConnectionHome): void {
    this.knownHome = home;
  }

  /** The server's number of this connection, as in its process list. */
  get threadId(): number {
    return this.driverConnection.threadId;
  }

  /** Longest a statement may take; the server ends it then, and a connection silent for longer is taken for dead. 0: no limit. */
  get statementTimeoutMs(): number {
    return this.limitMs;
  }

  /** True while a statement is unanswered. */
  get isBusy(): boolean {
    return !this.unanswered.isEmpty;
  }

  /** Set once the connection is known to be broken or was destroyed. */
  get lost(): DbError | undefined {
    return this.lostWith;
  }

  /** Runs finished SQL text, library statements only: nothing is checked. Rejects with a `DbError`. */
  async query(text: string): Promise<Reply> {
    try {
      return await this.send(text);
    } catch (error) {
      throw translate(error, this.dialect);
    }
  }

  /** As `query`, but rejects with the driver's own error, which may hold the text. Never let it out untranslated. */
  send(text: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.lostWith !== undefined) {
        reject(this.lostWith);
        return;
      }
      this.unanswered.add(reject);
      this.driverConnection.query(text, this.noValues, (error, result, fields) => {
        this.unanswered.remove(reject);
        if (error) reject(error);
        else resolve(toReply(result, fields));
      });
    });
  }

  /** Counts `work`, which talks to the server past this object, as an unanswered statement. */
  track<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.lostWith !== undefined) {
        reject(this.lostWith);
        return;
      }
      this.unanswered.add(reject);
      work()
        .then(resolve, reject)
        .finally(() => this.unanswered.remove(reject));
    });
  }

  /** As `track`, for rows whose reader takes as long as he likes: no limit holds but the server's own. */
  trackStream(work: () => Promise<void>): Promise<void> {
    return this.unanswered.whileStreaming(() => this.track(() => this.withoutLimit(work)));
  }

  private async withoutLimit(work: () => Promise<void>): Promise<void> {
    if (!this.isLimited) return work();
    const lifted = this.query(this.dialect.statementLimit(0));
    try {
      await Promise.all([lifted, work()]);
    } finally {
      // in its place before whatever follows, and nobody has to wait for the answer
      this.query(this.dialect.statementLimit(this.limitMs)).catch(() => this.taint('its time limit was not set'));
    }
  }

  /** The connection will be destroyed, not reused, when its session gives it back. */
  taint(reason: string): void {
    this.doubt ??= reason;
  }

  /** Calls `listener` once if the connection breaks while it is lent. */
  onLost(listener: (error: DbError) => void): void {
    this.lostListener = listener;
    if (this.lostWith !== undefined) listener(this.lostWith);
  }

  /** Calls `listener` when the connection is destroyed while the server still runs a statement of it. */
  onAbandoned(listener: () => void): void {
    this.abandonedListener = listener;
  }

  /** Ends the connection now; statements still unanswered reject with `reason`. */
  destroy(reason: DbError): void {
    if (this.lostWith === undefined && this.isBusy) this.abandonedListener?.();
    this.lostWith ??= reason;
    // the socket, and no farewell: half-open peers do not answer one, and what waits in the driver behind the statement in
    // flight, like the end of its pool, is told only of a connection that it did not destroy itself
    (this.driverConnection as unknown as { readonly stream: { destroy(): void } }).stream.destroy();
    this.unanswered.rejectAll(reason);
  }

  /** True when the next session may have it. */
  get isSound(): boolean {
    if (this.isBusy) this.doubt ??= 'a statement is still running';
    return this.doubt === undefined && this.lostWith === undefined;
  }

  /** Ends what is in doubt or broken. */
  discard(): void {
    this.destroy(this.lostWith ?? new ConnectionLostError(`The connection was given up: ${this.doubt ?? 'unused'}.`));
  }

  /** Nobody is told any more when it breaks. */
  detach(): void {
    this.lostListener = undefined;
  }

  /** Has `runner` talk to this connection. */
  lendTo(runner: QueryRunner): void {
    Object.assign(runner, { databaseConnection: this.driverConnection });
  }

  /** To the pool, as it is. */
  release(): void {
    this.driverConnection.release();
  }

  /** Ends the transaction that the session before has begun. */
  async leaveTransaction(): Promise<void> {
    if (this.isBegun) await this.query('ROLLBACK');
    this.isBegun = false;
  }

  /** Other than the usual time for statements, until the next reset. */
  async limitStatements(ms: number): Promise<void> {
    this.isLimited = true;
    this.allow(ms);
    await this.query(this.dialect.statementLimit(ms));
  }

  /** Undoes whatever was set on the connection, the library's own settings too. */
  reset(): Promise<void> {
    this.isLimited = false;
    this.allow(this.usualLimitMs);
    return this.track(
      () =>
        new Promise((resolve, reject) => this.driverConnection.reset((error) => (error ? reject(error) : resolve()))),
    );
  }

  /**
   * Undoes what somebody else has left open, which nobody may commit. With `limits` the server limits the time of statements from
   * now on: not before, since a stranger's migration may need more. With `begins` a transaction is open then, for the first session.
   */
  async takeFromPool({ limits, begins }: { readonly limits: boolean; readonly begins: boolean }): Promise<void> {
    this.isLimited = limits && this.usualLimitMs > 0;
    const limit = this.isLimited ? [this.dialect.statementLimit(this.usualLimitMs)] : [];
    const texts = ['ROLLBACK', ...limit, ...(begins ? [this.dialect.startTransaction(false)] : [])];
    const replies = await Promise.all(texts.map((text) => this.query(text)));
    this.isBegun = begins && isInTransaction(replies.at(-1) as Reply);
  }

  /** Undoes what `takeFromPool` did, and releases. Never rejects: where that fails the connection is destroyed. */
  async returnToPool(): Promise<void> {
    try {
      const unlimited = this.isLimited ? this.query(this.dialect.statementLimit(0)) : undefined;
      await Promise.all([this.leaveTransaction(), unlimited]);
    } catch {
      this.taint('it could not be handed back');
    }
    if (this.isSound) this.release();
    else this.discard();
  }

  private lose(error: DbError): void {
    if (this.lostWith !== undefined) return;
    this.lostWith = error;
    this.unanswered.rejectAll(error);
    this.lostListener?.(error);
  }

  private allow(ms: number): void {
    this.limitMs = ms;
    this.unanswered.limit(ms);
  }

  /** Nothing has come from the server for as long as a statement may take. */
  fallSilent(): void {
    this.destroy(new ConnectionLostError(`The database did not answer within ${this.limitMs} ms.`));
  }
}
