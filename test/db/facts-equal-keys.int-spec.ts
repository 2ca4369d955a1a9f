import { DbWriteError, IdempotentInserts, insertIdempotent, RowAlteredError } from '@safesync/db';
import { assert, asyncProperty, string, uniqueArray } from 'fast-check';
import type { ResultSetHeader } from 'mysql2';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

const FOLDED = 'VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci';
const EVENTS = ['abc', 'ABC', 'ábc', 'abc '];
/** One beginning for both, longer than the column. */
const LONG = ['deposit-2026-01-01-a', 'deposit-2026-01-01-b'];

describe('M7 two keys that the column takes for one', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  const inserts = new IdempotentInserts();

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(`CREATE TABLE folded (k ${FOLDED} PRIMARY KEY)`);
    await database.pool.query('CREATE TABLE padded (k VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY)');
    await database.pool.query('CREATE TABLE exact (k VARBINARY(16) PRIMARY KEY)');
    await database.pool.query('CREATE TABLE wide (k VARBINARY(256) PRIMARY KEY)');
    db = await openSessions(database.url, { poolSize: 1 });
  });
  beforeEach(async () => {
    for (const table of ['folded', 'padded', 'exact', 'wide']) await database.pool.query(`DELETE FROM ${table}`);
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  type Insert = (table: string, k: string) => Promise<boolean>;
  const plainly: Insert = async (table, k) => {
    const [reply] = await database.pool.query<ResultSetHeader>(`INSERT IGNORE INTO ${table} (k) VALUES (?)`, [k]);
    return reply.affectedRows === 1;
  };
  const byService: Insert = (table, k) => db.sessions.run((session) => inserts.insert(session, table, { k }));
  const byFunction: Insert = (table, k) =>
    db.sessions.run((session) => insertIdempotent(session, `INSERT INTO ${table} (k) VALUES (:k)`, { k }));
  const OURS = [
    ['IdempotentInserts', byService],
    ['insertIdempotent', byFunction],
  ] as const;

  /** Which of the keys were taken for new, in order. */
  async function areNew(insert: Insert, table: string, keys: readonly string[]): Promise<boolean[]> {
    const answers: boolean[] = [];
    for (const key of keys) answers.push(await insert(table, key));
    return answers;
  }
  const stored = async (table: string): Promise<string[]> =>
    (await database.rows<{ k: string | Buffer }>(`SELECT k FROM ${table} ORDER BY k`)).map(({ k }) => String(k));

  describe('by case, accent and trailing space', () => {
    it('control: plain INSERT IGNORE drops every event but the first, in silence', async () => {
      expect(await areNew(plainly, 'folded', EVENTS)).toEqual([true, false, false, false]);
      expect(await stored('folded')).toEqual(['abc']);
    });

    it.each(OURS)('cure: in a VARBINARY column they are four, by %s', async (_name, insert) => {
      expect(await areNew(insert, 'exact', EVENTS)).toEqual([true, true, true, true]);
      expect(await areNew(insert, 'exact', EVENTS)).toEqual([false, false, false, false]);
      expect(await stored('exact')).toEqual(['ABC', 'abc', 'abc ', 'ábc']);
    });

    // what no library can see: to the server these are duplicates like any other
    it.each(OURS)("the schema's job: in such a column they are one for %s too", async (_name, insert) => {
      expect(await areNew(insert, 'folded', EVENTS)).toEqual([true, false, false, false]);
    });

    it("the schema's job: ascii_bin tells case apart, but no trailing space", async () => {
      expect(await areNew(byService, 'padded', ['abc', 'ABC', 'abc '])).toEqual([true, true, false]);
    });

    it('cure: no two strings are one in a VARBINARY column', async () => {
      const someKeys = uniqueArray(string({ unit: 'binary', maxLength: 12 }), { minLength: 2, maxLength: 6 });
      const areAllNew = asyncProperty(someKeys, async (keys) => {
        await database.pool.query('DELETE FROM wide');
        const answers = await areNew(byService, 'wide', keys);
        expect(answers).toEqual(keys.map(() => true));
        expect(new Set(await stored('wide'))).toEqual(new Set(keys));
      });
      await assert(areAllNew, { numRuns: 60 });
    });
  });

  describe('by being cut off', () => {
    it('control: plain INSERT IGNORE stores half a key, and takes the second for it, in strict mode', async () => {
      expect((await database.rows<{ mode: string }>('SELECT @@sql_mode AS mode'))[0]?.mode).toContain('STRICT');
      expect(await areNew(plainly, 'folded', LONG)).toEqual([true, false]);
      expect(await stored('folded')).toEqual(['deposit-2026-01-']);
    });

    it('cure: IdempotentInserts stores neither, and the session can only roll back', async () => {
      for (const key of LONG) {
        await expect(byService('exact', key)).rejects.toThrow(RowAlteredError);
        const swallowed = db.sessions.run((session) =>
          inserts.insert(session, 'exact', { k: key }).catch(() => undefined),
        );
        await expect(swallowed).rejects.toMatchObject({ code: 'SESSION_ABORTED' });
      }
      expect(await stored('exact')).toEqual([]);
    });

    it('cure: IdempotentInserts takes none for a duplicate of what it was cut down to', async () => {
      expect(await byService('exact', 'deposit-2026-01-')).toBe(true);
      for (const key of LONG) await expect(byService('exact', key)).rejects.toThrow(DbWriteError);
      expect(await stored('exact')).toEqual(['deposit-2026-01-']);
    });

    it('cure: insertIdempotent refuses both', async () => {
      expect(await byFunction('exact', 'deposit-2026-01-')).toBe(true);
      for (const key of LONG) await expect(byFunction('exact', key)).rejects.toMatchObject({ errno: 1406 });
      expect(await stored('exact')).toEqual(['deposit-2026-01-']);
    });
  });
});
