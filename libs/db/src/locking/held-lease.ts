import { withDeadline } from '@safesync/core';
import { LeaseExpiredError } from '../db.errors.js';
import type { LeaseGrant, LeaseStore } from './lease-store.js';

/** A lease that is renewed until it is released or lost. */
export class HeldLease {
  private timer: NodeJS.Timeout | undefined;
  /** Until then nobody else can have it, on the clock of this process. */
  private safeUntil: number;
  private isOver = false;

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

  /** No more renewals; the lease lasts for what is left of it. */
  stop(): void {
    this.isOver = true;
    clearTimeout(this.timer);
  }

  get expired(): LeaseExpiredError {
    return new LeaseExpiredError(this.key, this.grant.ttlMs);
  }

  private schedule(): void {
    this.timer = setTimeout(() => void this.renew(), this.grant.ttlMs / 3);
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
    this.stop();
    this.onLost(this.expired);
  }
}
