import { MAX_TIMER_MS, OptionFaults } from '@safesync/core';
import type { SessionOptions } from '../db.options.js';
import { requireLockTimeout } from './advisory-lock.options.js';

/** How long a lease lasts. */
export interface LeaseOptions {
  /**
   * After this long without a renewal the lease is free, in ms of the database's clock. Renewed every third of it while its
   * holder lives. Default 30 000, at least 100. Keep it above the longest pause of the process.
   */
  readonly ttlMs?: number;
}

/** How `LeaseLocks.run` takes its lease and runs its session. */
export interface LeaseLockOptions extends LeaseOptions, Omit<SessionOptions, 'timeoutMs'> {
  /** Longest wait for the lease in ms, behind others of this process included; 0 does not wait. Default 10 000. */
  readonly timeoutMs?: number;
  /** Longest the session may take, in ms. Default: the `timeoutMs` of the module's session defaults, which is no limit. */
  readonly sessionTimeoutMs?: number;
}

export interface ResolvedLeaseLockOptions {
  readonly ttlMs: number;
  readonly timeoutMs: number;
  readonly session: SessionOptions;
}

export function resolveLeaseLockOptions(options: LeaseLockOptions): ResolvedLeaseLockOptions {
  const { ttlMs, timeoutMs = 10_000, sessionTimeoutMs, ...session } = options;
  requireLockTimeout('LeaseLocks.run', 'timeoutMs', timeoutMs);
  return {
    ttlMs: resolveTtl('LeaseLocks.run', { ttlMs }),
    timeoutMs,
    session: sessionTimeoutMs === undefined ? session : { ...session, timeoutMs: sessionTimeoutMs },
  };
}

export function resolveTtl(subject: string, { ttlMs = 30_000 }: { readonly ttlMs?: number | undefined }): number {
  new OptionFaults(subject).integer('ttlMs', ttlMs, 100, MAX_TIMER_MS).throwIfAny();
  return ttlMs;
}
