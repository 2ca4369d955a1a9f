import { OptionFaults } from '@safesync/core';
import type { SessionOptions } from '../db.options.js';

/** How `AdvisoryLocks.run` takes its lock and runs its session. */
export interface AdvisoryLockOptions extends Omit<SessionOptions, 'timeoutMs'> {
  /** Longest wait for the lock in ms, behind others of this process included; 0 does not wait. Default 10 000. */
  readonly timeoutMs?: number;
  /**
   * Longest the session may take, in ms: waiting for a connection and for the lock's holder in another process, then the work.
   * Default: the `timeoutMs` of the module's session defaults, which is no limit.
   */
  readonly sessionTimeoutMs?: number;
  /**
   * Uses the key itself as the server's name of the lock: for a key shared with the Python library. Default false: the name
   * carries the namespace and fits the server's rules whatever the key.
   */
  readonly rawKey?: boolean;
}

/** The options sorted by whom they concern. */
export interface ResolvedAdvisoryLockOptions {
  readonly timeoutMs: number;
  readonly rawKey: boolean;
  readonly session: SessionOptions;
}

export function resolveAdvisoryLockOptions(options: AdvisoryLockOptions): ResolvedAdvisoryLockOptions {
  const { timeoutMs = 10_000, sessionTimeoutMs, rawKey = false, ...session } = options;
  requireLockTimeout('AdvisoryLocks.run', 'timeoutMs', timeoutMs);
  return {
    timeoutMs,
    rawKey,
    session: sessionTimeoutMs === undefined ? session : { ...session, timeoutMs: sessionTimeoutMs },
  };
}

/** Refuses waits without end and negative ones, which one server takes for endless and another for an error. */
export function requireLockTimeout(subject: string, name: string, value: unknown): void {
  const isWait = typeof value === 'number' && Number.isFinite(value) && value >= 0;
  new OptionFaults(subject).require(isWait, `${name} must be a finite number >= 0`).throwIfAny();
}
