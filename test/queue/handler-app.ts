import type { ModuleMetadata, Provider } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { SafeSyncDbModule } from '@safesync/db';
import { type QueueStreamOptions, SafeSyncQueueModule, type SafeSyncQueueModuleOptions } from '@safesync/queue';
import { redisUrl } from '../support/redis.js';

export interface HandlerAppOptions {
  readonly databaseUrl: string;
  readonly streams: readonly QueueStreamOptions[];
  readonly providers: readonly Provider[];
  readonly queue?: SafeSyncQueueModuleOptions;
  readonly imports?: ModuleMetadata['imports'];
}

/** A Nest application with a database, a Redis and handlers, not booted yet. */
export function createHandlerApp(options: HandlerAppOptions): Promise<TestingModule> {
  return Test.createTestingModule({
    imports: [
      SafeSyncDbModule.forRoot({ connection: { url: options.databaseUrl, poolSize: 20 } }),
      SafeSyncQueueModule.forRoot({ connections: redisUrl(), ...options.queue }),
      SafeSyncQueueModule.forFeature(options.streams),
      ...(options.imports ?? []),
    ],
    providers: [...options.providers],
  }).compile();
}
