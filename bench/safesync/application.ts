import { type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SafeSyncDbModule } from '@safesync/db';
import { SafeSyncMetricsModule } from '@safesync/metrics';
import { SafeSyncOutboxModule, type SafeSyncOutboxModuleOptions } from '@safesync/outbox';
import { SafeSyncQueueModule } from '@safesync/queue';

/** What an application of ours is made of. */
export interface ApplicationParts {
  /** Connection URL including the database. */
  readonly mysqlUrl: string;
  readonly redisUrl: string;
  readonly stream: string;
  readonly poolSize: number;
  /** With one decorated method. Default: none, it publishes only. */
  readonly handler?: Type;
  /** Default: no outbox and no inbox. */
  readonly outbox?: SafeSyncOutboxModuleOptions;
}

/** What a user of SafeSync writes: modules, and perhaps a handler. All safety and the metrics are on. */
export function startApplication(parts: ApplicationParts): Promise<INestApplicationContext> {
  const { mysqlUrl, redisUrl, stream, poolSize, handler, outbox } = parts;
  @Module({
    imports: [
      SafeSyncMetricsModule.forRoot(),
      SafeSyncDbModule.forRoot({ connection: { url: mysqlUrl, poolSize } }),
      SafeSyncQueueModule.forRoot({ connections: redisUrl }),
      SafeSyncQueueModule.forFeature([{ name: stream }]),
      ...(outbox ? [SafeSyncOutboxModule.forRoot(outbox)] : []),
    ],
    providers: handler ? [handler] : [],
  })
  class BenchModule {}

  return NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
}
