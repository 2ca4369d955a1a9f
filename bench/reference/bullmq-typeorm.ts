import { DataSource } from 'typeorm';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { startWorker } from './bullmq.js';
import { inTransaction } from './typeorm-loop.js';

/** D: BullMQ for the messages, the transaction of C for the database: what most Nest back ends are made of. */
export async function start(setup: TransferSetup, probe: Probe): Promise<void> {
  const dataSource = new DataSource({ type: 'mysql', url: setup.mysqlUrl, poolSize: setup.concurrency });
  await dataSource.initialize();
  await startWorker(setup, (transfer) => inTransaction(dataSource, transfer, probe));
}
