import { Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { start as startLoop } from '../reference/hand-written.js';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';

/** A Nest application that does by hand what ours does: what Nest itself takes to start. */
export async function start(setup: TransferSetup, probe: Probe): Promise<void> {
  @Injectable()
  class Loop implements OnApplicationBootstrap {
    async onApplicationBootstrap(): Promise<void> {
      await startLoop(setup, probe);
    }
  }

  @Module({ providers: [Loop] })
  class BenchModule {}

  await NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
}
