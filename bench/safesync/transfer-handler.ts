import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { startTransfers } from './transfer-application.js';

/** Ours, as it is without options. */
export function start(setup: TransferSetup, probe: Probe): Promise<void> {
  return startTransfers(setup, probe, { exactlyOnce: false });
}
