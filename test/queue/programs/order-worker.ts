import { once } from 'node:events';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DbSession, SafeSyncDbModule } from '@safesync/db';
import { type Message, SafeSyncQueueModule, StreamHandler, type StreamHandlerOptions } from '@safesync/queue';

export interface OrderWorkerSettings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly handler: StreamHandlerOptions;
  /** Chance of a delivery to fail after its insert. */
  readonly failing: number;
  /** Waits in the handler of this message, its insert done, for a message from the parent. */
  readonly waitIn?: number;
  /** The process dies in the handler of this message. */
  readonly dieIn?: number;
}

/** What a worker tells its parent. */
export type OrderWorkerReport = { readonly ready: true } | { readonly entered: number; readonly key: string };

const settings = JSON.parse(process.env.WORKER as string) as OrderWorkerSettings;
const tell = (report: OrderWorkerReport): void => void process.send?.(report);

@Injectable()
class Handler {
  @StreamHandler(settings.handler)
  async on({ payload, key = '' }: Message<{ n: number }>, session: DbSession): Promise<void> {
    tell({ entered: payload.n, key });
    if (payload.n === settings.dieIn) process.exit(13);
    const insert = 'INSERT INTO ordered (k, n) VALUES (:key, :n) ON DUPLICATE KEY UPDATE k = k';
    await session.execute(insert, { key, n: payload.n });
    if (payload.n === settings.waitIn) await once(process, 'message');
    if (Math.random() < settings.failing) throw new Error('by chance');
  }
}

@Module({
  imports: [
    SafeSyncDbModule.forRoot({ connection: { url: settings.databaseUrl, poolSize: 12 } }),
    SafeSyncQueueModule.forRoot({ connections: settings.redisUrl }),
    SafeSyncQueueModule.forFeature([{ name: settings.handler.stream }]),
  ],
  providers: [Handler],
})
class Worker {}

const app = await NestFactory.createApplicationContext(Worker, { logger: ['log', 'warn', 'error'] });
app.enableShutdownHooks();
tell({ ready: true });
