import { BackgroundLoop, sleep } from '@safesync/core';
import { HeldLease } from './held-lease.js';
import type { LeaseGrant, LeaseStore } from './lease-store.js';

/** What the leader's work may know. */
export interface Leadership {
  /** Aborts when the lease is lost or the election is stopped: end soon, somebody else leads. */
  readonly signal: AbortSignal;
  /** Fencing token; see `Lease`. */
  readonly token: string;
}

export interface LeaderElectionParts {
  readonly key: string;
  readonly name: string;
  readonly ttlMs: number;
  readonly store: LeaseStore;
  readonly work: (leadership: Leadership) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Among all processes with one key, at most one leads; `work` runs while this one does. */
export class LeaderElection {
  private readonly loop: BackgroundLoop;
  private leading = false;

  constructor(private readonly parts: LeaderElectionParts) {
    this.loop = new BackgroundLoop({
      name: `Leader election "${parts.key}"`,
      turn: (signal) => this.turn(signal),
      onError: parts.onError,
    });
  }

  get isLeader(): boolean {
    return this.leading;
  }

  /** Stands for election from now on. */
  start(): void {
    this.loop.start();
  }

  /** Aborts the work's signal, waits for the work to end, and frees the lease, so that another can lead at once. */
  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async turn(signal: AbortSignal): Promise<void> {
    const { store, name, ttlMs } = this.parts;
    const takenAt = performance.now();
    const grant = await store.tryAcquire(name, ttlMs);
    if (grant === undefined) await sleep(ttlMs / 3, signal);
    else await this.lead(grant, takenAt, signal);
  }

  private async lead(grant: LeaseGrant, takenAt: number, signal: AbortSignal): Promise<void> {
    const { store, key, work } = this.parts;
    const ending = new AbortController();
    const end = (reason: unknown): void => {
      this.leading = false;
      ending.abort(reason);
    };
    const stop = (): void => end(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const held = new HeldLease(store, grant, key, takenAt, end);
    this.leading = true;
    try {
      if (signal.aborted) stop();
      else await work({ signal: ending.signal, token: grant.token });
    } finally {
      this.leading = false;
      signal.removeEventListener('abort', stop);
      await held.stop();
      await this.release(grant);
    }
    // work that is done leaves the lead to somebody else for a while
    await sleep(grant.ttlMs / 3, signal);
  }

  /** Where it cannot be released it ends by itself; what the work threw matters more. */
  private async release(grant: LeaseGrant): Promise<void> {
    try {
      await this.parts.store.release(grant);
    } catch (error) {
      this.parts.onError(error);
    }
  }
}
