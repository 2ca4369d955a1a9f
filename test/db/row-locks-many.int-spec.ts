import { type DbSession, DeadlockError, InvalidParameterError, LockNotAvailableError } from '@safesync/db';
import { type Contender, openContender } from '../concurrency/contender.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { deferred, holdSession, runningStatement } from './held-session.js';

describe('locks on several rows', () => {
  let database: TestDatabase;
  let db: Contender;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE accounts (id BIGINT PRIMARY KEY, code VARCHAR(20) UNIQUE, balance BIGINT)');
    const values = Array.from({ length: 100 }, (_, index) => [index + 1, `code-${100 - index}`, 0]);
    await database.pool.query('INSERT INTO accounts VALUES ?', [values]);
    db = await openContender(database.url, { poolSize: 8 });
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const lockIds = (keys: readonly (string | number | bigint)[]): Promise<unknown[]> =>
    db.sessions.run(async (session) => {
      const rows = await db.rowLocks.lockMany(session, 'accounts', 'id', keys, { columns: ['balance'] });
      return rows.map(({ id }) => id);
    });

  it('returns the rows that exist in the order of their keys, each once', async () => {
    expect(await lockIds([10, 9n, '2', 10n, '10', 2, 999])).toEqual(['2', '9', '10']);
    expect(await lockIds([])).toEqual([]);
  });

  it('locks more rows than one statement names', async () => {
    const keys = Array.from({ length: 80 }, (_, index) => 80 - index);
    expect(await lockIds(keys)).toEqual(keys.toReversed().map(String));
  });

  it('finds a row once when the column takes two keys for equal', async () => {
    const rows = await db.sessions.run((session) =>
      db.rowLocks.lockMany(session, 'accounts', 'code', ['CODE-5', 'code-5', 'code-4']),
    );
    expect(rows.map(({ code }) => code)).toEqual(['code-5', 'code-4']);
  });

  it('tells keys apart that differ by a millisecond', async () => {
    await database.pool.query('CREATE TABLE moments (at DATETIME(3) PRIMARY KEY)');
    const keys = ['2026-01-01 00:00:00.001', '2026-01-01 00:00:00.002'];
    await database.pool.query('INSERT INTO moments VALUES ?', [keys.map((at) => [at])]);
    const rows = await db.sessions.run((session) => db.rowLocks.lockMany(session, 'moments', 'at', keys));
    expect(rows).toHaveLength(2);
  });

  it('refuses keys that cannot be ordered', async () => {
    await expect(lockIds([null as unknown as number])).rejects.toThrow(InvalidParameterError);
    await expect(lockIds([{} as unknown as number])).rejects.toThrow('"keys" must hold strings');
    await expect(lockIds([2 ** 60])).rejects.toThrow('beyond 2^53');
  });

  it('locks in the order of the keys, not of an index: nothing later is held while an earlier row is waited for', async () => {
    const run = db.sessions.run.bind(db.sessions);
    const first = await holdSession(run, (session) => db.rowLocks.lock(session, 'accounts', { code: 'code-10' }));
    const waiting = db.sessions.run((session) =>
      db.rowLocks.lockMany(session, 'accounts', 'code', ['code-90', 'code-10', 'code-50']),
    );
    await runningStatement(database, 'UNION ALL');
    const probe = (code: string): Promise<unknown> =>
      db.sessions.run((session) => db.rowLocks.lock(session, 'accounts', { code }, { wait: 'nowait' }));
    expect(await probe('code-50')).toMatchObject({ code: 'code-50' });
    expect(await probe('code-90')).toMatchObject({ code: 'code-90' });
    await expect(probe('code-10')).rejects.toThrow(LockNotAvailableError);
    await first.commit();
    expect(await waiting).toHaveLength(3);
  });

  describe('two sessions that lock the same rows in opposite order', () => {
    /** Locks one row, waits until the other session has locked its own, then locks the other's. */
    async function cross(
      session: DbSession,
      [own, others]: readonly [number, number],
      met: () => Promise<void>,
    ): Promise<void> {
      await db.rowLocks.lock(session, 'accounts', { id: own });
      await met();
      await db.rowLocks.lock(session, 'accounts', { id: others });
      await session.execute('UPDATE accounts SET balance = balance + 1 WHERE id IN (1, 2)');
    }

    it('one by one: the server ends one with DeadlockError, the other commits', async () => {
      await database.pool.query('UPDATE accounts SET balance = 0');
      const bothHold = deferred<void>();
      let holding = 0;
      const met = (): Promise<void> => {
        holding += 1;
        if (holding === 2) bothHold.resolve();
        return bothHold.promise;
      };
      const outcomes = await Promise.allSettled([
        db.sessions.run((session) => cross(session, [1, 2], met)),
        db.sessions.run((session) => cross(session, [2, 1], met)),
      ]);
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(failed.map(({ reason }) => reason)).toEqual([expect.any(DeadlockError)]);
      expect(failed[0]?.reason).toMatchObject({ code: 'DEADLOCK', isRetryable: true });
      expect(await database.rows('SELECT id, balance FROM accounts WHERE balance > 0')).toEqual([
        { id: '1', balance: '1' },
        { id: '2', balance: '1' },
      ]);
    });

    it.each(['id', 'code'])('with lockMany by %s: no deadlock in 400 transfers among 6 rows', async (column) => {
      await database.pool.query('UPDATE accounts SET balance = 0');
      const keys = column === 'id' ? [1, 2, 3, 4, 5, 6] : [1, 2, 3, 4, 5, 6].map((number) => `code-${number}`);
      const transfer = (from: number, to: number): Promise<void> =>
        db.sessions.run(async (session) => {
          const pair = [keys[from] as string | number, keys[to] as string | number];
          const rows = await db.rowLocks.lockMany(session, 'accounts', column, pair);
          for (const { id } of rows) {
            await session.execute('UPDATE accounts SET balance = balance + 1 WHERE id = :id', { id: String(id) });
          }
        });
      const worker = async (offset: number): Promise<void> => {
        for (let turn = 0; turn < 50; turn += 1) {
          const from = (turn * 5 + offset) % 6;
          await transfer(from, (from + 1 + ((turn + offset) % 5)) % 6);
        }
      };
      await Promise.all(Array.from({ length: 8 }, (_, offset) => worker(offset)));
      const [sum] = await database.rows<{ total: string }>('SELECT SUM(balance) AS total FROM accounts');
      expect(Number(sum?.total)).toBe(8 * 50 * 2);
    });
  });
});
