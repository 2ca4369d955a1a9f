import { createPool } from 'mysql2/promise';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { startWorker } from './bullmq.js';
import { inTransaction } from './hand-written.js';

/** E: BullMQ for the messages, the transaction of A for the database. */
export async function start(setup: TransferSetup, probe: Probe): Promise<void> {
  const pool = createPool({ uri: setup.mysqlUrl, connectionLimit: setup.concurrency });
  await pool.query('SELECT 1');
  await startWorker(setup, (transfer) => inTransaction(pool, transfer, probe));
}
