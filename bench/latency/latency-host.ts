import { setTimeout as pause } from 'node:timers/promises';
import type { Host } from '../process/contender.js';
import { type Lap, Stopwatch } from '../process/stopwatch.js';
import type { TransferModule, TransferSetup } from '../transfer/transfer-contender.js';
import { drainMeter } from '../transfer/transfer-host.js';
import { sharedMicroseconds } from './moment.js';

/** Messages that are coming, or a time without any. */
export type LatencyOrder = { readonly expect: number } | { readonly idleMs: number };

/** What the contender's process saw. */
export interface LatencyNotes extends Lap {
  /** When the handling of each transfer began. */
  readonly starts: readonly (readonly [id: number, at: number])[];
}

export const host: Host<TransferModule, TransferSetup, LatencyOrder, LatencyNotes> = async (
  contender,
  setup,
  onProgress,
) => {
  const meter = drainMeter(setup, onProgress);
  const starts = new Map<number, number>();
  await contender.start(setup, {
    started(id) {
      starts.set(id, sharedMicroseconds());
      meter.started();
    },
    finished: () => meter.finished(),
  });
  return async (order) => {
    starts.clear();
    const lap = 'expect' in order ? await meter.drain(order.expect) : await idle(order.idleMs);
    return { ...lap, starts: [...starts] };
  };
};

async function idle(ms: number): Promise<Lap> {
  const watch = new Stopwatch();
  await pause(ms);
  return watch.lap();
}
