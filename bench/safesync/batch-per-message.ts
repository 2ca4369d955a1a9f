import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { startBatches } from './batch-application.js';
import { transfer } from './transfer-statements.js';

/** Ours with a batch in each transaction, three statements for each message. */
export function start(setup: TransferSetup, probe: Probe): Promise<void> {
  return startBatches(setup, probe, async (session, transfers) => {
    for (const each of transfers) await transfer(each, session);
  });
}
