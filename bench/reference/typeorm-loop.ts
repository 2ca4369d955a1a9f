import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { DEPOSIT, RECORD, type Transfer, WITHDRAW } from '../transfer/transfer.js';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { readLoop } from './read-loop.js';

/** C: what a team with TypeORM writes: the same loop around `dataSource.transaction`. */
export async function start(setup: TransferSetup, probe: Probe): Promise<void> {
  const dataSource = new DataSource({ type: 'mysql', url: setup.mysqlUrl, poolSize: setup.concurrency });
  await dataSource.initialize();
  const redis = new Redis(setup.redisUrl, { protocol: 2 });
  void readLoop(redis, setup, (transfer) => inTransaction(dataSource, transfer, probe));
}

export function inTransaction(dataSource: DataSource, transfer: Transfer, probe: Probe): Promise<void> {
  const { id, from, to, amount } = transfer;
  return dataSource.transaction(async (manager) => {
    probe.started(id);
    await manager.query(WITHDRAW, [amount, from]);
    await manager.query(DEPOSIT, [amount, to]);
    await manager.query(RECORD, [id, from, to, amount]);
    probe.finished();
  });
}
