import { Injectable } from '@nestjs/common';
import { equalJitter, sleep } from '@safesync/core';
import { type LeaseExpiredError, LockTimeoutError, SessionAbortedError } from '../db.errors.js';
import { DB_LOCK_ACQUIRE_LATENCY } from '../db.metrics.js';
import type { SessionOptions } from '../db.options.js';
import type { DbSession } from '../session/db-session.js';
import { DbSessions } from '../session/db-sessions.js';
import { requireNoSession } from '../session/session-scope.js';
import { nameOf } from './advisory-locks.js';
import { HeldLease } from './held-lease.js';
import { KeyMutex } from './key-mutex.js';
import { LeaderElection, type Leadership } from './leader-election.js';
import { type LeaseLockOptions, type LeaseOptions, resolveLeaseLockOptions, resolveTtl } from './lease-lock.options.js';
import { type LeaseGrant, LeaseStore } from './lease-store.js';

/** What the work of a lease lock may know of its lease. */
export interface Lease {
  readonly key: string;
  /**
   * The fencing token: higher than that of every holder before. Whoever keeps the highest one it has seen and refuses lower ones
   * is safe from a holder that has lost its lease and does not know yet.
   */
  readonly token: string;
}

interface Wait {
  readonly key: string;
  readonly ttlMs: number;
  readonly endsAt: number;
  readonly timedOut: () => LockTimeoutError;
  readonly signal: SessionOptions['signal'];
}

/** First pauses are short: most leases are held for the length of one transaction. */
const POLL = { baseMs: 10, maxMs: 250 };

/**
 * Locks on a word that are a row of the table `safesync_lease`, for where the server's own named locks do not hold: Galera,
 * Group Replication with several writers, a proxy that spreads statements. A holder that stands still for longer than the lease
 * lasts loses it, and its transaction cannot commit.
 *
 * Costs four round trips more than an advisory lock, and who waits asks again and again. On a single server prefer those.
 */
@Injectable()
export class LeaseLocks {
  private readonly turns = new KeyMutex();
  private readonly store: LeaseStore;

  constructor(private readonly sessions: DbSessions) {
    this.store = new LeaseStore(sessions);
  }

  /**
   * Runs `work` in a session that nobody else with the same key runs at the same time. The lease is held, and checked by the
   * database inside the transaction, up to the commit; then it is free. Renewals need a second connection. Rejects with `LockTimeoutError` when the wait was too
   * long, `LeaseExpiredError` when the lease did not last (nothing was committed; the cause of a `SessionAbortedError` when
   * that was noticed while the work ran), `NestedSessionError` inside a session,
   * `SchemaMissingError` without the table, and whatever `DbSessions.run` rejects with.
   */
  async run<T>(
    key: string,
    options: LeaseLockOptions,
    work: (session: DbSession, lease: Lease) => Promise<T>,
  ): Promise<T> {
    const { ttlMs, timeoutMs, session } = resolveLeaseLockOptions(options);
    if (session.independent !== true) requireNoSession();
    const name = nameOf(key, false, this.sessions.lockNamespace);
    const startedAt = performance.now();
    const timedOut = (): LockTimeoutError =>
      new LockTimeoutError(`Lease lock ${JSON.stringify(key.slice(0, 80))} was not free within ${timeoutMs} ms.`);
    const { signal } = session;
    const leave = await this.turns.enter(name, { timeoutMs, onTimeout: timedOut, signal, onAbort: abandoned });
    try {
      const wait: Wait = { key, ttlMs, endsAt: startedAt + timeoutMs, timedOut, signal };
      const taken = await this.acquire(name, wait);
      const waited = (performance.now() - startedAt) / 1_000;
      this.sessions.metrics.observe(DB_LOCK_ACQUIRE_LATENCY, { strategy: 'lease' }, waited);
      return await this.runHolding(key, taken, leave, work, session);
    } finally {
      leave();
    }
  }

  /**
   * Has one process among all that ask for the same key run `work`, and another when that one has stopped or died. Nothing
   * happens before `start()` of what is returned.
   */
  elect(key: string, options: LeaseOptions, work: (leadership: Leadership) => Promise<void>): LeaderElection {
    const ttlMs = resolveTtl('LeaseLocks.elect', options);
    const name = nameOf(key, false, this.sessions.lockNamespace);
    return new LeaderElection({
      key,
      name,
      ttlMs,
      store: this.store,
      work,
      onError: this.sessions.options.onHookError,
    });
  }

  private async acquire(name: string, wait: Wait): Promise<{ grant: LeaseGrant; takenAt: number }> {
    for (let attempt = 1; ; attempt += 1) {
      const takenAt = performance.now();
      const grant = await this.store.tryAcquire(name, wait.ttlMs);
      if (grant !== undefined) return { grant, takenAt };
      const leftMs = wait.endsAt - performance.now();
      if (leftMs <= 0) throw wait.timedOut();
      await sleep(Math.min(leftMs, equalJitter(POLL, attempt)), wait.signal);
      if (wait.signal?.aborted) throw abandoned(wait.signal.reason);
    }
  }

  private async runHolding<T>(
    key: string,
    { grant, takenAt }: { grant: LeaseGrant; takenAt: number },
    leave: () => void,
    work: (session: DbSession, lease: Lease) => Promise<T>,
    options: SessionOptions,
  ): Promise<T> {
    let current: DbSession | undefined;
    let lost: LeaseExpiredError | undefined;
    let isReleased = false;
    const held = new HeldLease(this.store, grant, key, takenAt, (error) => {
      lost = error;
      current?.internals.abort(error);
    });
    try {
      return await this.sessions.run(async (session) => {
        current = session;
        if (lost !== undefined) throw lost;
        session.internals.beforeRelease(async (connection) => {
          await this.store.releaseOn(connection, grant);
          isReleased = true;
          // not later: a hook of the session may want the same lock
          leave();
        });
        const result = await work(session, { key, token: grant.token });
        await held.stop();
        if (!(await this.store.hold(session, grant))) throw held.expired;
        return result;
      }, options);
    } finally {
      await held.stop();
      if (!isReleased) await this.releaseLater(grant);
    }
  }

  /** The connection broke; whoever waits would otherwise wait for the end of the lease. */
  private async releaseLater(grant: LeaseGrant): Promise<void> {
    try {
      await this.store.release(grant);
    } catch (error) {
      this.sessions.options.onHookError(error);
    }
  }
}

function abandoned(reason: unknown): SessionAbortedError {
  return new SessionAbortedError('Waiting for a lease lock', reason);
}
