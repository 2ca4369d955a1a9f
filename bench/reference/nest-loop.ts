import { Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { start as startLoop } from './hand-written.js';

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
