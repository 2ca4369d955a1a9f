import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { LedgerConfig } from '../config/ledger.config.js';
import { LedgerModule } from '../ledger.module.js';

/** Starts the application; resolves when it listens. While the database is away it waits, and says for what. */
export async function startLedger(config: LedgerConfig): Promise<INestApplication> {
  const app = await NestFactory.create(LedgerModule.forRoot(config), { abortOnError: false });
  app.enableShutdownHooks();
  await app.listen(config.port);
  return app;
}
