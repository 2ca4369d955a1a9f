import { DEPOSIT, RECORD, WITHDRAW } from '../transfer/transfer.js';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { runBatches } from './batch-loop.js';

/** G: many messages in one transaction, three statements for each of them. */
export function start(setup: TransferSetup, probe: Probe): Promise<void> {
  return runBatches(setup, probe, async (lane, transfers) => {
    for (const { id, from, to, amount } of transfers) {
      await lane.query(WITHDRAW, [amount, from]);
      await lane.query(DEPOSIT, [amount, to]);
      await lane.query(RECORD, [id, from, to, amount]);
    }
  });
}
