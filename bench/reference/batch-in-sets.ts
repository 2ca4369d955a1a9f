import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { balanceChanges, changeBalances, recordAll } from '../transfer/transfer-sets.js';
import { runBatches } from './batch-loop.js';

const CHANGE_BALANCES = changeBalances('?');
const RECORD_ALL = recordAll('?');

/** H: many messages in one transaction, two statements for all of them. */
export function start(setup: TransferSetup, probe: Probe): Promise<void> {
  return runBatches(setup, probe, async (lane, transfers) => {
    await lane.query(CHANGE_BALANCES, [JSON.stringify(balanceChanges(transfers))]);
    await lane.query(RECORD_ALL, [JSON.stringify(transfers)]);
  });
}
