import { OptionFaults } from '@safesync/core';
import { type PayloadLimits, resolveLimits } from '../message/payload-limits.js';

/** What a `QueueConfig` is made of. */
export interface QueueConfigInput {
  readonly streamKey: string;
  readonly consumerGroup: string;
  /** Unique among the live processes of the group: two with one name receive each other's pending messages. */
  readonly consumerName: string;
  /** How long a message is left unacknowledged before `claimStale` takes it, in ms. Default 60 000. */
  readonly claimIdleMs?: number;
  /** How long `next` waits for a message, in ms. Default 5 000. */
  readonly blockMs?: number;
  /** `claimStale` leaves messages of this consumer's own name alone. Default false. */
  readonly claimSkipOwnMessages?: boolean;
  /** What a payload may be, on enqueue and on read. */
  readonly limits?: Partial<PayloadLimits>;
}

/** Whose messages a low-level queue reads, and how. Frozen; throws `InvalidOptionsError` with every fault at once. */
export class QueueConfig {
  readonly streamKey: string;
  readonly consumerGroup: string;
  readonly consumerName: string;
  readonly claimIdleMs: number;
  readonly blockMs: number;
  readonly claimSkipOwnMessages: boolean;
  readonly limits: PayloadLimits;

  constructor(input: QueueConfigInput) {
    this.streamKey = input.streamKey;
    this.consumerGroup = input.consumerGroup;
    this.consumerName = input.consumerName;
    this.claimIdleMs = input.claimIdleMs ?? 60_000;
    this.blockMs = input.blockMs ?? 5_000;
    this.claimSkipOwnMessages = input.claimSkipOwnMessages ?? false;
    this.check();
    this.limits = resolveLimits(input.limits);
    Object.freeze(this);
  }

  private check(): void {
    const faults = new OptionFaults('QueueConfig');
    for (const name of ['streamKey', 'consumerGroup', 'consumerName'] as const) {
      faults.require(typeof this[name] === 'string' && this[name] !== '', `${name} must be a text that is not empty`);
    }
    faults.require(!(this.blockMs <= 0), 'block_ms must be > 0; Redis interprets 0 as infinite blocking');
    faults.require(this.blockMs <= 0 || Number.isSafeInteger(this.blockMs), 'blockMs must be an integer');
    faults.integer('claimIdleMs', this.claimIdleMs, 0);
    faults.throwIfAny();
  }
}
