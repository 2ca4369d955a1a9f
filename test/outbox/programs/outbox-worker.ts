import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DbSession, DbSessions, SafeSyncDbModule } from '@safesync/db';
import { Outbox, SafeSyncOutboxModule } from '@safesync/outbox';
import { RedisConnection, SafeSyncQueueModule } from '@safesync/queue';

/** Where a relay dies, by SIGKILL. */
export type DeathAt =
  /** It has locked rows and sent nothing. */
  | 'claimed'
  /** Redis has confirmed, the table does not know. */
  | 'published'
  /** The rows are marked, the transaction is open. */
  | 'marked'
  | 'never';

export interface OutboxWorkerSettings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly stream: string;
  readonly dieAt: DeathAt;
  /** Numbers that it publishes itself, one transaction each. */
  readonly numbers: readonly number[];
}

const settings = JSON.parse(process.env.WORKER as string) as OutboxWorkerSettings;

const die = async (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise<never>(() => undefined);
};

type Commands = RedisConnection['commands'];
const commands: Commands = Reflect.get(RedisConnection.prototype, 'commands');
RedisConnection.prototype.commands = async function (this: RedisConnection, list, timeoutMs): ReturnType<Commands> {
  const isPublish = list.some(([name]) => name === 'xadd' || name.startsWith('eval'));
  if (isPublish && settings.dieAt === 'claimed') return die();
  const results = await commands.call(this, list, timeoutMs);
  return isPublish && settings.dieAt === 'published' ? die() : results;
};

const execute: DbSession['execute'] = Reflect.get(DbSession.prototype, 'execute');
DbSession.prototype.execute = async function (this: DbSession, sql, params): Promise<number> {
  const rows = await execute.call(this, sql, params);
  return settings.dieAt === 'marked' && sql.includes('SET state = 1') ? die() : rows;
};

@Module({
  imports: [
    SafeSyncDbModule.forRoot({ connection: { url: settings.databaseUrl, poolSize: 8 } }),
    SafeSyncQueueModule.forRoot({ connections: settings.redisUrl }),
    SafeSyncQueueModule.forFeature([{ name: settings.stream }]),
    SafeSyncOutboxModule.forRoot({ relay: { pollMs: 20, batchSize: 10 } }),
  ],
})
class Worker {}

const app = await NestFactory.createApplicationContext(Worker, { logger: ['warn', 'error'] });
app.enableShutdownHooks();
for (const n of settings.numbers) {
  await app.get(DbSessions).run((session) => app.get(Outbox).publish(session, settings.stream, { n }));
}
process.send?.({ ready: true });
