import { DeadlockError, LockTimeoutError, SessionAbortedError } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';
import { createItems, durableItems, Opponent, resetItems } from './opponent.js';

type Execute = (sql: string) => Promise<unknown>;

const ADD_1 = 'UPDATE items SET n = n + 1 WHERE id = 1';
const ADD_2 = 'UPDATE items SET n = n + 1 WHERE id = 2';
const INSERT_3 = 'INSERT INTO items VALUES (3, 0)';

describe('errors that end less or more than their statement', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  let opponent: Opponent;

  beforeAll(async () => {
    database = await createTestDatabase();
    await createItems(database);
    db = await openSessions(database.url, { poolSize: 2, defaults: { lockWaitMs: 1_000 } });
  });
  beforeEach(async () => {
    await resetItems(database);
    opponent = await Opponent.begin(database);
  });
  afterEach(() => opponent.end());
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  /** A transaction on the plain driver, on a connection that nobody has after it. */
  async function plainly(work: (execute: Execute) => Promise<void>, ending: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    const connection = await database.pool.getConnection();
    await connection.query('SET SESSION innodb_lock_wait_timeout = 1');
    await connection.query('START TRANSACTION');
    await work((sql) => connection.query(sql));
    await connection.query(ending);
    connection.destroy();
  }

  describe('M3 a deadlock that is caught, and a write after it', () => {
    /** The error that was caught. */
    async function steps(execute: Execute): Promise<unknown> {
      await execute(ADD_1);
      await opponent.reach();
      const caught = await execute(ADD_2).catch((error: unknown) => error);
      await execute(INSERT_3);
      return caught;
    }

    it('control: on plain mysql2 the write is durable in spite of the ROLLBACK, and what was before is gone', async () => {
      await plainly(async (execute) => expect(await steps(execute)).toMatchObject({ errno: 1213 }), 'ROLLBACK');
      expect(await durableItems(database)).toEqual({ 1: 0, 2: 0, 3: 0 });
    });

    it('cure: the session refuses it without asking the server, and nothing is durable', async () => {
      const run = db.sessions.run((session) => steps((sql) => session.execute(sql)));
      await expect(run).rejects.toThrow(SessionAbortedError);
      await expect(run).rejects.toMatchObject({ isRetryable: true, cause: expect.any(DeadlockError) });
      expect(await durableItems(database)).toEqual({ 1: 0, 2: 0 });
    });

    it('cure: withRetry runs the whole of it again, each effect once', async () => {
      const attempts: number[] = [];
      await db.sessions.withRetry(async (session, attempt) => {
        attempts.push(attempt);
        if (attempt > 1) await opponent.end();
        await session.execute(ADD_1);
        if (attempt === 1) await opponent.reach();
        await session.execute(ADD_2);
        await session.execute(INSERT_3);
      });
      expect(attempts).toEqual([1, 2]);
      expect(await durableItems(database)).toEqual({ 1: 1, 2: 1, 3: 0 });
    });
  });

  describe('M4 a lock wait that timed out and is caught', () => {
    async function steps(execute: Execute): Promise<unknown> {
      await execute(ADD_1);
      return execute(ADD_2).catch((error: unknown) => error);
    }

    it('control: on plain mysql2 COMMIT makes half of the work durable', async () => {
      await plainly(async (execute) => expect(await steps(execute)).toMatchObject({ errno: 1205 }), 'COMMIT');
      expect(await durableItems(database)).toEqual({ 1: 1, 2: 0 });
    });

    it('cure: the session can only roll back', async () => {
      const run = db.sessions.run((session) => steps((sql) => session.execute(sql)));
      await expect(run).rejects.toThrow(SessionAbortedError);
      await expect(run).rejects.toMatchObject({ isRetryable: true, cause: expect.any(LockTimeoutError) });
      expect(await durableItems(database)).toEqual({ 1: 0, 2: 0 });
    });
  });
});
