import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SafeSyncDbModule } from '@safesync/db';
import { SafeSyncQueueModule, StreamHandler, type StreamHandlerOptions } from '@safesync/queue';

export interface PrefetchWorkerSettings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly handler: StreamHandlerOptions;
  readonly messages: number;
}

/** Peak of the resident memory, above what it was before the first message, in bytes. */
export interface PrefetchReport {
  readonly peakBytes: number;
}

const settings = JSON.parse(process.env.WORKER as string) as PrefetchWorkerSettings;
let before = 0;
let handled = 0;

@Injectable()
class Handler {
  @StreamHandler(settings.handler)
  async on(): Promise<void> {
    handled += 1;
    if (handled < settings.messages) return;
    process.send?.({ peakBytes: process.resourceUsage().maxRSS * 1_024 - before } satisfies PrefetchReport);
  }
}

@Module({
  imports: [
    SafeSyncDbModule.forRoot({ connection: { url: settings.databaseUrl, poolSize: 20 } }),
    SafeSyncQueueModule.forRoot({ connections: settings.redisUrl, autoStart: true }),
    SafeSyncQueueModule.forFeature([{ name: settings.handler.stream, maxPayloadBytes: 2_000_000 }]),
  ],
  providers: [Handler],
})
class Worker {}

before = process.memoryUsage().rss;
await NestFactory.createApplicationContext(Worker, { logger: ['warn', 'error'] });
