import { RowLocks, Tables } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

/** Edges of BIGINT and BIGINT UNSIGNED. */
const ROW = { low: '-9223372036854775808', high: '18446744073709551615', small: 7, price: '0.10', none: null };
const AS_BIGINT = { ...ROW, low: BigInt(ROW.low), high: BigInt(ROW.high) };

describe('DB-14 BIGINT values', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      'CREATE TABLE numbers (low BIGINT PRIMARY KEY, high BIGINT UNSIGNED NOT NULL, small INT, price DECIMAL(10,2), none BIGINT)',
    );
    db = await openSessions(database.url);
    await new Tables(db.sessions).of('numbers').insert(ROW);
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  it('are text', async () => {
    await db.sessions.run(async (session) => {
      expect(await session.fetchOne('SELECT * FROM numbers')).toEqual(ROW);
      expect(String(await session.executeScalar('SELECT low FROM numbers'))).toBe(ROW.low);
    });
  });

  it('are bigint where asked for, by whatever they are read', async () => {
    await db.sessions.run(
      async (session) => {
        const numbers = new Tables(db.sessions).of('numbers', session);
        expect(await session.fetchOne('SELECT * FROM numbers')).toEqual(AS_BIGINT);
        expect(await session.fetchAll('SELECT * FROM numbers')).toEqual([AS_BIGINT]);
        expect(await session.executeScalar('SELECT high FROM numbers')).toBe(AS_BIGINT.high);
        expect(await numbers.findMany()).toEqual([AS_BIGINT]);
        expect(await numbers.count()).toBe(1);
        expect(await new RowLocks().lock(session, 'numbers', { low: AS_BIGINT.low })).toEqual(AS_BIGINT);
        for await (const row of session.stream('SELECT * FROM numbers')) expect(row).toEqual(AS_BIGINT);
        expect(await numbers.exists(AS_BIGINT)).toBe(true);
      },
      { bigints: true },
    );
  });

  it('are told from text by the column that a row holds, of several with one name', async () => {
    await database.pool.query('CREATE TABLE labels (low VARCHAR(20) PRIMARY KEY)');
    await database.pool.query("INSERT INTO labels VALUES ('12'), (''), ('no number')");
    const sql = (left: string, right: string): string =>
      `SELECT a.low, b.low FROM ${left} a JOIN ${right} b ORDER BY 2`;
    await db.sessions.run(
      async (session) => {
        const texts = await session.fetchAll(sql('numbers', 'labels'));
        expect(texts.map(({ low }) => low)).toEqual(['', '12', 'no number']);
        const numbers = await session.fetchAll(sql('labels', 'numbers'));
        expect(numbers.map(({ low }) => low)).toEqual(Array(3).fill(AS_BIGINT.low));
      },
      { bigints: true },
    );
  });

  it('can be bigint for all sessions of a DataSource', async () => {
    const other = await openSessions(database.url, { defaults: { bigints: true } });
    try {
      expect(await new Tables(other.sessions).of('numbers').findMany()).toEqual([AS_BIGINT]);
    } finally {
      await other.close();
    }
  });

  it('refuses another kind of answer to whether they are', async () => {
    const run = db.sessions.run(async () => undefined, { bigints: 'yes' as never });
    await expect(run).rejects.toThrow(/bigints must be true or false/);
  });
});
