import {
  AdvisoryLock,
  type DbSession,
  LockTimeoutError,
  SessionClosedError,
  StatementRefusedError,
} from '@safesync/db';
import { type Contender, openContender } from '../concurrency/contender.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type HeldSession, holdSession } from './held-session.js';
import { RecordingMetrics } from './recording-metrics.js';

describe('AdvisoryLock, taken inside a session', () => {
  let database: TestDatabase;
  let db: Contender;
  const metrics = new RecordingMetrics();

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE notes (id INT PRIMARY KEY)');
    db = await openContender(database.url, { poolSize: 3, metrics });
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const acquire = (session: DbSession, key = 'job', seconds = 0): Promise<void> =>
    new AdvisoryLock(session, key, seconds).acquire();
  const hold = (work: (session: DbSession) => Promise<unknown>) => holdSession((held) => db.sessions.run(held), work);
  const nameOf = (key: string): string => `${database.name}:${key}`;

  async function isFree(key: string): Promise<boolean> {
    const [row] = await database.rows<{ holder: unknown }>('SELECT IS_USED_LOCK(?) AS holder', [nameOf(key)]);
    return row?.holder === null;
  }

  it('L1 takes a free lock, and the session goes on', async () => {
    const one = await db.sessions.run(async (session) => {
      await acquire(session, 'job', 1);
      return session.executeScalar('SELECT 1');
    });
    expect(Number(one)).toBe(1);
  });

  it('L2 throws LockTimeoutError when another session has it and timeout is 0', async () => {
    const held = await hold(acquire);
    await expect(db.sessions.run(acquire)).rejects.toThrow(LockTimeoutError);
    await held.commit();
  });

  it('L3 keeps the lock while the session is open, also after a savepoint that took it was undone', async () => {
    const held = await hold(async (session) => {
      const undone = session.savepoint(async () => {
        await acquire(session);
        throw new Error('undo');
      });
      await expect(undone).rejects.toThrow('undo');
    });
    await expect(db.sessions.run(acquire)).rejects.toThrow(LockTimeoutError);
    await held.rollback();
  });

  it('L4 lets an error under the lock through', async () => {
    const failing = db.sessions.run(async (session) => {
      await acquire(session);
      throw new Error('under the lock');
    });
    await expect(failing).rejects.toThrow('under the lock');
  });

  it('L5 refuses a session that has ended', async () => {
    const session = await db.sessions.run(async (given) => given);
    await expect(acquire(session)).rejects.toThrow(SessionClosedError);
  });

  it('M4 measures the acquisition', async () => {
    const before = metrics.acquisitions('advisory');
    await db.sessions.run(acquire);
    expect(metrics.acquisitions('advisory')).toBe(before + 1);
  });

  it('succeeds again in the session that has it, and is free after its end', async () => {
    await db.sessions.run(async (session) => {
      await acquire(session);
      await acquire(session);
      expect(await isFree('job')).toBe(false);
    });
    expect(await isFree('job')).toBe(true);
  });

  it('shares its keys with AdvisoryLocks.run', async () => {
    const held = await hold(acquire);
    await expect(db.advisoryLocks.run('job', { timeoutMs: 0 }, async () => 1)).rejects.toThrow(LockTimeoutError);
    await held.commit();
  });

  it('is refused after a read under REPEATABLE READ, which would hide what the last holder did', async () => {
    const isolation = { isolation: 'REPEATABLE READ' } as const;
    const late = db.sessions.run(async (session) => {
      await session.fetchAll('SELECT * FROM notes');
      await acquire(session);
    }, isolation);
    await expect(late).rejects.toThrow(StatementRefusedError);
    await expect(db.sessions.run(acquire, isolation)).resolves.toBeUndefined();
  });

  it('ends a circle of waiting sessions with LockAcquisitionError for one of them', async () => {
    const first = await hold((session) => acquire(session, 'a'));
    const second = await hold((session) => acquire(session, 'b'));
    const cross = async ({ session, rollback }: HeldSession, key: string): Promise<void> => {
      try {
        await acquire(session, key, 20);
      } finally {
        await rollback();
      }
    };
    const outcomes = await Promise.allSettled([cross(first, 'b'), cross(second, 'a')]);
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failed.map(({ reason }) => reason.code)).toEqual(['LOCK_ACQUISITION']);
    expect([await isFree('a'), await isFree('b')]).toEqual([true, true]);
  });
});
