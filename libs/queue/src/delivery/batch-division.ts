import { isSafeSyncError } from '@safesync/core';
import type { BatchMode } from '../handler/batch.options.js';
import type { DatabaseGate } from './database-gate.js';
import { ConsumerStoppingError, LeaseLostError } from './delivery.errors.js';
import { isDatabaseFault } from './failure-decider.js';
import type { HeldEntry } from './held-entry.js';

/** Halves, down to single messages; or single messages at once, where each had a savepoint and none of them was to blame. */
export function partsAfter(members: readonly HeldEntry[], mode: BatchMode): readonly (readonly HeldEntry[])[] {
  if (mode === 'each') return members.map((held) => [held]);
  const middle = Math.ceil(members.length / 2);
  return [members.slice(0, middle), members.slice(middle)];
}

/** What runs again after an interruption: who was interrupted is taken out when its part begins. */
export function partsWithout(members: readonly HeldEntry[], mode: BatchMode): readonly (readonly HeldEntry[])[] {
  return mode === 'each' ? partsAfter(members, mode) : [members];
}

/** An end of the transaction that no division explains: the database is away, or nobody knows whether it has committed. */
export async function isWholesale(error: unknown, gate: Pick<DatabaseGate, 'ask'>): Promise<boolean> {
  if (isSafeSyncError(error, 'COMMIT_OUTCOME_UNKNOWN')) return true;
  return isDatabaseFault(error) && !(await gate.ask());
}

/** Why an interrupted entry does not run. */
export function stoppedFrom({ id, interruption }: HeldEntry): Error {
  return interruption === 'leaseLost' ? new LeaseLostError(id) : new ConsumerStoppingError(id);
}
