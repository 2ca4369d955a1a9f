import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DbSessions, SafeSyncDbModule } from '@safesync/db';
import { SafeSyncMetricsModule } from '@safesync/metrics';
import type { Session, SessionSetup } from '../session/session-contender.js';

const ADD_ONE = 'UPDATE accounts SET balance = balance + 1 WHERE id = :account';

/** Ours: `DbSessions.run` of a Nest application, metrics on. */
export async function open({ mysqlUrl, concurrency }: SessionSetup): Promise<Session> {
  @Module({
    imports: [
      SafeSyncMetricsModule.forRoot(),
      SafeSyncDbModule.forRoot({ connection: { url: mysqlUrl, poolSize: concurrency } }),
    ],
  })
  class BenchModule {}

  const application = await NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
  const sessions = application.get(DbSessions);
  return (account) => sessions.run(async (session) => void (await session.execute(ADD_ONE, { account })));
}
