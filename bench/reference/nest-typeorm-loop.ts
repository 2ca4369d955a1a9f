import { Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { readLoop } from './read-loop.js';
import { inTransaction } from './typeorm-loop.js';

/** The same with TypeORM, which ours stands on: what is left between them is ours. */
export async function start(setup: TransferSetup, probe: Probe): Promise<void> {
  @Injectable()
  class Loop implements OnApplicationBootstrap {
    constructor(private readonly dataSource: DataSource) {}

    onApplicationBootstrap(): void {
      const redis = new Redis(setup.redisUrl, { protocol: 2 });
      void readLoop(redis, setup, (transfer) => inTransaction(this.dataSource, transfer, probe));
    }
  }

  @Module({
    imports: [TypeOrmModule.forRoot({ type: 'mysql', url: setup.mysqlUrl, poolSize: setup.concurrency })],
    providers: [Loop],
  })
  class BenchModule {}

  await NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
}
