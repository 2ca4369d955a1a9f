import type { MetricsRecorder } from '@safesync/core';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { IsolationLevel, SqlDialect } from '../dialect/sql-dialect.js';
import type { Statement } from '../sql/statement.js';
import { guardedManager } from './entity-manager.seam.js';
import type { Reply } from './server-reply.js';
import type { SessionConnection } from './session-connection.js';
import type { SessionTransaction, StatementCall } from './session-transaction.js';

/** Work on a connection after its transaction ended and before it goes back to the pool. */
export type Cleanup = (connection: SessionConnection) => Promise<void>;

/** What locks need to know of how the session was opened. */
export interface SessionSettings {
  readonly isolation: IsolationLevel;
  readonly lockWaitMs: number;
  /** Prefix of advisory lock names; undefined when neither options nor connection name one. */
  readonly lockNamespace: string | undefined;
  /** What the connection is one of. */
  readonly pool: object;
}

/** The seam between a session and the locks and writes of this library. Applications use `DbSession`. */
export class SessionInternals {
  private guarded: EntityManager | undefined;
  private readonly cleanups: Cleanup[] = [];
  private lockWaitChanged = false;

  constructor(
    private readonly transaction: SessionTransaction,
    private readonly openRunner: () => QueryRunner,
    readonly metrics: MetricsRecorder,
    private readonly settings: SessionSettings,
  ) {}

  get dialect(): SqlDialect {
    return this.transaction.connection.dialect;
  }

  get connection(): SessionConnection {
    return this.transaction.connection;
  }

  /** Longest text of a statement, in bytes. */
  get maxStatementBytes(): number {
    return this.transaction.maxStatementBytes;
  }

  /** The same object for sessions of the same connections. */
  get pool(): object {
    return this.settings.pool;
  }

  get lockNamespace(): string | undefined {
    return this.settings.lockNamespace;
  }

  /** True when later reads may see the state of an earlier moment: statements ran, at a level that keeps one snapshot. */
  get hasSnapshot(): boolean {
    const { isolation } = this.settings;
    return this.transaction.hasRun && (isolation === 'REPEATABLE READ' || isolation === 'SERIALIZABLE');
  }

  /** Built at first use: sessions that need no entities pay nothing for it. */
  manager(): EntityManager {
    this.guarded ??= guardedManager(this.openRunner(), this.transaction);
    return this.guarded;
  }

  /** Runs SQL of the library's own under the session's guard, but without reading it: what it does to the connection is known. */
  async query(method: string, text: string): Promise<Reply> {
    this.transaction.requireUsable(method);
    return this.transaction.control(text);
  }

  /** Runs one statement as the session's own methods do; `call.send` may add others before anybody else's turn. */
  perform<T>(call: StatementCall, decode: (reply: Reply, statement: Statement) => T): Promise<T> {
    return this.transaction.perform(call, decode);
  }

  /** From now on the session can only roll back; `reason` becomes the cause of what it throws. */
  abort(reason: unknown): void {
    this.transaction.abort(reason);
  }

  /** Adds work for when the transaction has ended, last added first. If it fails, the connection is destroyed. */
  beforeRelease(cleanup: Cleanup): void {
    this.cleanups.push(cleanup);
  }

  /** Runs `work` with another lock wait, rounded up to whole seconds; two statements more. */
  async withLockWait<T>(ms: number, work: () => Promise<T>): Promise<T> {
    const { dialect } = this;
    await this.query('lockWait', dialect.lockWait(ms));
    this.lockWaitChanged = true;
    try {
      return await work();
    } finally {
      if (this.transaction.isUsable) {
        await this.query('lockWait', dialect.lockWait(this.settings.lockWaitMs));
        this.lockWaitChanged = false;
      }
    }
  }

  get needsCleanUp(): boolean {
    return this.lockWaitChanged || this.cleanups.length > 0;
  }

  /** Undoes what the session left on its connection. Never throws: where something fails, the connection is destroyed. */
  async cleanUp(onError: (error: unknown) => void): Promise<void> {
    if (this.lockWaitChanged) this.connection.taint('its lock wait was changed');
    for (const cleanup of this.cleanups.toReversed()) {
      try {
        await cleanup(this.connection);
      } catch (error) {
        this.connection.taint('a cleanup failed');
        onError(error);
      }
    }
  }
}
