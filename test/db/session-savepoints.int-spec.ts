import { ConcurrentUseError, type DbSession, UnawaitedStatementsError } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { deferred } from './held-session.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

class Undo extends Error {}

describe('savepoints and hooks', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
    db = await openSessions(database.url, { poolSize: 1 });
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM items');
    db.hookErrors.length = 0;
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const insert = (session: DbSession, id: number): Promise<number> =>
    session.execute('INSERT INTO items VALUES (:id)', { id });
  const ids = async (): Promise<number[]> =>
    (await database.rows<{ id: number }>('SELECT id FROM items ORDER BY id')).map(({ id }) => id);
  const undone = async (session: DbSession, work: () => Promise<unknown>): Promise<void> => {
    const savepoint = session.savepoint(async () => {
      await work();
      throw new Undo();
    });
    await expect(savepoint).rejects.toBeInstanceOf(Undo);
  };

  describe('a savepoint', () => {
    it('DB-5 undoes its own rows and nothing else when it throws', async () => {
      await db.sessions.run(async (session) => {
        await insert(session, 1);
        await undone(session, () => insert(session, 2));
        await insert(session, 3);
      });
      expect(await ids()).toEqual([1, 3]);
    });

    it('returns what its work returns', async () => {
      await db.sessions.run(async (session) => {
        expect(await session.savepoint(() => insert(session, 1))).toBe(1);
      });
      expect(await ids()).toEqual([1]);
    });

    it('nests', async () => {
      await db.sessions.run(async (session) => {
        await session.savepoint(async () => {
          await insert(session, 1);
          await undone(session, async () => {
            await insert(session, 2);
            await session.savepoint(() => insert(session, 3));
          });
          await session.savepoint(() => insert(session, 4));
        });
        await undone(session, () => session.savepoint(() => insert(session, 5)));
      });
      expect(await ids()).toEqual([1, 4]);
    });

    it('goes with its session', async () => {
      const run = db.sessions.run(async (session) => {
        await session.savepoint(() => insert(session, 1));
        throw new Undo();
      });
      await expect(run).rejects.toBeInstanceOf(Undo);
      expect(await ids()).toEqual([]);
    });

    it('M20 refuses a second one beside it, and a statement outside of it, and commits nothing', async () => {
      const inside = deferred<void>();
      const leave = deferred<void>();
      const run = db.sessions.run(async (session) => {
        const first = session.savepoint(async () => {
          await insert(session, 1);
          inside.resolve();
          await leave.promise;
        });
        await inside.promise;
        await expect(session.savepoint(() => insert(session, 2))).rejects.toBeInstanceOf(ConcurrentUseError);
        await expect(insert(session, 3)).rejects.toBeInstanceOf(ConcurrentUseError);
        await expect(session.manager.query('SELECT 1')).rejects.toBeInstanceOf(ConcurrentUseError);
        leave.resolve();
        await first;
        await insert(session, 4);
      });
      await run;
      expect(await ids()).toEqual([1, 4]);
    });

    it('stops a flow of code that it did not wait for', async () => {
      const goOn = deferred<void>();
      await db.sessions.run(async (session) => {
        let late: Promise<unknown> = Promise.resolve();
        await session.savepoint(async () => {
          await insert(session, 1);
          late = goOn.promise.then(() => insert(session, 2)).catch((error: unknown) => error);
        });
        goOn.resolve();
        expect(await late).toBeInstanceOf(ConcurrentUseError);
      });
      expect(await ids()).toEqual([1]);
    });

    it('undoes itself when its statements are not awaited', async () => {
      await db.sessions.run(async (session) => {
        const savepoint = session.savepoint(async () => {
          void insert(session, 1);
        });
        await expect(savepoint).rejects.toBeInstanceOf(UnawaitedStatementsError);
        await insert(session, 2);
      });
      expect(await ids()).toEqual([2]);
    });

    it('works in an independent session inside another session’s savepoint, and back', async () => {
      const two = await openSessions(database.url, { poolSize: 2 });
      try {
        await two.sessions.run((outer) =>
          outer.savepoint(async () => {
            await insert(outer, 1);
            await two.sessions.run(
              (inner) =>
                inner.savepoint(async () => {
                  await insert(inner, 2);
                  await insert(outer, 3);
                }),
              { independent: true },
            );
            await insert(outer, 4);
          }),
        );
      } finally {
        await two.close();
      }
      expect(await ids()).toEqual([1, 2, 3, 4]);
    });
  });

  describe('hooks', () => {
    it('DB-5 run in order after the commit, when the connection is free again', async () => {
      const order: string[] = [];
      await db.sessions.run(async (session) => {
        session.afterRollback(() => void order.push('rollback'));
        session.afterCommit(async () => {
          // the pool has one connection only
          await db.sessions.run((next) => insert(next, 2));
          order.push('first');
        });
        session.afterCommit(() => void order.push('second'));
        await insert(session, 1);
        order.push('work');
      });
      expect(order).toEqual(['work', 'first', 'second']);
      expect(await ids()).toEqual([1, 2]);
    });

    it('DB-5 run after the rollback', async () => {
      const order: string[] = [];
      const run = db.sessions.run(async (session) => {
        session.afterRollback(() => void order.push('rollback'));
        session.afterCommit(() => void order.push('commit'));
        throw new Undo();
      });
      await expect(run).rejects.toBeInstanceOf(Undo);
      expect(order).toEqual(['rollback']);
    });

    it('change nothing about the outcome when they throw', async () => {
      const order: string[] = [];
      const failure = new Error('hook');
      const value = await db.sessions.run(async (session) => {
        session.afterCommit(() => Promise.reject(failure));
        session.afterCommit(() => void order.push('second'));
        await insert(session, 1);
        return 'value';
      });
      expect(value).toBe('value');
      expect(order).toEqual(['second']);
      expect(db.hookErrors).toEqual([failure]);
    });

    it('change nothing either when what reports their errors throws itself', async () => {
      const onHookError = (): never => {
        throw new Error('the log is full');
      };
      const other = await openSessions(database.url, { poolSize: 1, onHookError });
      const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
      try {
        const run = other.sessions.run(async (session) => {
          session.afterCommit(() => Promise.reject(new Error('hook')));
          return 'value';
        });
        expect(await run).toBe('value');
        expect(warned).toHaveBeenCalledWith(expect.stringContaining('the log is full'), 'SafeSyncHookWarning');
      } finally {
        warned.mockRestore();
        await other.close();
      }
    });

    it('follow the rows of their savepoint', async () => {
      const order: string[] = [];
      await db.sessions.run(async (session) => {
        session.afterCommit(() => void order.push('kept'));
        await undone(session, async () => {
          session.afterCommit(() => void order.push('never'));
          session.afterRollback(() => void order.push('undone'));
        });
        await session.savepoint(async () => session.afterCommit(() => void order.push('kept too')));
      });
      expect(order).toEqual(['undone', 'kept', 'kept too']);
    });
  });
});
