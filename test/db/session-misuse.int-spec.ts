import { AsyncLocalStorage } from 'node:async_hooks';
import { type DbSession, NestedSessionError, StatementRefusedError, UnawaitedStatementsError } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { barrier } from './barrier.js';
import { deferred } from './held-session.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

describe('misuse of a session', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
    db = await openSessions(database.url, { poolSize: 2, acquireTimeoutMs: 500 });
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM items');
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const insert = (session: DbSession, id: number): Promise<number> =>
    session.execute('INSERT INTO items VALUES (:id)', { id });
  const ids = async (): Promise<number[]> =>
    (await database.rows<{ id: number }>('SELECT id FROM items ORDER BY id')).map(({ id }) => id);

  describe('statements that would end the transaction', () => {
    it.each([
      'CREATE TABLE x (a INT)',
      'ALTER TABLE items ADD COLUMN x INT',
      'TRUNCATE TABLE items',
      '/* c */ DROP TABLE items',
      'BEGIN',
      'START TRANSACTION',
      'COMMIT',
      'ROLLBACK',
      'SAVEPOINT x',
      'SET autocommit = 1',
      'SET SESSION sql_mode = ""',
      'LOCK TABLES items WRITE',
      'SELECT 1; COMMIT',
      '/*! COMMIT */',
    ])('DB-4 refuses %s in execute and in the manager, with a remedy, and goes on', async (sql) => {
      const run = db.sessions.run(async (session) => {
        await insert(session, 1);
        await expect(session.execute(sql)).rejects.toBeInstanceOf(StatementRefusedError);
        await expect(session.manager.query(sql)).rejects.toMatchObject({ code: 'STATEMENT_REFUSED' });
        await insert(session, 2);
        throw new Error('undo all of it');
      });
      await expect(run).rejects.toThrow('undo all of it');
      expect(await ids()).toEqual([]);
    });

    it('control: on the plain driver they make the row stay', async () => {
      const connection = await database.pool.getConnection();
      await connection.query('START TRANSACTION');
      await connection.query('INSERT INTO items VALUES (1)');
      await connection.query('CREATE TABLE other (a INT)');
      await connection.query('ROLLBACK');
      connection.release();
      expect(await ids()).toEqual([1]);
    });
  });

  describe('statements that nobody awaits', () => {
    it('DB-4 undoes all and says so, when they run at the end of the callback', async () => {
      const run = db.sessions.run(async (session) => {
        await insert(session, 1);
        void insert(session, 2);
        void session.manager.query('INSERT INTO items VALUES (3)');
      });
      await expect(run).rejects.toBeInstanceOf(UnawaitedStatementsError);
      await expect(run).rejects.toMatchObject({ count: 2 });
      expect(await ids()).toEqual([]);
    });

    it("throws the callback's own error, when it has one, after waiting for them", async () => {
      const late: { done?: boolean } = {};
      const run = db.sessions.run(async (session) => {
        void session.execute('SELECT SLEEP(0.2)').then(() => Object.assign(late, { done: true }));
        await Promise.resolve();
        throw new Error('first');
      });
      await expect(run).rejects.toThrow('first');
      expect(late.done).toBe(true);
    });

    it('M21 refuses what comes after the end, wherever it comes from', async () => {
      const ended = deferred<void>();
      let late: Promise<unknown> = Promise.resolve();
      await db.sessions.run(async (session) => {
        await insert(session, 1);
        late = ended.promise.then(() => insert(session, 2)).catch((error: unknown) => error);
      });
      ended.resolve();
      expect(await late).toMatchObject({ code: 'SESSION_CLOSED' });
      expect(await ids()).toEqual([1]);
    });

    it('undoes all when a savepoint is not awaited', async () => {
      const released = deferred<void>();
      let floating: Promise<unknown> = Promise.resolve();
      const run = db.sessions.run(async (session) => {
        await insert(session, 1);
        floating = session.savepoint(() => released.promise).catch((error: unknown) => error);
      });
      await expect(run).rejects.toBeInstanceOf(UnawaitedStatementsError);
      released.resolve();
      expect(await floating).toMatchObject({ code: 'SESSION_CLOSED' });
      expect(await ids()).toEqual([]);
    });
  });

  it('runs statements that were started together one after the other', async () => {
    await db.sessions.run((session) => Promise.all([1, 2, 3, 4, 5].map((id) => insert(session, id))));
    expect(await ids()).toEqual([1, 2, 3, 4, 5]);
  });

  describe('sessions inside sessions', () => {
    it('W10 refuses one, however deep in the same flow of code', async () => {
      const helper = async (): Promise<void> => {
        await Promise.resolve();
        await db.sessions.run((session) => insert(session, 2));
      };
      const run = db.sessions.run(async (session) => {
        await insert(session, 1);
        await helper();
      });
      await expect(run).rejects.toBeInstanceOf(NestedSessionError);
      expect(await ids()).toEqual([]);
    });

    it('allows one that says it is independent: a transaction of its own', async () => {
      const run = db.sessions.run(async (session) => {
        await insert(session, 1);
        await db.sessions.run((inner) => insert(inner, 2), { independent: true });
        throw new Error('outer');
      });
      await expect(run).rejects.toThrow('outer');
      expect(await ids()).toEqual([2]);
    });

    it('never repeats inside another one, independent or not', async () => {
      const run = db.sessions.run(() => db.sessions.withRetry(async () => undefined, { independent: true }));
      await expect(run).rejects.toBeInstanceOf(NestedSessionError);
    });

    it('M23 ends in time when nested demands exhaust the pool', async () => {
      const nested = (): Promise<unknown> =>
        db.sessions.run(
          async () => {
            await both();
            await db.sessions.run(async () => undefined, { independent: true });
          },
          { timeoutMs: 5_000 },
        );
      const both = barrier(2);
      const results = await Promise.allSettled([nested(), nested()]);
      const failures = results.filter((result) => result.status === 'rejected');
      expect(failures.length).toBeGreaterThan(0);
      for (const { reason } of failures)
        expect(reason).toMatchObject({ code: 'POOL_DEADLOCK', poolSize: 2, isRetryable: true });
      await db.sessions.run((session) => insert(session, 9));
      expect(await ids()).toEqual([9]);
    });

    it('allows one in a flow that has outlived its session', async () => {
      const ended = deferred<void>();
      let later: Promise<unknown> = Promise.resolve();
      await db.sessions.run(async () => {
        later = ended.promise.then(() => db.sessions.run((session) => insert(session, 1)));
      });
      ended.resolve();
      await later;
      expect(await ids()).toEqual([1]);
    });

    it('allows one beside it', async () => {
      const both = barrier(2);
      await Promise.all(
        [1, 2].map((id) =>
          db.sessions.run(async (session) => {
            await both();
            await insert(session, id);
          }),
        ),
      );
      expect(await ids()).toEqual([1, 2]);
    });

    it('N8 keeps the contexts of flows apart that wait for the same connection', async () => {
      const single = await openSessions(database.url, { poolSize: 1 });
      const tenants = new AsyncLocalStorage<number>();
      try {
        const flow = async (id: number): Promise<void> => {
          const inside = async (session: DbSession): Promise<unknown> => {
            const before = tenants.getStore();
            await insert(session, id);
            return [before, tenants.getStore()];
          };
          expect(await single.sessions.run(inside)).toEqual([id, id]);
          expect(tenants.getStore()).toBe(id);
        };
        await Promise.all(Array.from({ length: 20 }, (_, id) => tenants.run(id, () => flow(id))));
        expect(await ids()).toHaveLength(20);
      } finally {
        await single.close();
      }
    });
  });

  it('destroys a connection on which something was left behind', async () => {
    const one = await openSessions(database.url, { poolSize: 1 });
    const thread = (sql: string): Promise<unknown> =>
      one.sessions.run(async (session) => {
        await session.fetchAll(sql);
        return session.internals.connection.threadId;
      });
    try {
      const clean = await thread('SELECT 1');
      expect(await thread('SELECT 2')).toBe(clean);
      expect(await thread('SELECT @left := 1')).toBe(clean);
      const second = await thread("SELECT GET_LOCK('misuse-test', 0)");
      expect(second).not.toBe(clean);
      expect(await thread('SELECT 3')).not.toBe(second);
      const holder = await one.sessions.run((session) => session.executeScalar("SELECT IS_USED_LOCK('misuse-test')"));
      expect(holder).toBeNull();
    } finally {
      await one.close();
    }
  });
});
