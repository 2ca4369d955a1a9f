import type { MetricsRecorder } from '@safesync/core';
import type { EntityManager, QueryRunner } from 'typeorm';
import type { SqlDialect } from '../dialect/sql-dialect.js';
import { guardedManager } from './entity-manager.seam.js';
import type { Reply, SessionConnection } from './session-connection.js';
import type { SessionTransaction } from './session-transaction.js';

/** Work on a connection after its transaction ended and before it goes back to the pool. */
export type Cleanup = (connection: SessionConnection) => Promise<void>;

/** The seam between a session and the locks and writes of this library. Applications use `DbSession`. */
export class SessionInternals {
  private guarded: EntityManager | undefined;
  private readonly cleanups: Cleanup[] = [];
  private lockWaitChanged = false;

  constructor(
    private readonly transaction: SessionTransaction,
    private readonly runner: QueryRunner,
    readonly metrics: MetricsRecorder,
    private readonly defaultLockWaitMs: number,
  ) {}

  get dialect(): SqlDialect {
    return this.transaction.connection.dialect;
  }

  get connection(): SessionConnection {
    return this.transaction.connection;
  }

  /** Built at first use: sessions that need no entities pay nothing for it. */
  manager(): EntityManager {
    this.guarded ??= guardedManager(this.runner, this.transaction);
    return this.guarded;
  }

  /** Runs SQL of the library's own under the session's guard, but without reading it: what it does to the connection is known. */
  async query(method: string, text: string): Promise<Reply> {
    this.transaction.requireUsable(method);
    return this.transaction.control(text);
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
        await this.query('lockWait', dialect.lockWait(this.defaultLockWaitMs));
        this.lockWaitChanged = false;
      }
    }
  }

  /** Undoes what the session left on its connection; true when all of it worked. */
  async cleanUp(onError: (error: unknown) => void): Promise<void> {
    if (this.lockWaitChanged) this.connection.taint('its lock wait was changed');
    for (const cleanup of this.cleanups.reverse()) {
      try {
        await cleanup(this.connection);
      } catch (error) {
        this.connection.taint('a cleanup failed');
        onError(error);
      }
    }
  }
}
