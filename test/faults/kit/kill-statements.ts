import { sleep } from '@safesync/core';
import { SeededRandom } from '@safesync/testing';
import type { TestDatabase } from '../../support/mysql.js';

/** What the database is told to do to a connection. */
export type StatementKill = 'KILL CONNECTION' | 'KILL QUERY';

/** Between two kills, in ms. */
const EVERY_MS = [5, 40] as const;

const BUSY =
  'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID() ' +
  "AND (COMMAND = 'Query' OR INFO IS NOT NULL)";

/** Has the database kill busy connections of its own or their statements, by chance, until `over` and at least one; how many. */
export async function killStatements(
  kills: readonly StatementKill[],
  database: TestDatabase,
  seed: number,
  over: AbortSignal,
): Promise<number> {
  const random = new SeededRandom(seed);
  let killed = 0;
  for (; !over.aborted || killed === 0; await sleep(random.int(...EVERY_MS))) {
    const victims = await database.rows<{ id: string }>(BUSY);
    if (victims.length === 0) continue;
    const { id } = random.pick(victims);
    // it may have ended by itself
    const isKilled = await database.pool.query(`${random.pick(kills)} ${id}`).then(
      () => true,
      () => false,
    );
    if (isKilled) killed += 1;
  }
  return killed;
}
