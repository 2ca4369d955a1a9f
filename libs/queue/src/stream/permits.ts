import { expectArray } from './stream-entry.js';

/** What a bucket of permits answered. */
export interface PermitAnswer {
  readonly taken: number;
  /** Left in the bucket for anybody. */
  readonly left: number;
  /** Until the next permit, in ms; 0 while some are left. */
  readonly nextInMs: number;
}

export function parsePermits(reply: unknown): PermitAnswer {
  const [taken, left, nextIn] = expectArray(reply, 'EVALSHA', 'permits');
  return { taken: Number(taken), left: Number(left), nextInMs: Number(nextIn) / 1_000 };
}
