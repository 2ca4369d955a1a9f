import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SafeSyncDbModule } from '@safesync/db';
import { SafeSyncMetricsModule } from '@safesync/metrics';
import { SafeSyncOutboxModule } from '@safesync/outbox';
import { SafeSyncQueueModule } from '@safesync/queue';
import type { PublishSetup } from '../publish/publish-contender.js';

/** Connections beside those of the transactions: the relay's batches, its looks, and the transaction that fills the outbox. */
const RELAY_POOL = 4;

/** An application that publishes, directly and from transactions; it relays only where that is the work. */
export async function publishingApplication(setup: PublishSetup): Promise<INestApplicationContext> {
  const { mysqlUrl, redisUrl, stream, work, concurrency } = setup;
  const poolSize = work === 'relay' ? RELAY_POOL : concurrency;
  @Module({
    imports: [
      SafeSyncMetricsModule.forRoot(),
      SafeSyncDbModule.forRoot({ connection: { url: mysqlUrl, poolSize } }),
      SafeSyncQueueModule.forRoot({ connections: redisUrl }),
      SafeSyncQueueModule.forFeature([{ name: stream }]),
      SafeSyncOutboxModule.forRoot(work === 'relay' ? {} : { relay: false }),
    ],
  })
  class BenchModule {}

  return NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
}
