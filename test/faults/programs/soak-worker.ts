import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DbSession, SafeSyncDbModule } from '@safesync/db';
import { Outbox, SafeSyncOutboxModule } from '@safesync/outbox';
import { type Message, NonRetryableError, SafeSyncQueueModule, StreamHandler } from '@safesync/queue';
import { book } from '../kit/fault-application.js';
import type { FaultPayload } from '../kit/worker-settings.js';
import { HOPELESS, type ProcessSample, type SampleRequest, type SoakSettings } from '../soak/soak-settings.js';

const settings = JSON.parse(process.argv[2] as string) as SoakSettings;
const { databaseUrl, redisUrl, orders, entries, keepMs } = settings;

const handling = {
  group: 'g',
  exactlyOnce: true,
  concurrency: 4,
  livenessMs: 1_000,
  claimIntervalMs: 300,
  claimIdleMs: 4_000,
  retry: { baseMs: 50, maxMs: 1_000 },
} as const;

const retention = { maxAgeMs: keepMs, intervalMs: 2_000 };

@Injectable()
class OrderHandler {
  constructor(private readonly outbox: Outbox) {}

  @StreamHandler({ ...handling, stream: orders })
  async onOrder(message: Message<FaultPayload>, session: DbSession): Promise<void> {
    if (message.payload.poison === HOPELESS) throw new NonRetryableError('A hopeless message.');
    await book(message, session);
    await this.outbox.publish(session, entries, { n: message.payload.n });
  }
}

@Injectable()
class EntryHandler {
  @StreamHandler({ ...handling, stream: entries })
  async onEntry({ payload: { n } }: Message<{ n: number }>, session: DbSession): Promise<void> {
    await session.execute('INSERT INTO entries (n) VALUES (:n)', { n });
  }
}

@Module({
  imports: [
    SafeSyncDbModule.forRoot({ connection: { url: databaseUrl, poolSize: 8 } }),
    SafeSyncQueueModule.forRoot({ connections: redisUrl }),
    SafeSyncQueueModule.forFeature([orders, entries].map((name) => ({ name, retention }))),
    SafeSyncOutboxModule.forRoot({
      inbox: { retentionMs: keepMs, purgeEveryMs: 2_000 },
      relay: { keepPublishedMs: keepMs, verifyWindowMs: keepMs / 2, purgeEveryMs: 2_000 },
    }),
  ],
  providers: [OrderHandler, EntryHandler],
})
class SoakModule {}

function sample({ sample: number }: SampleRequest): ProcessSample {
  // started with --expose-gc: what is garbage does not count
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
  return { sample: number, heapBytes: heapUsed, rssBytes: rss, sockets };
}

process.on('message', (request: SampleRequest) => process.send?.(sample(request)));
const app = await NestFactory.createApplicationContext(SoakModule, { logger: ['error'] });
app.enableShutdownHooks();
process.send?.({ ready: true });
