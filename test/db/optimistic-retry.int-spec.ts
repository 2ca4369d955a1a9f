import { InvalidOptionsError } from '@safesync/core';
import {
  type DbSession,
  DeadlockError,
  MissingRowError,
  NestedSessionError,
  OccConflictError,
  occRetry,
} from '@safesync/db';
import { type Contender, openContender } from '../concurrency/contender.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';

const QUICK = { backoff: { baseMs: 1, maxMs: 2 } };

describe('optimistic retry', () => {
  let database: TestDatabase;
  let db: Contender;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY, value INT NOT NULL, version INT NOT NULL)');
    await database.pool.query('CREATE TABLE log (attempt INT)');
    db = await openContender(database.url, { poolSize: 2 });
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM items');
    await database.pool.query('DELETE FROM log');
    await database.pool.query('INSERT INTO items VALUES (1, 0, 0)');
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const versionOf = async (session: DbSession): Promise<number> =>
    Number(await session.executeScalar('SELECT version FROM items WHERE id = 1'));
  const change = (versionValue: number, idValue = 1) => ({
    table: 'items',
    idColumn: 'id',
    idValue,
    versionColumn: 'version',
    versionValue,
    updates: { value: 1 },
  });

  /** Somebody else changes the row between reading and updating it. */
  const interfere = (): Promise<unknown> => database.pool.query('UPDATE items SET version = version + 1 WHERE id = 1');

  /** Reads, loses against others in the first `losses` attempts, updates. */
  const losing =
    (losses: number, update: 'update' | 'updateOrThrow') =>
    async (session: DbSession, attempt: number): Promise<number | bigint> => {
      await session.execute('INSERT INTO log VALUES (:attempt)', { attempt });
      const version = await versionOf(session);
      if (attempt <= losses) await interfere();
      return db.optimistic[update](session, change(version));
    };

  it.each(['update', 'updateOrThrow'] as const)(
    'reads again in a new session until it fits, and keeps nothing of the attempts that lost (%s)',
    async (update) => {
      expect(Number(await db.optimistic.retry(losing(2, update), QUICK))).toBe(update === 'update' ? 1 : 3);
      expect(await database.rows('SELECT * FROM items')).toEqual([{ id: 1, value: 1, version: 3 }]);
      expect(await database.rows('SELECT attempt FROM log')).toEqual([{ attempt: 3 }]);
    },
  );

  it('works under REPEATABLE READ, where the same session would read the same old version for ever', async () => {
    const isolation = 'REPEATABLE READ';
    expect(await db.optimistic.retry(losing(1, 'update'), { ...QUICK, isolation })).toBe(1);
  });

  it.each(['update', 'updateOrThrow'] as const)(
    'gives up with OccConflictError after its attempts (%s)',
    async (update) => {
      const giving = db.optimistic.retry(losing(99, update), { ...QUICK, attempts: 3 });
      await expect(giving).rejects.toThrow(OccConflictError);
      await expect(giving).rejects.toMatchObject({ code: 'OCC_CONFLICT', attempts: 3 });
      expect(await database.rows('SELECT * FROM log')).toEqual([]);
    },
  );

  it('gives up with OccConflictError when its time is over, also in the middle of an attempt', async () => {
    const hanging = async (session: DbSession, attempt: number): Promise<number | bigint> => {
      if (attempt === 2) await session.execute('DO SLEEP(20)');
      return losing(99, 'update')(session, attempt);
    };
    const giving = db.optimistic.retry(hanging, { ...QUICK, budgetMs: 400 });
    await expect(giving).rejects.toThrow(OccConflictError);
    await expect(giving).rejects.toMatchObject({ attempts: 1 });
  });

  it('repeats after a database error that may not come back', async () => {
    const attempts: number[] = [];
    const result = await occRetry(
      db.sessions,
      async (_session, attempt) => {
        attempts.push(attempt);
        if (attempt === 1) throw new DeadlockError('A deadlock.');
        return 'done';
      },
      QUICK,
    );
    expect([result, attempts]).toEqual(['done', [1, 2]]);
  });

  it('does not repeat a missing row or an error of the work', async () => {
    const missing = db.optimistic.retry((session) => db.optimistic.updateOrThrow(session, change(0, 404)), QUICK);
    await expect(missing).rejects.toThrow(MissingRowError);
    const boom = new Error('boom');
    let attempts = 0;
    const failing = db.optimistic.retry(() => {
      attempts += 1;
      return Promise.reject(boom);
    }, QUICK);
    await expect(failing).rejects.toBe(boom);
    expect(attempts).toBe(1);
  });

  it('is refused inside a session', async () => {
    const nested = db.sessions.run(() => db.optimistic.retry(losing(0, 'update'), QUICK));
    await expect(nested).rejects.toThrow(NestedSessionError);
  });

  it('refuses attempts, budgets and pauses that cannot work', async () => {
    const wrong = db.optimistic.retry(losing(0, 'update'), {
      attempts: 0,
      budgetMs: -1,
      backoff: { baseMs: -1, maxMs: 1 },
    });
    await expect(wrong).rejects.toThrow(InvalidOptionsError);
  });
});
