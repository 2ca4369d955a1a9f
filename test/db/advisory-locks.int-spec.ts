import { InvalidOptionsError } from '@safesync/core';
import { type DbSession, LockTimeoutError, NestedSessionError, SessionAbortedError } from '@safesync/db';
import { type Contender, openContender } from '../concurrency/contender.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type HeldSession, holdSession, runningStatement } from './held-session.js';
import { RecordingMetrics } from './recording-metrics.js';

describe('advisory locks', () => {
  let database: TestDatabase;
  /** Two pools: `other` stands for another process. */
  let db: Contender;
  let other: Contender;
  const metrics = new RecordingMetrics();

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE counters (id INT PRIMARY KEY, value INT NOT NULL)');
    await database.pool.query('INSERT INTO counters VALUES (1, 0)');
    db = await openContender(database.url, { poolSize: 2, metrics });
    other = await openContender(database.url, { poolSize: 3 });
  });
  afterAll(async () => {
    await db?.close();
    await other?.close();
    await database?.drop();
  });

  const nothing = async (): Promise<void> => undefined;
  const hold = (contender: Contender, key: string): Promise<HeldSession> =>
    holdSession((work) => contender.advisoryLocks.run(key, {}, work), nothing);
  const tryLock = (contender: Contender, key: string): Promise<string> =>
    contender.advisoryLocks.run(key, { timeoutMs: 0 }, async () => 'acquired');

  /** The connection that holds the lock of a name, seen from outside. */
  async function holderOf(name: string): Promise<number | null> {
    const [row] = await database.rows<{ holder: string | null }>('SELECT IS_USED_LOCK(?) AS holder', [name]);
    return row?.holder == null ? null : Number(row.holder);
  }

  describe('excluding others', () => {
    it('does not wait with timeoutMs 0, and names the key', async () => {
      const held = await hold(other, 'stock:7');
      await expect(tryLock(db, 'stock:7')).rejects.toThrow(LockTimeoutError);
      await expect(tryLock(db, 'stock:7')).rejects.toThrow('Advisory lock "stock:7" was not free within 0 ms');
      expect(await tryLock(db, 'stock:8')).toBe('acquired');
      await held.commit();
      expect(await tryLock(db, 'stock:7')).toBe('acquired');
    });

    it('gives up after timeoutMs, whole seconds or not', async () => {
      const held = await hold(other, 'busy');
      const impatient = db.advisoryLocks.run('busy', { timeoutMs: 150 }, nothing);
      await expect(impatient).rejects.toThrow('was not free within 150 ms');
      await held.commit();
      expect(await holderOf(`${database.name}:busy`)).toBeNull();
    });

    it('waits for the holder and then sees what it committed, also under REPEATABLE READ', async () => {
      const held = await hold(other, 'counter');
      const waiting = db.advisoryLocks.run('counter', { isolation: 'REPEATABLE READ' }, (session) =>
        session.executeScalar('SELECT value FROM counters WHERE id = 1'),
      );
      await runningStatement(database, 'GET_LOCK');
      await held.session.execute('UPDATE counters SET value = 100 WHERE id = 1');
      await held.commit();
      expect(Number(await waiting)).toBe(100);
    });

    it('holds the lock on the connection of the session itself', async () => {
      const [mine, holder] = await db.advisoryLocks.run('same', {}, async (session) => [
        await session.executeScalar('SELECT CONNECTION_ID()'),
        await holderOf(`${database.name}:same`),
      ]);
      expect(Number(mine)).toBe(holder);
    });

    it('M4 measures successful acquisitions and no failed one', async () => {
      const before = metrics.acquisitions('advisory');
      await tryLock(db, 'measured');
      const held = await hold(other, 'measured');
      await expect(tryLock(db, 'measured')).rejects.toThrow(LockTimeoutError);
      await held.commit();
      expect(metrics.acquisitions('advisory')).toBe(before + 1);
    });

    it('passes the result and the error of the work through', async () => {
      const boom = new Error('boom');
      await expect(db.advisoryLocks.run('through', {}, async () => 5)).resolves.toBe(5);
      await expect(db.advisoryLocks.run('through', {}, () => Promise.reject(boom))).rejects.toBe(boom);
    });
  });

  describe('waiting', () => {
    it('takes one connection however many wait, and serves all of them', async () => {
      const held = await hold(other, 'queue');
      const done: number[] = [];
      const waiting = Array.from({ length: 10 }, (_, index) =>
        db.advisoryLocks.run('queue', {}, async () => {
          done.push(index);
        }),
      );
      await runningStatement(database, 'GET_LOCK');
      expect(await db.sessions.run(async () => 'the other connection of the pool is free')).toBeDefined();
      expect(await runningStatement(database, 'GET_LOCK')).toHaveLength(1);
      await held.commit();
      await Promise.all(waiting);
      expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('keeps to the deadline of each who waits, also behind one with more patience', async () => {
      const held = await hold(other, 'patience');
      const patient = db.advisoryLocks.run('patience', { timeoutMs: 20_000 }, async () => 'patient');
      await runningStatement(database, 'GET_LOCK');
      await expect(db.advisoryLocks.run('patience', { timeoutMs: 50 }, nothing)).rejects.toThrow(LockTimeoutError);
      await expect(tryLock(db, 'patience')).rejects.toThrow(LockTimeoutError);
      await held.commit();
      expect(await patient).toBe('patient');
    });

    it('ends when the signal aborts, at the server and behind others of the process', async () => {
      const held = await hold(other, 'aborted');
      const controller = new AbortController();
      const { signal } = controller;
      const atServer = db.advisoryLocks.run('aborted', { signal }, nothing);
      await runningStatement(database, 'GET_LOCK');
      const behind = db.advisoryLocks.run('aborted', { signal }, nothing);
      controller.abort(new Error('shutting down'));
      await expect(atServer).rejects.toThrow(SessionAbortedError);
      await expect(behind).rejects.toThrow(SessionAbortedError);
      await expect(behind).rejects.toMatchObject({ cause: expect.objectContaining({ message: 'shutting down' }) });
      await expect(db.advisoryLocks.run('aborted', { signal }, nothing)).rejects.toThrow(SessionAbortedError);
      await held.commit();
      expect(await db.advisoryLocks.run('aborted', {}, async () => 'free')).toBe('free');
    });

    it('tells a wait that was killed from one that was too long', async () => {
      const held = await hold(other, 'killed');
      const waiting = db.advisoryLocks.run('killed', {}, nothing);
      const killing = runningStatement(database, 'GET_LOCK').then(([id]) => database.pool.query(`KILL QUERY ${id}`));
      await expect(waiting).rejects.toMatchObject({ name: 'LockAcquisitionError', code: 'LOCK_ACQUISITION' });
      await killing;
      await held.commit();
      expect(await tryLock(db, 'killed')).toBe('acquired');
    });

    it('may last longer than a statement may stay unanswered', async () => {
      const defaults = { lockWaitMs: 100 };
      const brisk = await openContender(database.url, { poolSize: 1, db: { statementTimeoutMs: 400, defaults } });
      const held = await hold(other, 'long');
      const waiting = brisk.advisoryLocks.run('long', { timeoutMs: 900 }, nothing);
      await expect(waiting).rejects.toThrow(LockTimeoutError);
      await held.commit();
      await brisk.close();
    });

    it('is finite and not negative', async () => {
      for (const timeoutMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number]) {
        await expect(db.advisoryLocks.run('key', { timeoutMs }, nothing)).rejects.toThrow(InvalidOptionsError);
      }
    });
  });

  describe('a lost connection', () => {
    it('aborts the signal of the work, commits nothing and frees the lock', async () => {
      const aborted: unknown[] = [];
      const losing = db.advisoryLocks.run('lost', {}, async (session) => {
        await session.execute('UPDATE counters SET value = -1 WHERE id = 1');
        const lost = new Promise((resolve) => session.signal.addEventListener('abort', resolve));
        await database.pool.query(`KILL ${session.internals.connection.threadId}`);
        await lost;
        aborted.push(session.signal.reason);
      });
      await expect(losing).rejects.toThrow(SessionAbortedError);
      expect(aborted).toEqual([expect.objectContaining({ code: 'CONNECTION_LOST' })]);
      expect(await database.rows('SELECT id FROM counters WHERE value = -1')).toEqual([]);
      expect(await tryLock(other, 'lost')).toBe('acquired');
    });
  });

  describe('nesting', () => {
    it('is refused at once, before anybody waits for itself', async () => {
      const nested = db.advisoryLocks.run('outer', {}, () => db.advisoryLocks.run('outer', {}, nothing));
      await expect(nested).rejects.toThrow(NestedSessionError);
    });

    it('is allowed on request; the same key then waits for its own outer session until its time is up', async () => {
      const nested = (key: string): Promise<string> =>
        db.advisoryLocks.run('outer', {}, () =>
          db.advisoryLocks.run(key, { independent: true, timeoutMs: 50 }, async () => 'inner'),
        );
      expect(await nested('inner')).toBe('inner');
      await expect(nested('outer')).rejects.toThrow(LockTimeoutError);
    });

    it('a hook of the session finds its lock free', async () => {
      const hooks: string[] = [];
      const lockAgain = async (): Promise<void> => void hooks.push(await tryLock(db, 'hook'));
      await db.advisoryLocks.run('hook', {}, async (session: DbSession) => session.afterCommit(lockAgain));
      expect(hooks).toEqual(['acquired']);
    });
  });
});
