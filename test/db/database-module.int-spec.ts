import os from 'node:os';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  AcquireTimeoutError,
  ConnectionLostError,
  type DbConnectionOptions,
  type DbOptions,
  type DbSession,
  DbSessions,
  SafeSyncDbModule,
  Tables,
} from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { barrier } from './barrier.js';
import { type HeldSession, holdSession } from './held-session.js';

const IMPATIENT = { acquireTimeoutMs: 500 };

/** Acceptance cases of a database module. */
describe('the database module', () => {
  let database: TestDatabase;
  let app: TestingModule;
  let sessions: DbSessions;
  let tables: Tables;

  async function boot(connection: DbConnectionOptions, options: DbOptions = {}): Promise<TestingModule> {
    const module = SafeSyncDbModule.forRoot({ connection: { url: database.url, ...connection }, ...options });
    return (await Test.createTestingModule({ imports: [module] }).compile()).init();
  }

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      'CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, owner VARCHAR(40) NOT NULL, n INT NOT NULL DEFAULT 0)',
    );
    app = await boot({ poolSize: 4 });
    sessions = app.get(DbSessions);
    tables = app.get(Tables);
  });
  beforeEach(() => database.pool.query('TRUNCATE items'));
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  const items = (session?: DbSession) => tables.of<{ id: number; owner: string; n: number }>('items', session);
  const owners = async (): Promise<string[]> =>
    (await database.rows<{ owner: string }>('SELECT owner FROM items ORDER BY id')).map(({ owner }) => owner);

  /** Takes `count` connections at once, each with a statement. The errors of those that got none. */
  async function take(given: DbSessions, count: number): Promise<{ held: HeldSession[]; errors: unknown[] }> {
    const one = (): Promise<HeldSession> =>
      holdSession(
        (work) => given.run(work),
        (session) => session.execute('DO 1'),
      );
    const settled = await Promise.allSettled(Array.from({ length: count }, one));
    return {
      held: settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
      errors: settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : [])),
    };
  }
  const giveBack = (held: readonly HeldSession[]): Promise<unknown> => Promise.all(held.map(({ commit }) => commit()));

  describe('D1 pool size', () => {
    afterEach(() => jest.restoreAllMocks());

    it.each([
      ['D1 is two connections for each core by default', {}, 6],
      ['D1 is as configured', { poolSize: 4 }, 4],
    ])('%s', async (_title, connection, expected) => {
      jest.spyOn(os, 'availableParallelism').mockReturnValue(3);
      const module = await boot(connection, IMPATIENT);
      const { held, errors } = await take(module.get(DbSessions), expected + 1);
      expect(errors).toEqual([expect.any(AcquireTimeoutError)]);
      expect(new Set(held.map(({ session }) => session.internals.connection.threadId)).size).toBe(expected);
      await giveBack(held);
      await module.close();
    });

    it('D1 is that of the DataSource, however often sessions are opened on it', async () => {
      const { dataSource } = await sessions.run(async ({ manager }) => manager);
      const others = await DbSessions.open(dataSource, IMPATIENT);
      const { held } = await take(sessions, 3);
      const { held: more, errors } = await take(others, 2);
      expect(more).toHaveLength(1);
      expect(errors).toEqual([expect.any(AcquireTimeoutError)]);
      await giveBack([...held, ...more]);
    });
  });

  it('D3 four workers, each with 50 inserts and updates in turn, meet no error and no deadlock', async () => {
    await items().insert({ owner: 'all' });
    const errors: unknown[] = [];
    const pair = async (owner: string, index: number): Promise<void> => {
      const id = await sessions.run((session) => items(session).insert({ owner, n: index }));
      await sessions.run(async (session) => {
        await items(session).update({ where: { id: Number(id) }, set: { n: index + 1 } });
        await session.execute("UPDATE items SET n = n + 1 WHERE owner = 'all' AND id = 1");
      });
    };
    const worker = async (owner: string): Promise<void> => {
      for (let index = 0; index < 25; index += 1) {
        await pair(owner, index).catch((error: unknown) => void errors.push(error));
      }
    };
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(names.map(worker));
    expect(errors).toEqual([]);
    for (const owner of names) expect(await items().count({ owner })).toBe(25);
    expect(await items().findOne({ owner: 'all' })).toMatchObject({ n: 100 });
  });

  it('D4 two transactions do not see each other, and the row of the one that fails goes', async () => {
    const [bothInserted, bothRead] = [barrier(2), barrier(2)];
    const seen: number[] = [];
    const transaction = (owner: string): Promise<void> =>
      sessions.run(async (session) => {
        await items(session).insert({ owner });
        await bothInserted();
        seen.push(await items(session).count());
        await bothRead();
        if (owner === 'fails') throw new Error('no funds');
      });
    const outcomes = await Promise.allSettled([transaction('stays'), transaction('fails')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(seen).toEqual([1, 1]);
    expect(await owners()).toEqual(['stays']);
  });

  it('D5 two more than there are get a typed error, and all connections come back', async () => {
    const module = await boot({ poolSize: 3 }, IMPATIENT);
    const given = module.get(DbSessions);
    const { held, errors } = await take(given, 3 + 2);
    expect(held).toHaveLength(3);
    expect(errors).toEqual([expect.any(AcquireTimeoutError), expect.any(AcquireTimeoutError)]);
    await giveBack(held);
    const again = await take(given, 3);
    expect(again.errors).toEqual([]);
    await giveBack(again.held);
    await module.close();
  });

  it('D6 withRetry calls a function that fails twice three times', async () => {
    let calls = 0;
    const work = async (session: DbSession): Promise<string> => {
      calls += 1;
      await items(session).insert({ owner: `call ${calls}` });
      if (calls < 3) throw new ConnectionLostError('Made up.');
      return 'success';
    };
    const backoff = { baseMs: 1, maxMs: 1 };
    expect(await sessions.withRetry(work, { attempts: 3, backoff })).toBe('success');
    expect(calls).toBe(3);
    expect(await owners()).toEqual(['call 3']);
  });

  it('D7 what follows a savepoint goes with it, what precedes and follows its rollback stays', async () => {
    await sessions.run(async (session) => {
      await items(session).insert({ owner: '1' });
      const undone = session.savepoint(async () => {
        await items(session).insert({ owner: '2' });
        throw new Error('undo');
      });
      await expect(undone).rejects.toThrow('undo');
      await items(session).insert({ owner: '3' });
    });
    expect(await owners()).toEqual(['1', '3']);
  });
});
