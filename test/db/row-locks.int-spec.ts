import { InvalidOptionsError } from '@safesync/core';
import {
  type DbSession,
  InvalidIdentifierError,
  InvalidParameterError,
  LockNotAvailableError,
  LockTimeoutError,
  MultipleRowsError,
  RowLock,
  SessionAbortedError,
  SessionClosedError,
} from '@safesync/db';
import { type Contender, openContender } from '../concurrency/contender.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type HeldSession, holdSession } from './held-session.js';
import { RecordingMetrics } from './recording-metrics.js';

describe('row locks', () => {
  let database: TestDatabase;
  let db: Contender;
  const metrics = new RecordingMetrics();

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      'CREATE TABLE accounts (id BIGINT PRIMARY KEY, owner VARCHAR(20), `order` INT, balance BIGINT NOT NULL, KEY (owner))',
    );
    db = await openContender(database.url, { poolSize: 3, metrics });
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM accounts');
    await database.pool.query("INSERT INTO accounts VALUES (1, 'ann', 7, 100), (2, 'bob', 8, 200), (3, NULL, 9, 300)");
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const inSession = <T>(work: (session: DbSession) => Promise<T>): Promise<T> => db.sessions.run(work);
  const lock1 = (session: DbSession): Promise<unknown> => db.rowLocks.lock(session, 'accounts', { id: 1 });
  const hold = (work: (session: DbSession) => Promise<unknown>): Promise<HeldSession> =>
    holdSession((held, options) => db.sessions.run(held, options), work);

  async function leaked(): Promise<DbSession> {
    return inSession(async (session) => session);
  }

  describe('RowLock, as the ancestor has it', () => {
    it('R1 refuses a session that has ended', async () => {
      const lock = new RowLock(await leaked(), 'accounts', { id: 1 });
      await expect(lock.acquire()).rejects.toThrow(SessionClosedError);
    });

    it('R2 returns the row with its columns', async () => {
      const row = await inSession((session) => new RowLock(session, 'accounts', { id: 1 }).acquire());
      expect(row).toEqual({ id: '1', owner: 'ann', order: 7, balance: '100' });
    });

    it('R3 returns null for a row that does not exist', async () => {
      expect(await inSession((session) => new RowLock(session, 'accounts', { id: 99 }).acquire())).toBeNull();
    });

    it('R4 commits nothing by itself', async () => {
      const failing = inSession(async (session) => {
        await session.execute('INSERT INTO accounts VALUES (4, NULL, NULL, 0)');
        await new RowLock(session, 'accounts', { id: 4 }).acquire();
        throw new Error('undo');
      });
      await expect(failing).rejects.toThrow('undo');
      expect(await database.rows('SELECT id FROM accounts WHERE id = 4')).toEqual([]);
    });

    it('R5 finds the row whatever the order of the columns', async () => {
      const rows = await inSession(async (session) => [
        await new RowLock(session, 'accounts', { id: 2, owner: 'bob' }).acquire(),
        await new RowLock(session, 'accounts', { owner: 'bob', id: 2 }).acquire(),
      ]);
      expect(rows[0]).toMatchObject({ id: '2' });
      expect(rows[1]).toEqual(rows[0]);
    });

    it('refuses a table that cannot be one when it is made', async () => {
      const session = await leaked();
      expect(() => new RowLock(session, 'accounts; DROP TABLE accounts', { id: 1 })).toThrow(InvalidIdentifierError);
    });
  });

  it('M4 measures successful acquisitions, also of a row that does not exist, and no failed one', async () => {
    const before = metrics.acquisitions('row');
    await inSession(lock1);
    await inSession((session) => db.rowLocks.lock(session, 'accounts', { id: 99 }));
    expect(metrics.acquisitions('row')).toBe(before + 2);
    const held = await hold(lock1);
    const refused = inSession((session) => db.rowLocks.lock(session, 'accounts', { id: 1 }, { wait: 'nowait' }));
    await expect(refused).rejects.toThrow(LockNotAvailableError);
    await held.rollback();
    expect(metrics.acquisitions('row')).toBe(before + 3);
  });

  describe('excluding others', () => {
    it('waits until the holder has committed and then sees what it wrote', async () => {
      const held = await hold(async (session) => {
        await lock1(session);
        await session.execute('UPDATE accounts SET balance = 101 WHERE id = 1');
      });
      const waiting = inSession(lock1);
      await held.commit();
      expect(await waiting).toMatchObject({ balance: '101' });
    });

    it.each(['commit', 'rollback'] as const)('is free right after the %s', async (ending) => {
      const held = await hold(lock1);
      await held[ending]();
      const row = inSession((session) => db.rowLocks.lock(session, 'accounts', { id: 1 }, { wait: 'nowait' }));
      expect(await row).toMatchObject({ id: '1' });
    });

    it('fails at once with nowait, naming the table, and the session goes on', async () => {
      const held = await hold(lock1);
      const other = await inSession(async (session) => {
        const refused = db.rowLocks.lock(session, 'accounts', { id: 1 }, { wait: 'nowait' });
        await expect(refused).rejects.toThrow(LockNotAvailableError);
        await expect(refused).rejects.toThrow('"accounts"');
        await expect(refused).rejects.toMatchObject({ code: 'LOCK_NOT_AVAILABLE', isRetryable: false });
        return db.rowLocks.lock(session, 'accounts', { id: 2 });
      });
      expect(other).toMatchObject({ id: '2' });
      await held.rollback();
    });

    it('treats timeoutMs 0 as nowait', async () => {
      const held = await hold(lock1);
      const refused = inSession((session) => db.rowLocks.lock(session, 'accounts', { id: 1 }, { timeoutMs: 0 }));
      await expect(refused).rejects.toThrow(LockNotAvailableError);
      await held.rollback();
    });

    it('acts as if a locked row did not exist with skipLocked', async () => {
      const held = await hold(lock1);
      const skip = { wait: 'skipLocked' } as const;
      const rows = await inSession(async (session) => [
        await db.rowLocks.lock(session, 'accounts', { id: 1 }, skip),
        await db.rowLocks.lock(session, 'accounts', { id: 2 }, skip),
      ]);
      expect(rows).toEqual([null, expect.objectContaining({ id: '2' })]);
      await held.rollback();
    });

    it('lets several share a row and keeps writers out', async () => {
      const share = { mode: 'share' } as const;
      const held = await hold((session) => db.rowLocks.lock(session, 'accounts', { id: 1 }, share));
      const shared = await inSession((session) =>
        db.rowLocks.lock(session, 'accounts', { id: 1 }, { ...share, wait: 'nowait' }),
      );
      expect(shared).toMatchObject({ id: '1' });
      const refused = inSession((session) => db.rowLocks.lock(session, 'accounts', { id: 1 }, { wait: 'nowait' }));
      await expect(refused).rejects.toThrow(LockNotAvailableError);
      await held.rollback();
    });

    it('gives up after timeoutMs; the session can then only roll back', async () => {
      const held = await hold(lock1);
      const giving = inSession(async (session) => {
        await session.execute('UPDATE accounts SET balance = 0 WHERE id = 2');
        const tooLong = db.rowLocks.lock(session, 'accounts', { id: 1 }, { timeoutMs: 1_000 });
        await expect(tooLong).rejects.toThrow(LockTimeoutError);
        await expect(tooLong).rejects.toMatchObject({ code: 'LOCK_TIMEOUT', isRetryable: true });
        await expect(tooLong).rejects.toThrow('"accounts"');
        await session.execute('UPDATE accounts SET balance = 0 WHERE id = 3');
      });
      await expect(giving).rejects.toThrow(SessionAbortedError);
      await held.rollback();
      expect(await database.rows('SELECT balance FROM accounts WHERE balance = 0')).toEqual([]);
    });

    it('leaves the lock wait of the connection as it was', async () => {
      const lockWait = 'SELECT @@SESSION.innodb_lock_wait_timeout';
      const waits = await inSession(async (session) => {
        const before = await session.executeScalar(lockWait);
        await db.rowLocks.lock(session, 'accounts', { id: 1 }, { timeoutMs: 2_000 });
        return [before, await session.executeScalar(lockWait)];
      });
      expect(Number(waits[1])).toBe(Number(waits[0]));
    });

    it('says nothing about a row that does not exist: both find null and both may insert', async () => {
      const missing = (session: DbSession): Promise<unknown> => db.rowLocks.lock(session, 'accounts', { id: 50 });
      const held = await hold(async (session) => expect(await missing(session)).toBeNull());
      expect(await inSession(missing)).toBeNull();
      await held.commit();
    });
  });

  describe('conditions', () => {
    const find = (where: Parameters<Contender['rowLocks']['lock']>[2]): Promise<unknown> =>
      inSession((session) => db.rowLocks.lock(session, 'accounts', where, { columns: ['id'] }));

    it('reads null as IS NULL and an array as IN', async () => {
      expect(await find({ owner: null })).toEqual({ id: '3' });
      expect(await find({ id: [2, 98, '99'] })).toEqual({ id: '2' });
      expect(await find({ id: [] })).toBeNull();
    });

    it('refuses an empty condition, naming the argument', async () => {
      await expect(find({})).rejects.toThrow(InvalidParameterError);
      await expect(find({})).rejects.toThrow('"where" must name at least one column');
    });

    it('refuses values that SQL cannot hold, naming the column and not the value', async () => {
      await expect(find({ id: Number.NaN })).rejects.toThrow(/id" is NaN/);
      await expect(find({ id: undefined as unknown as null })).rejects.toThrow(/id" is of type undefined/);
      await expect(find({ id: [1, null] })).rejects.toThrow('"id" holds null');
      await expect(find({ owner: { secret: 'canary' } as unknown as null })).rejects.toThrow(/^(?!.*canary).*owner/);
    });

    it('refuses columns that cannot be one', async () => {
      await expect(find({ 'id = 1 OR 1': 1 })).rejects.toThrow(InvalidIdentifierError);
      await expect(find({ 'id\n': 1 })).rejects.toThrow(InvalidIdentifierError);
    });

    it('quotes names, so that reserved words and tables of a schema work', async () => {
      expect(await find({ order: 8 })).toEqual({ id: '2' });
      const qualified = `${database.name}.accounts`;
      expect(await inSession((session) => db.rowLocks.lock(session, qualified, { id: 1 }))).toMatchObject({ id: '1' });
    });

    it('throws when a second row matches', async () => {
      await expect(find({ id: [1, 2, 3] })).rejects.toThrow(MultipleRowsError);
      await expect(find({ id: [1, 2, 3] })).rejects.toThrow('"accounts"');
    });

    it('refuses options that contradict each other, all at once', async () => {
      const options = { mode: 'write' as 'share', wait: 'nowait', timeoutMs: 5, columns: [] } as const;
      const refused = inSession((session) => db.rowLocks.lock(session, 'accounts', { id: 1 }, options));
      await expect(refused).rejects.toThrow(InvalidOptionsError);
      await expect(refused).rejects.toThrow(/mode must be.*columns must name.*timeoutMs has no meaning/);
    });
  });
});
