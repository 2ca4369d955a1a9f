import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { balanceChanges, changeBalances, recordAll } from '../transfer/transfer-sets.js';
import { startBatches } from './batch-application.js';

const CHANGE_BALANCES = changeBalances(':changes');
const RECORD_ALL = recordAll(':transfers');

/** Ours with a batch in each transaction, two statements for all of it. */
export function start(setup: TransferSetup, probe: Probe): Promise<void> {
  return startBatches(setup, probe, async (session, transfers) => {
    await session.execute(CHANGE_BALANCES, { changes: JSON.stringify(balanceChanges(transfers)) });
    await session.execute(RECORD_ALL, { transfers: JSON.stringify(transfers) });
  });
}
