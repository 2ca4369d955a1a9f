import { type DbSession, LockTimeoutError, NestedSessionError, SessionAbortedError } from '@safesync/db';
import { eventually } from '../support/eventually.js';
import type { TestDatabase } from '../support/mysql.js';
import { type HeldSession, holdSession } from './held-session.js';

export interface LockRunOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly independent?: boolean;
}

/** One kind of lock on a word, as seen from one process: a pool of its own. */
export interface LockUnderTest {
  run<T>(key: string, options: LockRunOptions, work: (session: DbSession) => Promise<T>): Promise<T>;
}

/** A table `counters (id, value)` with the row (1, 0), and two processes. */
export interface LockWorld {
  readonly database: TestDatabase;
  readonly one: LockUnderTest;
  readonly other: LockUnderTest;
}

/** What every lock on a word promises (DB-9, DB-10), whatever it is made of. */
export function locksKeepTheirPromises(world: () => LockWorld): void {
  const nothing = async (): Promise<void> => undefined;
  const hold = (lock: LockUnderTest, key: string): Promise<HeldSession> =>
    holdSession((work) => lock.run(key, {}, work), nothing);
  const tryLock = (lock: LockUnderTest, key: string): Promise<string> =>
    lock.run(key, { timeoutMs: 0 }, async () => 'acquired');
  const isFree = async (key: string): Promise<boolean> =>
    tryLock(world().other, key).then(
      () => true,
      () => false,
    );

  it('excludes the other process, not another key, and is free after the commit', async () => {
    const { one, other } = world();
    const held = await hold(other, 'stock:7');
    await expect(tryLock(one, 'stock:7')).rejects.toThrow(LockTimeoutError);
    await expect(tryLock(one, 'stock:7')).rejects.toThrow('"stock:7" was not free within 0 ms');
    expect(await tryLock(one, 'stock:8')).toBe('acquired');
    await held.commit();
    expect(await tryLock(one, 'stock:7')).toBe('acquired');
  });

  it('is free after a rollback, and passes result and error of the work through', async () => {
    const { one } = world();
    const boom = new Error('boom');
    await expect(one.run('through', {}, () => Promise.reject(boom))).rejects.toBe(boom);
    await expect(one.run('through', { timeoutMs: 0 }, async () => 5)).resolves.toBe(5);
  });

  it('gives up after timeoutMs', async () => {
    const { one, other } = world();
    const held = await hold(other, 'busy');
    await expect(one.run('busy', { timeoutMs: 150 }, nothing)).rejects.toThrow('was not free within 150 ms');
    await held.commit();
  });

  it('waits for the holder and then sees what it committed', async () => {
    const { database, one, other } = world();
    const held = await hold(other, 'counter');
    const waiting = one.run('counter', {}, (session) =>
      session.executeScalar('SELECT value FROM counters WHERE id = 1'),
    );
    await held.session.execute('UPDATE counters SET value = 100 WHERE id = 1');
    await held.commit();
    expect(Number(await waiting)).toBe(100);
    await database.pool.query('UPDATE counters SET value = 0');
  });

  it('loses no update of two processes with several waiters each', async () => {
    const { database, one, other } = world();
    const add = (lock: LockUnderTest): Promise<unknown> =>
      lock.run('sum', {}, async (session) => {
        const value = Number(await session.executeScalar('SELECT value FROM counters WHERE id = 1'));
        await session.execute('UPDATE counters SET value = :value WHERE id = 1', { value: value + 1 });
      });
    await Promise.all(Array.from({ length: 40 }, (_, index) => add(index % 2 === 0 ? one : other)));
    expect(await database.rows('SELECT value FROM counters')).toEqual([{ value: 40 }]);
    await database.pool.query('UPDATE counters SET value = 0');
  });

  it('ends a wait when the signal aborts', async () => {
    const { one, other } = world();
    const held = await hold(other, 'aborted');
    const controller = new AbortController();
    const { signal } = controller;
    const first = one.run('aborted', { signal }, nothing);
    const behind = one.run('aborted', { signal }, nothing);
    controller.abort(new Error('shutting down'));
    await expect(first).rejects.toThrow(SessionAbortedError);
    await expect(behind).rejects.toThrow(SessionAbortedError);
    await held.commit();
    expect(await tryLock(one, 'aborted')).toBe('acquired');
  });

  it('is refused inside a session at once, and allowed on request', async () => {
    const { one } = world();
    await expect(one.run('outer', {}, () => one.run('outer', {}, nothing))).rejects.toThrow(NestedSessionError);
    const inner = (key: string): Promise<string> =>
      one.run('outer', {}, () => one.run(key, { independent: true, timeoutMs: 50 }, async () => 'inner'));
    expect(await inner('inner')).toBe('inner');
    await expect(inner('outer')).rejects.toThrow(LockTimeoutError);
  });

  it('a hook of the session finds its lock free', async () => {
    const { one } = world();
    const hooks: string[] = [];
    await one.run('hook', {}, async (session) =>
      session.afterCommit(async () => void hooks.push(await tryLock(one, 'hook'))),
    );
    expect(hooks).toEqual(['acquired']);
  });

  it('a connection lost under the work commits nothing and frees the lock', async () => {
    const { database, one } = world();
    const losing = one.run('lost', {}, async (session) => {
      await session.execute('UPDATE counters SET value = -1 WHERE id = 1');
      const lost = new Promise((resolve) => session.signal.addEventListener('abort', resolve));
      await database.pool.query(`KILL ${session.internals.connection.threadId}`);
      await lost;
    });
    await expect(losing).rejects.toThrow(SessionAbortedError);
    expect(await database.rows('SELECT id FROM counters WHERE value = -1')).toEqual([]);
    expect(await eventually(() => isFree('lost'), { what: 'the lock is free' })).toBe(true);
  });
}
