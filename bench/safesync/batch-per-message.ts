import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { startBatchApplication } from './batch-application.js';

const WITHDRAW = 'UPDATE accounts SET balance = balance - :amount WHERE id = :from';
const DEPOSIT = 'UPDATE accounts SET balance = balance + :amount WHERE id = :to';
const RECORD = 'INSERT INTO transfers (id, from_id, to_id, amount) VALUES (:id, :from, :to, :amount)';

/** Ours with a batch in each transaction, three statements for each message. */
export function start(setup: TransferSetup, probe: Probe): Promise<void> {
  return startBatchApplication(setup, probe, async (session, transfers) => {
    for (const { id, from, to, amount } of transfers) {
      await session.execute(WITHDRAW, { amount, from });
      await session.execute(DEPOSIT, { amount, to });
      await session.execute(RECORD, { id, from, to, amount });
    }
  });
}
