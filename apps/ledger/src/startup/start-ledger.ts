import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigurationError } from '../config/configuration.error.js';
import type { LedgerConfig } from '../config/ledger.config.js';
import { LedgerModule } from '../ledger.module.js';

/** Starts the application; resolves when it listens. While the database is away it waits, and says for what. */
export async function startLedger(config: LedgerConfig): Promise<INestApplication> {
  const app = await NestFactory.create(LedgerModule.forRoot(config), { abortOnError: false });
  app.enableShutdownHooks();
  try {
    await app.listen(config.port);
    return app;
  } catch (error) {
    await app.close();
    throw isPortTaken(error)
      ? new ConfigurationError([`LEDGER_PORT ${config.port} is in use. Set it to a free one, or 0`])
      : error;
  }
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
