import type { RedisStream } from '../stream/redis-stream.js';
import { LeaseLostError } from './delivery.errors.js';
import type { HeldEntry } from './held-entry.js';

export interface LeaseTimes {
  /** An entry idle for longer may be claimed even from a living consumer. */
  readonly claimIdleMs: number;
  /** A consumer silent for longer counts as dead. */
  readonly livenessMs: number;
}

/**
 * Keeps held entries from being claimed, and notices when one was. Within `claimIdleMs` of its last renewal and `livenessMs` of
 * this consumer's last sign of life nobody can have claimed an entry, so Redis is asked only outside of that.
 */
export class LeaseKeeper {
  private aliveAt: number | undefined;
  /** Leases from before this moment were unprotected for a while: this consumer may have counted as dead. */
  private doubtfulBefore = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly stream: Pick<RedisStream, 'renew'>,
    private readonly times: LeaseTimes,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** How often held entries have to be looked through. */
  get intervalMs(): number {
    return Math.max(1, Math.floor(this.times.claimIdleMs / 3));
  }

  /** This consumer gave a sign of life by a call that was sent at `sentAt` and is answered now. */
  confirmAlive(sentAt: number): void {
    const now = this.now();
    if (this.isSilentAt(now)) this.doubtfulBefore = now;
    this.aliveAt = sentAt;
  }

  /** Renews one lease now. False: another consumer has the entry; its delivery is interrupted. */
  async renew(held: HeldEntry): Promise<boolean> {
    await this.renewAll([held]);
    return held.interruption !== 'leaseLost';
  }

  /** Renews what has not been renewed for a third of `claimIdleMs`; entries of which only the acknowledgement is missing too. */
  async renewAged(entries: Iterable<HeldEntry>): Promise<void> {
    const isAged = (held: HeldEntry): boolean =>
      held.state !== 'moving' && !held.isCountUncertain && this.now() - held.leasedAt >= this.intervalMs;
    const aged = [...entries].filter(isAged);
    if (aged.length > 0) await this.renewAll(aged);
  }

  /** To be called before a commit: throws `LeaseLostError` when another consumer has the entry. */
  confirm(held: HeldEntry): Promise<void> | undefined {
    if (held.interruption === 'leaseLost') throw new LeaseLostError(held.id);
    return this.isDoubtful(held) ? this.renewOrThrow(held) : undefined;
  }

  /** Somebody may have claimed it since its last renewal. */
  private isDoubtful(held: HeldEntry): boolean {
    const now = this.now();
    const isOld = held.leasedAt < this.doubtfulBefore || now - held.leasedAt >= this.times.claimIdleMs;
    return isOld || this.isSilentAt(now);
  }

  /** `renew` for entries that share a transaction. False: another consumer has one of them. */
  async renewTogether(entries: readonly HeldEntry[]): Promise<boolean> {
    await this.renewAll(entries);
    return entries.every(({ interruption }) => interruption !== 'leaseLost');
  }

  /** `confirm` for entries that share a transaction: throws `LeaseLostError` when another consumer has one of them. */
  async confirmTogether(entries: readonly HeldEntry[]): Promise<void> {
    const doubtful = entries.filter((held) => this.isDoubtful(held));
    if (doubtful.length > 0) await this.renewAll(doubtful);
    const lost = entries.find(({ interruption }) => interruption === 'leaseLost');
    if (lost) throw new LeaseLostError(lost.id);
  }

  /** Before its first sign of life too: a process before it may have left its name behind, counting as dead. */
  private isSilentAt(now: number): boolean {
    return this.aliveAt === undefined || now - this.aliveAt >= this.times.livenessMs;
  }

  private async renewOrThrow(held: HeldEntry): Promise<void> {
    if (!(await this.renew(held))) throw new LeaseLostError(held.id);
  }

  private async renewAll(entries: readonly HeldEntry[]): Promise<void> {
    const sentAt = this.now();
    // the delivery that is renewed: the entry may be delivered again before the answer is here
    const deliveries = entries.map(({ id, deliveryCount }) => ({ id, deliveryCount }));
    const outcomes = await this.stream.renew(deliveries);
    entries.forEach((held, index) => {
      if (outcomes[index] === 'done') held.leasedAt = sentAt;
      else if (held.deliveryCount === deliveries[index]?.deliveryCount) held.interrupt('leaseLost');
    });
  }
}
