import { failpoint, HistoryRecorder, type WireMoment } from '@safesync/testing';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';

/** What the program is told to do. */
export interface FailingProgramSettings {
  readonly driver: 'mysql' | 'redis';
  readonly when: WireMoment;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly key: string;
  readonly historyFile: string;
}

const settings = JSON.parse(process.argv[2] as string) as FailingProgramSettings;
const { driver, when, key } = settings;
const history = new HistoryRecorder(settings.historyFile);

failpoint({
  driver,
  when,
  matching: driver === 'mysql' ? /^INSERT INTO kept .*'second'/ : /^SET .* second$/,
  action: 'kill',
});

async function write(value: string): Promise<void> {
  history.record('write', value, 'invoke');
  if (driver === 'mysql') await database?.query(`INSERT INTO kept VALUES ('${value}')`);
  else await redis?.set(`${key}:${value}`, value);
  history.record('write', value, 'ok');
}

const database = driver === 'mysql' ? await createConnection(settings.databaseUrl) : undefined;
const redis = driver === 'redis' ? new Redis(settings.redisUrl) : undefined;
for (const value of ['first', 'second', 'third']) await write(value);
