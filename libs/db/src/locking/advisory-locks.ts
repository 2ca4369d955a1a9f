import { Injectable } from '@nestjs/common';
import { InvalidOptionsError } from '@safesync/core';
import { SessionAbortedError } from '../db.errors.js';
import { DB_LOCK_ACQUIRE_LATENCY } from '../db.metrics.js';
import type { DbSession } from '../session/db-session.js';
import { DbSessions } from '../session/db-sessions.js';
import type { ConnectionBracket } from '../session/session-run.js';
import { requireNoSession } from '../session/session-scope.js';
import { type AdvisoryLockOptions, resolveAdvisoryLockOptions } from './advisory-lock.options.js';
import { KeyMutex } from './key-mutex.js';
import { lockName, requireKey } from './lock-name.js';
import { NamedLock } from './named-lock.js';

/**
 * Locks on a word instead of a row: for what spans tables or has no row yet. The server keeps them for one connection, so the
 * guarded work runs on that very connection: if it breaks, the lock is free and the work cannot be committed.
 *
 * They hold on one server. On Galera, Group Replication with several writers, or behind a proxy that spreads statements, two
 * holders are possible: use a row lock there.
 */
@Injectable()
export class AdvisoryLocks {
  private readonly turns = new KeyMutex();

  constructor(private readonly sessions: DbSessions) {}

  /**
   * Runs `work` in a session that nobody else with the same key runs at the same time: takes the lock, begins, commits or rolls
   * back, and then releases the lock, so that the next holder sees what this one did. Waiting costs one connection per key and
   * process, however many wait.
   *
   * Rejects with `LockTimeoutError` when the wait was too long, `LockAcquisitionError` when the server could not wait,
   * `NestedSessionError` inside a session, and whatever `DbSessions.run` rejects with.
   */
  async run<T>(key: string, options: AdvisoryLockOptions, work: (session: DbSession) => Promise<T>): Promise<T> {
    const { timeoutMs, rawKey, session } = resolveAdvisoryLockOptions(options);
    // before queueing: a nested call would wait for its own outer one
    if (session.independent !== true) requireNoSession();
    const name = nameOf(key, rawKey, this.sessions.lockNamespace);
    const lock = new NamedLock(name, key, timeoutMs);
    const startedAt = performance.now();
    const leave = await this.turns.enter(name, {
      timeoutMs,
      onTimeout: () => lock.timedOut(),
      signal: session.signal,
      onAbort: (reason) => new SessionAbortedError('Waiting for an advisory lock', reason),
    });
    try {
      return await this.sessions.runBracketed(this.bracket(lock, startedAt, leave), work, session);
    } finally {
      leave();
    }
  }

  private bracket(lock: NamedLock, startedAt: number, leave: () => void): ConnectionBracket {
    return {
      before: async (connection) => {
        await lock.acquire({ connection, send: (text) => connection.query(text) }, startedAt);
        const waited = (performance.now() - startedAt) / 1_000;
        this.sessions.metrics.observe(DB_LOCK_ACQUIRE_LATENCY, { strategy: 'advisory' }, waited);
      },
      after: async (connection) => {
        await lock.release(connection);
        // not later: a hook of the session may want the same lock
        leave();
      },
    };
  }
}

/** The server's name for a key. */
export function nameOf(key: string, rawKey: boolean, namespace: string | undefined): string {
  requireKey(key);
  if (rawKey) return key;
  if (namespace === undefined) {
    throw new InvalidOptionsError('Advisory locks', [
      'lockNamespace must be set, since the connection has no database of its own to name the locks after',
    ]);
  }
  return lockName(namespace, key);
}
