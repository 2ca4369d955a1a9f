import { type BackgroundLogger, ConditionLog } from '@safesync/core';
import type { DatabaseGate } from '../delivery/database-gate.js';
import type { DeliverySlots } from './delivery-slots.js';
import type { Ordering } from './order/ordering.js';
import type { PauseSwitch } from './pause-switch.js';
import type { PrefetchBudget } from './prefetch-budget.js';
import type { RateLimiter } from './rate-limiter.js';
import { MAX_WAITING, type RetrySchedule } from './retry-schedule.js';

export interface ReadingRoomParts {
  readonly stream: { readonly stream: string; readonly group: string };
  readonly gate: Pick<DatabaseGate, 'opened'>;
  readonly pause: Pick<PauseSwitch, 'whenRoom'>;
  readonly slots: Pick<DeliverySlots, 'hungry' | 'wanted'>;
  readonly limiter: Pick<RateLimiter, 'fetchable' | 'whenFetchable'> | undefined;
  readonly retries: Pick<RetrySchedule, 'hasRoom' | 'room'>;
  readonly budget: PrefetchBudget;
  /** Only where the handler orders. */
  readonly ordering: Pick<Ordering, 'room'> | undefined;
  readonly logger: BackgroundLogger;
}

/** Whether, and how many, entries are wanted: by slots, by bytes, by what waits already. */
export class ReadingRoom {
  private readonly retriesFull: ConditionLog;

  constructor(private readonly parts: ReadingRoomParts) {
    const { stream, group } = parts.stream;
    this.retriesFull = new ConditionLog(parts.logger, `Reading of stream "${stream}", group "${group}"`);
  }

  /** Resolves with how many a read should bring, at least one, or with anything when `signal` aborts. */
  async demand(signal: AbortSignal): Promise<number> {
    const { gate, ordering, slots } = this.parts;
    await gate.opened(signal);
    if (ordering) await ordering.room(signal);
    await this.roomForRetries(signal);
    await this.forWork(signal);
    return Math.max(1, this.fitting(slots.wanted));
  }

  /** Resolves when something could be started, or when `signal` aborts. */
  forWork(signal: AbortSignal): Promise<void> {
    return this.parts.pause.whenRoom(this.startable, signal);
  }

  /** As many of `count` as may start, as far as permits and bytes say: what may not is better left where it is. */
  fitting(count: number): number {
    const { limiter, budget } = this.parts;
    return budget.fitting(limiter ? Math.min(count, limiter.fetchable) : count);
  }

  /** `forWork`, whether the group is paused or not. */
  readonly startable = async (signal: AbortSignal): Promise<void> => {
    const { slots, budget, limiter } = this.parts;
    await slots.hungry(signal);
    if (limiter) await limiter.whenFetchable(signal);
    if (!budget.hasRoom) await budget.room(signal);
  };

  /** Reading that stands still for want of room looks like an idle stream, so it is said. */
  private async roomForRetries(signal: AbortSignal): Promise<void> {
    const { retries } = this.parts;
    if (retries.hasRoom) return;
    this.retriesFull.began(
      `${MAX_WAITING} messages wait for a retry`,
      'nothing new is read until some have been delivered',
    );
    await retries.room(signal);
    if (!signal.aborted) this.retriesFull.ended('new messages are read again');
  }
}
