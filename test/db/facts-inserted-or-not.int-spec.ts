import { IdempotentInserts, insertIdempotent } from '@safesync/db';
import { createPool } from 'mysql2/promise';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { FLAGS, type OpenSessions, openSessions } from './open-sessions.js';

const CONTENDERS = 8;
const KEYS = 25;
const UPSERT = 'INSERT INTO inbox (k) VALUES (?) ON DUPLICATE KEY UPDATE k = k';

/** An effect may be done by whoever inserted the key. mysql2 asks the server to count matched rows unless told not to. */
describe('M6 who of many inserted the key', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE inbox (k VARBINARY(64) PRIMARY KEY)');
  });
  beforeEach(() => database.pool.query('DELETE FROM inbox'));
  afterAll(() => database?.drop());

  /** Every contender with every key, all at once; how many of them thought that each key was theirs. */
  async function winners(isMine: (key: string, contender: number) => Promise<boolean>): Promise<number[]> {
    const keys = Array.from({ length: KEYS }, (_, index) => `k${index}`);
    const counts = new Map(keys.map((key) => [key, 0]));
    const contend = async (contender: number): Promise<void> => {
      for (const key of keys) if (await isMine(key, contender)) counts.set(key, (counts.get(key) ?? 0) + 1);
    };
    await Promise.all(Array.from({ length: CONTENDERS }, (_, contender) => contend(contender)));
    return [...counts.values()];
  }
  const each = (count: number): number[] => Array.from({ length: KEYS }, () => count);

  it('control: with the default flags of mysql2 and ON DUPLICATE KEY UPDATE k = k everybody did', async () => {
    const pool = createPool({ uri: database.url, connectionLimit: CONTENDERS, flags: ['FOUND_ROWS'] });
    const isMine = async (key: string): Promise<boolean> => {
      const [reply] = await pool.query(UPSERT, [key]);
      return (reply as { affectedRows: number }).affectedRows === 1;
    };
    expect(await winners(isMine)).toEqual(each(CONTENDERS));
    await pool.end();
  });

  describe.each(FLAGS)('cure: a session, %s', (_flags, driver) => {
    let db: OpenSessions;
    const inserts = new IdempotentInserts();
    beforeAll(async () => {
      db = await openSessions(database.url, { poolSize: CONTENDERS, driver });
    });
    afterAll(() => db?.close());

    it('exactly one did, by IdempotentInserts', async () => {
      const isMine = (k: string): Promise<boolean> =>
        db.sessions.withRetry((session) => inserts.insert(session, 'inbox', { k }), { attempts: 50 });
      expect(await winners(isMine)).toEqual(each(1));
    });

    it('exactly one did, by insertIdempotent', async () => {
      const isMine = (k: string): Promise<boolean> =>
        db.sessions.withRetry((session) => insertIdempotent(session, 'INSERT INTO inbox (k) VALUES (:k)', { k }), {
          attempts: 50,
        });
      expect(await winners(isMine)).toEqual(each(1));
    });

    it('exactly one of those that commit did, when every third contender rolls back', async () => {
      class Undo extends Error {}
      const isMine = async (k: string, contender: number): Promise<boolean> => {
        const run = db.sessions.withRetry(
          async (session) => {
            const inserted = await inserts.insert(session, 'inbox', { k });
            if (contender % 3 === 0) throw new Undo();
            return inserted;
          },
          { attempts: 50 },
        );
        return run.catch((error: unknown) => {
          if (error instanceof Undo) return false;
          throw error;
        });
      };
      expect(await winners(isMine)).toEqual(each(1));
    });

    it('a statement that cannot say who was first is refused', async () => {
      const refused = db.sessions.run((session) => insertIdempotent(session, UPSERT.replace('?', ':k'), { k: 'k0' }));
      await expect(refused).rejects.toMatchObject({ code: 'STATEMENT_REFUSED' });
      expect(await database.rows('SELECT k FROM inbox')).toEqual([]);
    });
  });
});
