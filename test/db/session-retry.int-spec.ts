import { ConnectionLostError, type DbSession, DeadlockError, LockTimeoutError } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { holdSession } from './held-session.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

describe('withRetry', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL)');
    db = await openSessions(database.url, { poolSize: 8 });
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM accounts');
    await database.pool.query('INSERT INTO accounts VALUES (1, 0), (2, 0)');
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
  const backoff = { baseMs: 1, maxMs: 5 };

  it('DB-7 brings flows that deadlock with each other through, each effect once', async () => {
    const attempts: number[] = [];
    const transfer = (first: number, second: number): Promise<void> =>
      db.sessions.withRetry(
        async (session, attempt) => {
          attempts.push(attempt);
          await add(session, first);
          await session.execute('DO SLEEP(0.002)');
          await add(session, second);
        },
        { attempts: 100, backoff: { baseMs: 5, maxMs: 50 } },
      );
    await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? transfer(1, 2) : transfer(2, 1))));
    expect(await balances()).toEqual([40, 40]);
    // control: without deadlocks this would have shown nothing
    expect(Math.max(...attempts)).toBeGreaterThan(1);
  });

  it('DB-7 gives each attempt a session of its own, and undoes what the failed ones did', async () => {
    const sessions = new Set<DbSession>();
    const result = await db.sessions.withRetry(
      async (session, attempt) => {
        sessions.add(session);
        await add(session, 1);
        if (attempt < 3) throw new DeadlockError('Made up.');
        return attempt;
      },
      { backoff },
    );
    expect(result).toBe(3);
    expect(sessions.size).toBe(3);
    expect(await balances()).toEqual([1, 0]);
  });

  it('DB-7 throws the last error, with the number of attempts', async () => {
    let calls = 0;
    const run = db.sessions.withRetry(
      async () => {
        calls += 1;
        throw new ConnectionLostError(`Call ${calls}.`);
      },
      { attempts: 3, backoff },
    );
    await expect(run).rejects.toMatchObject({ attempts: 3, message: expect.stringMatching(/^Call 3/) });
    expect(calls).toBe(3);
  });

  it('notes the attempts on a library error that the application wrapped', async () => {
    const run = db.sessions.withRetry(
      async () => Promise.reject(new Error('transfer failed', { cause: new DeadlockError('Made up.') })),
      { attempts: 2, backoff },
    );
    await expect(run).rejects.toMatchObject({ message: 'transfer failed', cause: { attempts: 2 } });
  });

  it('does not repeat what will not change', async () => {
    let calls = 0;
    const failing = (error: Error) =>
      db.sessions.withRetry(async () => {
        calls += 1;
        throw error;
      });
    await expect(failing(new Error('no funds'))).rejects.toThrow('no funds');
    await expect(
      db.sessions.withRetry(async (session) => {
        calls += 1;
        await session.execute('INSERT INTO accounts VALUES (1, 0)');
      }),
    ).rejects.toMatchObject({ code: 'DUPLICATE_KEY', attempts: 1 });
    expect(calls).toBe(2);
  });

  it('DB-7 ends when its time is used up, lock waits included', async () => {
    const holder = await holdSession(
      (work) => db.sessions.run(work),
      (session) => add(session, 1),
    );
    const run = db.sessions.withRetry((session) => add(session, 1), {
      attempts: 1_000,
      budgetMs: 1_500,
      lockWaitMs: 1_000,
      backoff,
    });
    await expect(run).rejects.toMatchObject({ code: expect.stringMatching(/^(LOCK_TIMEOUT|SESSION_TIMEOUT)$/) });
    await holder.rollback();
    expect(await balances()).toEqual([0, 0]);
  });

  it('repeats after a lock wait that timed out, until the holder is gone', async () => {
    const holder = await holdSession(
      (work) => db.sessions.run(work),
      (session) => add(session, 1),
    );
    const errors: unknown[] = [];
    await db.sessions.withRetry(
      async (session) => {
        await add(session, 1).catch(async (error: unknown) => {
          errors.push(error);
          await holder.rollback();
          throw error;
        });
      },
      { lockWaitMs: 1_000, backoff },
    );
    expect(errors).toEqual([expect.any(LockTimeoutError)]);
    expect(await balances()).toEqual([1, 0]);
  });

  it('DB-7 is refused inside a session', async () => {
    const nested = db.sessions.run(() => db.sessions.withRetry(async () => undefined));
    await expect(nested).rejects.toMatchObject({ code: 'NESTED_SESSION' });
  });

  it('stops on the word of the caller', async () => {
    const controller = new AbortController();
    let calls = 0;
    const run = db.sessions.withRetry(
      async () => {
        calls += 1;
        controller.abort();
        throw new DeadlockError('Made up.');
      },
      { signal: controller.signal, backoff: { baseMs: 60_000, maxMs: 60_000 }, budgetMs: 600_000 },
    );
    await expect(run).rejects.toMatchObject({ code: expect.stringMatching(/^(DEADLOCK|SESSION_ABORTED)$/) });
    expect(calls).toBe(1);
  });

  it('refuses options that cannot be', async () => {
    const work = async (): Promise<void> => undefined;
    await expect(db.sessions.withRetry(work, { attempts: 0 })).rejects.toThrow(/attempts must be an integer >= 1/);
    await expect(db.sessions.withRetry(work, { budgetMs: 0 })).rejects.toThrow(/budgetMs must be/);
  });
});
