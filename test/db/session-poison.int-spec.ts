import {
  type DbSession,
  DeadlockError,
  LockNotAvailableError,
  LockTimeoutError,
  SessionAbortedError,
  TransactionLostError,
} from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { barrier } from './barrier.js';
import { type HeldSession, holdSession, runningStatement } from './held-session.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

describe('a poisoned session', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL)');
    db = await openSessions(database.url, { poolSize: 4 });
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM accounts');
    await database.pool.query('INSERT INTO accounts VALUES (1, 0), (2, 0), (3, 0)');
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const add = (session: DbSession, id: number): Promise<number> =>
    session.execute('UPDATE accounts SET balance = balance + 1 WHERE id = :id', { id });
  const balances = async (): Promise<number[]> =>
    (await database.rows<{ balance: number }>('SELECT balance FROM accounts ORDER BY id')).map(
      ({ balance }) => balance,
    );

  /** Two sessions lock rows 1 and 2 crosswise; `onSecond` does the second update of each and decides what to do with it. */
  async function crossing(
    onSecond: (session: DbSession, second: () => Promise<unknown>) => Promise<void>,
  ): Promise<PromiseSettledResult<void>[]> {
    const bothHaveOne = barrier(2);
    const cross = (first: number, second: number): Promise<void> =>
      db.sessions.run(async (session) => {
        await add(session, first);
        await bothHaveOne();
        await onSecond(session, () => add(session, second));
      });
    return Promise.allSettled([cross(1, 2), cross(2, 1)]);
  }

  const reasons = (results: PromiseSettledResult<void>[]): unknown[] =>
    results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));

  it('DB-4 gives the victim of a deadlock its error, and leaves nothing of it', async () => {
    const [error, ...others] = reasons(await crossing(async (_session, second) => void (await second())));
    expect(others).toEqual([]);
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error).toMatchObject({ errno: 1213, isRetryable: true });
    expect(await balances()).toEqual([1, 1, 0]);
  });

  it('DB-4 sends nothing more after a deadlock that was swallowed, and commits nothing', async () => {
    const later: unknown[] = [];
    const results = await crossing(async (session, second) => {
      try {
        await second();
      } catch {
        // what a careless handler does; the next write would be in autocommit and stay
        later.push(await add(session, 3).catch((thrown: unknown) => thrown));
        later.push(
          await session.manager.query('UPDATE accounts SET balance = 99 WHERE id = 3').catch((e: unknown) => e),
        );
        later.push(await session.savepoint(async () => undefined).catch((e: unknown) => e));
        expect(session.isActive).toBe(false);
        expect(session.signal.aborted).toBe(true);
      }
    });
    const [error] = reasons(results);
    expect(reasons(results)).toHaveLength(1);
    expect(error).toBeInstanceOf(SessionAbortedError);
    expect((error as Error).cause).toBeInstanceOf(DeadlockError);
    expect(error).toMatchObject({ isRetryable: true });
    expect(later).toHaveLength(3);
    for (const one of later) expect(one).toMatchObject({ code: 'SESSION_ABORTED', cause: { code: 'DEADLOCK' } });
    expect(await balances()).toEqual([1, 1, 0]);
  });

  it('control: the same on the plain driver keeps half of the work', async () => {
    const bothHaveOne = barrier(2);
    const cross = async (first: number, second: number): Promise<void> => {
      const connection = await database.pool.getConnection();
      const update = (id: number): Promise<unknown> =>
        connection.query('UPDATE accounts SET balance = balance + 1 WHERE id = ?', [id]);
      await connection.query('START TRANSACTION');
      await update(first);
      await bothHaveOne();
      await update(second).catch(() => update(3));
      await connection.query('ROLLBACK');
      connection.release();
    };
    await Promise.all([cross(1, 2), cross(2, 1)]);
    expect(await balances()).toEqual([0, 0, 1]);
  });

  it('DB-4 does not send statements that were already waiting when the deadlock came', async () => {
    const results = await crossing(async (session, second) => {
      const together = [
        second(),
        add(session, 3),
        session.manager.query('UPDATE accounts SET balance = balance + 10 WHERE id = 3'),
      ];
      await Promise.allSettled(together);
    });
    const [victim] = reasons(results);
    expect(victim).toMatchObject({ code: 'SESSION_ABORTED', cause: { code: 'DEADLOCK' } });
    // the survivor's own three statements only: a statement of the victim's would show in the third
    expect(await balances()).toEqual([1, 1, 11]);
  });

  it('DB-4 undoes a deadlock inside a savepoint as a whole, also when the savepoint is caught', async () => {
    const results = await crossing(async (session, second) => {
      await session.savepoint(async () => void (await second())).catch(() => undefined);
      await add(session, 3).catch(() => undefined);
    });
    expect(reasons(results)).toHaveLength(1);
    expect(await balances()).toEqual([1, 1, 1]);
  });

  describe('with a row locked by another session', () => {
    let holder: HeldSession;
    beforeEach(async () => {
      holder = await holdSession(
        (work) => db.sessions.run(work),
        (session) => add(session, 1),
      );
    });
    afterEach(async () => {
      await holder.rollback();
    });

    it('DB-4 can only roll back after a lock wait that timed out', async () => {
      const run = db.sessions.run(
        async (session) => {
          await add(session, 3);
          await add(session, 1).catch(() => undefined);
          await add(session, 3).catch(() => undefined);
        },
        { lockWaitMs: 1_000 },
      );
      await expect(run).rejects.toMatchObject({
        code: 'SESSION_ABORTED',
        cause: { code: 'LOCK_TIMEOUT', errno: 1205 },
      });
      expect(await balances()).toEqual([0, 0, 0]);
    });

    it('DB-4 throws the timeout itself when nobody swallows it', async () => {
      const run = db.sessions.run((session) => add(session, 1), { lockWaitMs: 1_000 });
      await expect(run).rejects.toBeInstanceOf(LockTimeoutError);
    });

    it('DB-4 goes on after a lock wait that timed out when told that it may', async () => {
      await db.sessions.run(
        async (session) => {
          await add(session, 3);
          await expect(add(session, 1)).rejects.toBeInstanceOf(LockTimeoutError);
          await add(session, 3);
        },
        { lockWaitMs: 1_000, abortOnLockTimeout: false },
      );
      expect(await balances()).toEqual([0, 0, 2]);
    });

    it('M5 goes on after a lock that was not waited for', async () => {
      await db.sessions.run(async (session) => {
        await add(session, 3);
        const locked = session.fetchOne('SELECT * FROM accounts WHERE id = 1 FOR UPDATE NOWAIT');
        await expect(locked).rejects.toBeInstanceOf(LockNotAvailableError);
        expect(await session.fetchAll('SELECT id FROM accounts WHERE id < 3 FOR UPDATE SKIP LOCKED')).toEqual([
          { id: 2 },
        ]);
        await add(session, 3);
      });
      expect(await balances()).toEqual([0, 0, 2]);
    });

    it('DB-2 cuts a statement off at the deadline, and frees what it had locked', async () => {
      const run = db.sessions.run(
        async (session) => {
          await add(session, 2);
          await add(session, 1);
        },
        { timeoutMs: 300 },
      );
      const waiting = runningStatement(database, 'UPDATE accounts');
      await expect(run).rejects.toMatchObject({ code: 'SESSION_TIMEOUT' });
      await waiting;
      await db.sessions.run((session) => add(session, 2));
      expect(await balances()).toEqual([0, 1, 0]);
    });
  });

  it('M2 takes a snapshot conflict for the end of the transaction, where the server has them', async () => {
    const supported = await database.rows("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'");
    if (supported.length === 0) {
      // the variable exists on MariaDB 10.6.18 and later only; what its error means is in the error table's own test
      expect(db.sessions.dialect.name).toBe('mysql');
      return;
    }
    const strict = await openSessions(database.url, { poolSize: 2, defaults: { isolation: 'REPEATABLE READ' } });
    try {
      const run = strict.sessions.run(async (session) => {
        await session.internals.connection.query('SET SESSION innodb_snapshot_isolation = ON');
        session.internals.connection.taint('test');
        await session.fetchAll('SELECT * FROM accounts');
        await database.pool.query('UPDATE accounts SET balance = 7 WHERE id = 1');
        await add(session, 1);
      });
      await expect(run).rejects.toMatchObject({ code: 'DEADLOCK', errno: 1020, isRetryable: true });
      expect(await balances()).toEqual([7, 0, 0]);
    } finally {
      await strict.close();
    }
  });

  it('M11 never reports success for a transaction that something else has ended', async () => {
    const run = db.sessions.run(async (session) => {
      await add(session, 1);
      // past the guard, as a stored procedure or a proxy could
      await session.internals.connection.query('COMMIT');
      await add(session, 2).catch(() => undefined);
      await add(session, 3).catch(() => undefined);
    });
    await expect(run).rejects.toBeInstanceOf(SessionAbortedError);
    await expect(run).rejects.toMatchObject({ cause: expect.any(TransactionLostError) });
    expect((await balances())[2]).toBe(0);
  });
});
