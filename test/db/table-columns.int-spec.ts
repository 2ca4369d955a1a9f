import { type DbSession, type SessionConnection, type Table, Tables } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

type Any = Table<Record<string, unknown>>;

describe('a column that the table does not have', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  let tables: Tables;
  let sent: jest.SpyInstance<unknown, [string]>;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(20))');
    await database.pool.query("INSERT INTO items VALUES (1, 'there')");
    db = await openSessions(database.url);
    const prototype = await db.sessions.run(async ({ internals }) => Object.getPrototypeOf(internals.connection));
    sent = jest.spyOn(prototype as Pick<SessionConnection, 'send'>, 'send');
  });
  beforeEach(() => {
    tables = new Tables(db.sessions);
    sent.mockClear();
  });
  afterAll(async () => {
    sent?.mockRestore();
    await db?.close();
    await database?.drop();
  });

  const named = (word: string): string[] => sent.mock.calls.map(([text]) => text).filter((text) => text.includes(word));

  it.each<[string, (items: Any) => Promise<unknown>]>([
    ['row.nope', (items) => items.insert({ text: 'a', nope: 1 })],
    ['rows[0].nope', (items) => items.insertMany([{ text: 'a', nope: 1 }])],
    ['where.nope', (items) => items.findOne({ id: 1, nope: 1 })],
    ['where.nope', (items) => items.findMany({ where: { nope: 1 } })],
    ['columns', (items) => items.findMany({ columns: ['id', 'nope'] })],
    ['orderBy', (items) => items.findMany({ orderBy: ['id', ['nope', 'DESC']] })],
    ['where.nope', (items) => items.stream({ where: { nope: 1 } }).next()],
    ['set.nope', (items) => items.update({ where: { id: 1 }, set: { nope: 1 } })],
    ['where.nope', (items) => items.update({ where: { nope: 1 }, set: { text: 'b' } })],
    ['where.nope', (items) => items.delete({ where: { nope: 1 } })],
    ['where.nope', (items) => items.count({ nope: 1 })],
    ['where.nope', (items) => items.exists({ nope: 1 })],
  ])('is an error that names %s, and nothing is sent', async (argument, use) => {
    await expect(use(tables.of<Record<string, unknown>>('items'))).rejects.toMatchObject({
      code: 'UNKNOWN_COLUMN',
      argument,
    });
    expect(named('nope')).toEqual([]);
    expect(await database.rows('SELECT * FROM items')).toEqual([{ id: 1, text: 'there' }]);
  });

  it('is looked for once, whatever follows', async () => {
    const items = tables.of('items');
    for (let turn = 0; turn < 3; turn += 1) expect(await items.count({ TEXT: 'there' })).toBe(1);
    expect(named('information_schema')).toHaveLength(1);
  });

  it('is used as soon as it is there', async () => {
    const items = tables.of<Record<string, unknown>>('items');
    await items.count();
    await expect(items.count({ later: 1 })).rejects.toMatchObject({ code: 'UNKNOWN_COLUMN' });
    await database.pool.query('ALTER TABLE items ADD COLUMN later INT');
    expect(await items.count({ later: 1 })).toBe(0);
    await database.pool.query('ALTER TABLE items DROP COLUMN later');
  });

  it('leaves its session usable', async () => {
    await db.sessions.run(async (session: DbSession) => {
      const items = tables.of<Record<string, unknown>>('items', session);
      await expect(items.count({ nope: 1 })).rejects.toMatchObject({ code: 'UNKNOWN_COLUMN' });
      expect(await items.count({ id: 1 })).toBe(1);
    });
  });

  it('of another schema is looked for there', async () => {
    const items = tables.of<Record<string, unknown>>(`${database.name}.items`);
    await expect(items.count({ nope: 1 })).rejects.toMatchObject({ code: 'UNKNOWN_COLUMN' });
    expect(await items.count({ id: 1 })).toBe(1);
  });

  it('of a table that is not there is left to the server to name', async () => {
    await expect(tables.of<Record<string, unknown>>('nowhere').count({ nope: 1 })).rejects.toMatchObject({
      errno: 1146,
    });
  });
});
