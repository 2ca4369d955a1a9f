import { ConcurrentUseError, type DbSession } from '@safesync/db';
import { DataSource, type EntityManager } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

/**
 * One runner counts the depth of all that is nested in it. Two nested transactions at once raise it for each other: every
 * savepoint named from then on is a wrong one, every rollback fails, and TypeORM keeps silent about those.
 */
describe('M20 two transactions nested side by side, one of which fails', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
  });
  beforeEach(() => database.pool.query('DELETE FROM items'));
  afterAll(() => database?.drop());

  const insert = (manager: EntityManager, id: number): Promise<unknown> =>
    manager.query('INSERT INTO items VALUES (?)', [id]);
  const ids = async (): Promise<number[]> =>
    (await database.rows<{ id: number }>('SELECT id FROM items ORDER BY id')).map(({ id }) => id);

  /** The same for both: rows 1 to 3, none of which may stay. */
  async function steps(outer: EntityManager): Promise<void> {
    await insert(outer, 1);
    await Promise.all([
      outer.transaction(async (nested) => {
        await insert(nested, 2);
        throw new Error('no funds');
      }),
      outer.transaction((nested) => insert(nested, 3)),
    ]);
  }

  it('control: plain TypeORM rejects, and the next transaction commits the rows of the rejected one', async () => {
    const plain = await new DataSource({ type: 'mysql', url: database.url, poolSize: 1 }).initialize();
    await expect(plain.transaction(steps)).rejects.toThrow('no funds');
    expect(await ids()).toEqual([]);
    await plain.transaction((manager) => insert(manager, 99));
    expect(await ids()).toEqual([1, 2, 3, 99]);
    await plain.destroy();
  });

  describe('cure: a session', () => {
    let db: OpenSessions;
    beforeAll(async () => {
      db = await openSessions(database.url, { poolSize: 1 });
    });
    afterAll(() => db?.close());

    /** Ten transactions on the only connection of the pool, half of them TypeORM's own. */
    async function strangers(): Promise<void> {
      for (let id = 100; id < 110; id += 2) {
        await db.sessions.run((session) => insert(session.manager, id));
        await db.dataSource.transaction((manager) => insert(manager, id + 1));
      }
    }
    const ofStrangers = Array.from({ length: 10 }, (_, index) => 100 + index);

    it('refuses the second one, and leaves no row to ten transactions that follow', async () => {
      await expect(db.sessions.run((session) => steps(session.manager))).rejects.toThrow(ConcurrentUseError);
      expect(await ids()).toEqual([]);
      await strangers();
      expect(await ids()).toEqual(ofStrangers);
    });

    it('does the same for its own savepoints', async () => {
      const add = (session: DbSession, id: number): Promise<number> =>
        session.execute('INSERT INTO items VALUES (:id)', { id });
      const run = db.sessions.run(async (session) => {
        await add(session, 1);
        await Promise.all([2, 3].map((id) => session.savepoint(() => add(session, id))));
      });
      await expect(run).rejects.toThrow(ConcurrentUseError);
      await strangers();
      expect(await ids()).toEqual(ofStrangers);
    });

    it('takes them one after the other, and undoes only the one that failed', async () => {
      await db.sessions.run(async ({ manager }) => {
        await insert(manager, 1);
        const failed = manager.transaction(async (nested) => {
          await insert(nested, 2);
          throw new Error('no funds');
        });
        await expect(failed).rejects.toThrow('no funds');
        await manager.transaction((nested) => insert(nested, 3));
      });
      await strangers();
      expect(await ids()).toEqual([1, 3, ...ofStrangers]);
    });
  });
});
