import type { Host } from '../process/contender.js';
import type { Lap } from '../process/stopwatch.js';
import type { TransferSetup } from '../transfer/transfer-contender.js';
import { Gate } from './gate.js';

/** Handles so many messages of what is there. */
export interface HandleOrder {
  readonly count: number;
}

interface GatedModule {
  start(setup: TransferSetup, gate: Gate): Promise<void>;
}

export const host: Host<GatedModule, TransferSetup, HandleOrder, Lap> = async (contender, setup, onProgress) => {
  const gate = new Gate(onProgress);
  await contender.start(setup, gate);
  return ({ count }) => gate.open(count);
};
