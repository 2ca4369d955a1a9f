import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type Contender, openContender } from './contender.js';
import { DONE_WITHIN_MS } from './fleet.js';

const CONNECTIONS = 16;
const KEYS = 1_000;

/** A rollback lets several waiting inserters go at once, and the server may break their tie with a deadlock. */
const RETRY = { attempts: 50, backoff: { baseMs: 2, maxMs: 50 } };

/** A rollback that the test asks for. */
class Undone extends Error {}

/** Case T17: sixteen sessions at a time insert the same thousand keys and roll back three in ten. */
describe('idempotent inserts under contention', () => {
  let database: TestDatabase;
  let db: Contender;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE inbox (id VARBINARY(64) PRIMARY KEY, worker INT NOT NULL)');
    db = await openContender(database.url, { poolSize: CONNECTIONS });
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  /** One worker's pass over all keys; the keys that it inserted and committed. */
  async function pass(worker: number): Promise<string[]> {
    const committed: string[] = [];
    for (let number = 0; number < KEYS; number += 1) {
      const id = `event-${number}`;
      const undo = (number * 7 + worker * 13) % 10 < 3;
      try {
        const inserted = await db.sessions.withRetry(async (session) => {
          const isNew = await db.inserts.insert(session, 'inbox', { id, worker }, { onKey: 'PRIMARY' });
          if (undo) throw new Undone();
          return isNew;
        }, RETRY);
        if (inserted) committed.push(id);
      } catch (error) {
        if (!(error instanceof Undone)) throw error;
      }
    }
    return committed;
  }

  it(
    'T17 says "inserted" exactly once for every committed key and shows no deadlock to anyone',
    async () => {
      const passes = await Promise.all(Array.from({ length: CONNECTIONS }, (_, worker) => pass(worker)));
      const claimed = passes.flat();
      const stored = await database.rows<{ id: Buffer }>('SELECT id FROM inbox');
      expect(new Set(claimed).size).toBe(claimed.length);
      expect(claimed.toSorted()).toEqual(stored.map(({ id }) => id.toString()).toSorted());
      expect(claimed).toHaveLength(KEYS);
    },
    DONE_WITHIN_MS,
  );
});
