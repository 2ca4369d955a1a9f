import type { INestApplicationContext } from '@nestjs/common';
import { sleep } from '@safesync/core';
import { type DbSession, DbSessions } from '@safesync/db';
import { Outbox } from '@safesync/outbox';
import { StreamPublisher } from '@safesync/queue';
import { SeededRandom } from '@safesync/testing';
import type { TestDatabase } from '../../support/mysql.js';
import { payloadOf } from './fault-payload.js';
import type { WriteSettings } from './worker-settings.js';

const FLOWS = 4;
const KEYS = 3;
const UNDONE_OF = 3;

/** What is committed here was published, and nothing else; and a row for each key, whose lock those who publish to it take turns by. */
export async function createWritten({ pool }: TestDatabase): Promise<void> {
  await pool.query('CREATE TABLE written (n BIGINT AUTO_INCREMENT PRIMARY KEY, stream VARBINARY(255) NOT NULL)');
  await pool.query('CREATE TABLE turn (id INT PRIMARY KEY, taken INT NOT NULL)');
  await pool.query('INSERT INTO turn VALUES ?', [Array.from({ length: KEYS }, (_, id) => [id, 0])]);
}

/** Numbers of all transactions that were committed, of those that publish to one stream if it is named. */
export async function writtenNumbers(database: TestDatabase, stream = '%'): Promise<number[]> {
  const rows = await database.rows<{ n: string }>('SELECT n FROM written WHERE stream LIKE ?', [stream]);
  return rows.map(({ n }) => Number(n));
}

class Undone extends Error {}

/** Makes them. The numbers of one key rise in the order of the commits. */
export async function writeTransactions(
  app: INestApplicationContext,
  stream: string,
  { transactions, seed, restMs = 0, through }: WriteSettings,
): Promise<void> {
  const [sessions, outbox, publisher] = [app.get(DbSessions), app.get(Outbox), app.get(StreamPublisher)];
  const random = new SeededRandom(seed);
  const write = async (session: DbSession, key: number, isUndone: boolean): Promise<number> => {
    await session.execute('UPDATE turn SET taken = taken + 1 WHERE id = :key', { key });
    const n = Number(
      (await session.executeResult('INSERT INTO written (stream) VALUES (:stream)', { stream })).insertId,
    );
    if (through === 'outbox') await outbox.publish(session, stream, payloadOf(n), { key: `k${key}` });
    if (isUndone) throw new Undone();
    return n;
  };
  const transact = async (): Promise<void> => {
    const [key, isUndone] = [random.int(0, KEYS - 1), random.int(1, UNDONE_OF) === 1];
    const n = await sessions.run((session) => write(session, key, isUndone));
    if (through === 'after commit') await publisher.publish(stream, payloadOf(n), { key: `k${key}` });
  };
  let begun = 0;
  const flow = async (): Promise<void> => {
    for (; begun < transactions; await sleep(restMs)) {
      begun += 1;
      await transact().catch((error: unknown) => {
        if (!(error instanceof Undone)) throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: FLOWS }, flow));
}
