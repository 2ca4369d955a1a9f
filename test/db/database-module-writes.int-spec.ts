import { type DbSession, InvalidIdentifierError, InvalidParameterError, RowLocks, Tables } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { barrier } from './barrier.js';
import { deferred, runningStatement } from './held-session.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

/** Acceptance cases of a database module: what becomes of rows, names and values. */
describe('writes of the database module', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  let tables: Tables;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      'CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(80) NOT NULL, n INT NOT NULL DEFAULT 0)',
    );
    db = await openSessions(database.url, { poolSize: 3 });
    tables = new Tables(db.sessions);
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM items');
    await database.pool.query("INSERT INTO items VALUES (1, 'first', 0)");
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const items = (session?: DbSession) => tables.of<{ id: number; name: string; n: number }>('items', session);
  const stored = (): Promise<unknown[]> => database.rows('SELECT id, name, n FROM items ORDER BY id');
  const UNCHANGED = [{ id: 1, name: 'first', n: 0 }];

  describe('D8 three transactions that read a row and write a sum', () => {
    type Read = (session: DbSession) => Promise<{ n: number } | null>;

    /** Each reads the row, waits where it is told, and writes what it has read plus a number of its own. */
    async function addSixBy(read: Read, afterRead: () => Promise<void>): Promise<number | undefined> {
      const add = (number: number): Promise<void> =>
        db.sessions.run(async (session) => {
          const row = await read(session);
          await afterRead();
          await items(session).update({ where: { id: 1 }, set: { n: Number(row?.n) + number } });
        });
      await Promise.all([1, 2, 3].map(add));
      return (await items().findOne({ id: 1 }))?.n;
    }

    it('D8 control: without a lock only one of them counts', async () => {
      const read: Read = (session) => items(session).findOne({ id: 1 });
      expect(await addSixBy(read, barrier(3))).toBeLessThan(6);
    });

    it('D8 with the row locked FOR UPDATE the sum is 6', async () => {
      const locks = new RowLocks();
      const othersWait = deferred<void>();
      const read: Read = (session) => locks.lock(session, 'items', { id: 1 });
      // the first to have the row keeps it until both others wait for it
      const sum = addSixBy(read, () => othersWait.promise);
      await runningStatement(database, 'FOR UPDATE', 2).finally(() => othersWait.resolve());
      expect(await sum).toBe(6);
    });
  });

  describe('D9 names and values', () => {
    const NAMES = ['', 'a b', 'items; DROP TABLE items', 'items`', '`items`', 'it-ems', '1st', 'ñame', 'a'.repeat(65)];

    it.each(NAMES)('D9 %j is no name of a table or column', async (name) => {
      expect(() => tables.of(name)).toThrow(InvalidIdentifierError);
      const table = tables.of('items');
      const uses = [
        table.insert({ id: 2, [name]: 1 }),
        table.update({ where: { id: 1 }, set: { [name]: 1 } }),
        table.findMany({ where: { [name]: 1 } }),
        table.findMany({ orderBy: [name] }),
        table.findMany({ columns: [name] }),
        table.delete({ where: { [name]: 1 } }),
      ];
      for (const use of await Promise.allSettled(uses)) {
        expect(use).toMatchObject({ status: 'rejected', reason: expect.any(InvalidIdentifierError) });
      }
      expect(await stored()).toEqual(UNCHANGED);
    });

    it.each(["O'Brien", `a"b\`c`, "'; DROP TABLE items; -- ", '\\', "\\' OR 1 = 1 -- ", ':id ?', '%_\u0000\n\u001a'])(
      'D9 %j is stored and found as it is, and nothing else is',
      async (name) => {
        await items().insert({ id: 2, name });
        expect(await items().findMany({ where: { name } })).toEqual([{ id: 2, name, n: 0 }]);
        await items().update({ where: { name }, set: { n: 5 } });
        expect(await items().delete({ where: { name, n: 5 } })).toBe(1);
        expect(await stored()).toEqual(UNCHANGED);
      },
    );

    it('D9 a delete without where is rejected', async () => {
      await expect(items().delete({})).rejects.toThrow(InvalidParameterError);
      await expect(items().delete({ where: {} })).rejects.toThrow(InvalidParameterError);
      await expect(items().delete({ where: { id: undefined as never } })).rejects.toThrow(InvalidParameterError);
      expect(await stored()).toEqual(UNCHANGED);
    });
  });

  it('D9 an exception rolls back, and gives the connection back', async () => {
    const only = await openSessions(database.url, { poolSize: 1 });
    const threads = new Set<number>();
    for (let turn = 0; turn < 3; turn += 1) {
      const failing = only.sessions.run(async (session) => {
        threads.add(session.internals.connection.threadId);
        await items(session).insert({ id: 2, name: 'second' });
        throw new Error('no funds');
      });
      await expect(failing).rejects.toThrow('no funds');
      expect(await stored()).toEqual(UNCHANGED);
    }
    // not a new one each time, in the place of one that was lost
    expect(threads.size).toBe(1);
    await only.close();
  });
});
