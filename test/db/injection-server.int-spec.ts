import { Tables } from '@safesync/db';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { hostileText, isPlain } from './hostile-values.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

const SAMPLE = 2_000;

/** SE-1: what the text says of `injection-values`, said by the servers themselves. */
describe(`${SAMPLE} hostile texts on a server`, () => {
  let database: TestDatabase;
  let db: OpenSessions;
  const texts = fc.sample(hostileText.filter(isPlain), SAMPLE);
  const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase();

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      'CREATE TABLE scratch (id INT PRIMARY KEY, v VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)',
    );
    await database.pool.query('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))');
    await database.pool.query("INSERT INTO t VALUES (1, 'untouched'), (2, NULL)");
    db = await openSessions(database.url);
  });
  beforeEach(() => database.pool.query('DELETE FROM scratch'));
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const bystanders = async (): Promise<unknown> => [
    await database.rows('SELECT * FROM t ORDER BY id'),
    (await database.rows('SHOW TABLES')).length,
  ];
  const UNTOUCHED = [
    [
      { id: 1, v: 'untouched' },
      { id: 2, v: null },
    ],
    2,
  ];
  const stored = async (): Promise<string[]> =>
    (await database.rows<{ v: string }>('SELECT HEX(v) AS v FROM scratch ORDER BY id')).map(({ v }) => v);

  it('come back as they were from a SELECT, every byte of them', async () => {
    const wrong = await db.sessions.run(async (session) => {
      const found: string[] = [];
      for (const text of texts) {
        const row = await session.fetchOne('SELECT :text AS v, HEX(:text) AS h, :text = :text AS e', { text });
        if (row?.v !== text || row.h !== hex(text) || Number(row.e) !== 1) found.push(text);
      }
      return found;
    });
    expect(wrong).toEqual([]);
    expect(await bystanders()).toEqual(UNTOUCHED);
  });

  it('are stored as they are by insert, insertMany and update, and found by where', async () => {
    const table = new Tables(db.sessions).of('scratch');
    await table.insertMany(texts.map((v, id) => ({ id, v })));
    expect(await stored()).toEqual(texts.map(hex));
    await table.delete({ allRows: true });
    await db.sessions.run(async (session) => {
      const inside = new Tables(db.sessions).of('scratch', session);
      for (const [id, v] of texts.entries()) {
        await inside.insert({ id, v: 'before' });
        expect(await inside.update({ where: { id, v: ['before', v] }, set: { v } })).toBe(1);
        expect(await inside.exists({ id, v })).toBe(true);
      }
    });
    expect(await stored()).toEqual(texts.map(hex));
    expect(await bystanders()).toEqual(UNTOUCHED);
  });

  it('control: pasted between quotes, some of them are another statement', async () => {
    // by a pool, since some of them cost the connection
    const outcomes = await Promise.all(
      texts.map((text) =>
        database.pool.query(`SELECT '${text}' AS v`).then(
          ([rows]) => (rows as { v?: string }[])[0]?.v === text,
          () => false,
        ),
      ),
    );
    expect(outcomes).toContain(false);
    expect(outcomes).toContain(true);
  });
});
