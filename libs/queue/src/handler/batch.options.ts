import { MAX_TIMER_MS, OptionFaults } from '@safesync/core';

/** `together`: the method gets a list of messages. `each`: it gets one message at a time, all in one transaction. */
export type BatchMode = 'together' | 'each';

/** How many messages share one transaction. Durations are in ms. */
export interface BatchOptions {
  /** Messages of one batch at most. Default 100. A batch takes what is ready, so it is often smaller. */
  readonly size?: number;
  /** How long the first message of a batch waits for others when fewer than `size` are ready. Default 0: not at all. */
  readonly waitMs?: number;
  /** `together` (default): the method gets a list. `each`: one message at a time, each in a savepoint of one transaction. */
  readonly mode?: BatchMode;
}

export type ResolvedBatchOptions = Required<BatchOptions>;

const DEFAULTS: ResolvedBatchOptions = { size: 100, waitMs: 0, mode: 'together' };
const MAX_SIZE = 1_000;

/** Messages that a consumer may hold in running batches: what is held is renewed, and named in every look for stale ones. */
const MAX_RUNNING = 10_000;

/** Fills in the defaults; what cannot work is added to `faults`. */
export function resolveBatchOptions(
  faults: OptionFaults,
  given: BatchOptions | undefined,
  concurrency: number,
): ResolvedBatchOptions | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || given === null) {
    faults.require(false, 'batch must be an object');
    return undefined;
  }
  for (const name of Object.keys(given)) {
    faults.require(name in DEFAULTS, `batch.${name} is not an option (${Object.keys(DEFAULTS).join(', ')})`);
  }
  const batch = {
    ...DEFAULTS,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
  faults.integer('batch.size', batch.size, 1, MAX_SIZE);
  faults.integer('batch.waitMs', batch.waitMs, 0, MAX_TIMER_MS);
  faults.require(batch.mode === 'together' || batch.mode === 'each', "batch.mode must be 'together' or 'each'");
  faults.require(
    !(batch.size * concurrency > MAX_RUNNING),
    `batch.size times concurrency must be at most ${MAX_RUNNING}`,
  );
  return Object.freeze(batch);
}
