import { OptionFaults } from '@safesync/core';

/** How many messages a group may start, all its processes together. */
export interface RateLimitOptions {
  /** So many in `perMs`, and so many at once after a pause. */
  readonly messages: number;
  /** In ms. */
  readonly perMs: number;
}

const MAX_MESSAGES = 1_000_000;
const MAX_PER_MS = 86_400_000;
const NAMES = ['messages', 'perMs'];

/** What cannot work is added to `faults`. */
export function requireRateLimit(faults: OptionFaults, given: RateLimitOptions | undefined): void {
  if (given === undefined) return;
  if (typeof given !== 'object' || given === null) {
    faults.require(false, 'rateLimit must be an object');
    return;
  }
  for (const name of Object.keys(given)) {
    faults.require(NAMES.includes(name), `rateLimit.${name} is not an option (${NAMES.join(', ')})`);
  }
  faults.integer('rateLimit.messages', given.messages, 1, MAX_MESSAGES);
  faults.integer('rateLimit.perMs', given.perMs, 1, MAX_PER_MS);
}
