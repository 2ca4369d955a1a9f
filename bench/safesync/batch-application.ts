import { Injectable, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DbSession, SafeSyncDbModule } from '@safesync/db';
import { SafeSyncMetricsModule } from '@safesync/metrics';
import { type Message, SafeSyncQueueModule, StreamHandler } from '@safesync/queue';
import type { Transfer } from '../transfer/transfer.js';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { BATCH_SIZE } from '../transfer/transfer-sets.js';

type Work = (session: DbSession, transfers: readonly Transfer[]) => Promise<void>;

/** What a user of SafeSync writes: modules and one decorated method that gets a batch. All safety and the metrics are on. */
export async function startBatchApplication(setup: TransferSetup, probe: Probe, work: Work): Promise<void> {
  @Module({
    imports: [
      SafeSyncMetricsModule.forRoot(),
      SafeSyncDbModule.forRoot({ connection: { url: setup.mysqlUrl, poolSize: setup.concurrency } }),
      SafeSyncQueueModule.forRoot({ connections: setup.redisUrl }),
      SafeSyncQueueModule.forFeature([{ name: setup.stream }]),
    ],
    providers: [batchHandler(setup, probe, work)],
  })
  class BenchModule {}

  await NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
}

function batchHandler({ stream, group, concurrency }: TransferSetup, probe: Probe, work: Work): Type {
  @Injectable()
  class BatchHandler {
    @StreamHandler({ stream, group, concurrency, batch: { size: BATCH_SIZE } })
    async onTransfers(messages: readonly Message<Transfer>[], session: DbSession): Promise<void> {
      const transfers = messages.map(({ payload }) => payload);
      for (const { id } of transfers) probe.started(id);
      await work(session, transfers);
      for (const _ of transfers) probe.finished();
    }
  }
  return BatchHandler;
}
