import { withDeadline } from '@safesync/core';
import { LeaseExpiredError } from '../db.errors.js';
import { outOfScope } from '../session/session-scope.js';
import type { LeaseGrant, LeaseStore } from './lease-store.js';

/** A lease that is renewed until it is released or lost. */
export class HeldLease {
  private timer: NodeJS.Timeout | undefined;
  /** Until then nobody else can have it, on the clock of this process. */
  private safeUntil: number;
  private isOver = false;
  private renewing: Promise<void> = Promise.resolve();

  /**
   * @param takenAt before the lease was asked for, on the clock of `performance.now()`
   * @param onLost told once when the lease is not, or may not be, held any more
   */
  constructor(
    private readonly store: LeaseStore,
    readonly grant: LeaseGrant,
    private readonly key: string,
    takenAt: number,
    private readonly onLost: (error: LeaseExpiredError) => void,
  ) {
    this.safeUntil = takenAt + grant.ttlMs;
    this.schedule();
  }

  /** No more renewals; the lease lasts for what is left of it. Resolves when none is on its way. */
  stop(): Promise<void> {
    this.isOver = true;
    clearTimeout(this.timer);
    return this.renewing;
  }

  get expired(): LeaseExpiredError {
    return new LeaseExpiredError(this.key, this.grant.ttlMs);
  }

  private schedule(): void {
    // a loss must be noticed when it happens, not at the next renewal
    const leftMs = Math.ceil(this.safeUntil - performance.now());
    this.timer = setTimeout(() => outOfScope(() => this.turn()), Math.max(0, Math.min(this.grant.ttlMs / 3, leftMs)));
  }

  private turn(): void {
    if (performance.now() >= this.safeUntil) this.lose();
    else this.renewing = this.renew();
  }

  private async renew(): Promise<void> {
    const sentAt = performance.now();
    try {
      const limit = Math.max(0, this.safeUntil - sentAt);
      const isHeld = await withDeadline(this.store.renew(this.grant), limit, () => this.expired);
      if (isHeld) this.safeUntil = sentAt + this.grant.ttlMs;
      else this.safeUntil = 0;
    } catch {
      // the database is away: tried again while the lease lasts
    }
    if (this.isOver) return;
    if (performance.now() < this.safeUntil) this.schedule();
    else this.lose();
  }

  private lose(): void {
    this.isOver = true;
    this.onLost(this.expired);
  }
}
