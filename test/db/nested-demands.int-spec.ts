import { DbSessions, PoolDeadlockError } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { barrier } from './barrier.js';
import { deferred, holdSession } from './held-session.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

describe('M23 demands inside of sessions', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  const open = async (options: OpenSessionsOptions = {}): Promise<OpenSessions> => {
    db = await openSessions(database.url, { poolSize: 2, ...options });
    return db;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => db?.close());
  afterAll(() => database?.drop());

  it('serves them before others who have waited longer', async () => {
    const { sessions } = await open();
    const order: string[] = [];
    const othersWait = deferred<void>();
    const neighbour = await holdSession(sessions.run.bind(sessions), async () => undefined);
    const outer = sessions.run(async () => {
      await othersWait.promise;
      const inner = sessions.run(async () => void order.push('inner'), { independent: true });
      await neighbour.commit();
      await inner;
    });
    const other = sessions.run(async () => void order.push('other'));
    othersWait.resolve();
    await Promise.all([outer, other]);
    expect(order).toEqual(['inner', 'other']);
  });

  it('lets others have a connection in between', async () => {
    const { sessions } = await open();
    const done = new AbortController();
    let served = 0;
    const inner = async (): Promise<void> => {
      while (!done.signal.aborted) await sessions.run(async () => void served++, { independent: true });
    };
    const outer = sessions.run(() => Promise.all([inner(), inner(), inner()]));
    await sessions.run(async () => undefined);
    done.abort();
    await outer;
    expect(served).toBeGreaterThan(0);
  });

  it('refuses the one that closes a circle, and the others go on', async () => {
    const { sessions } = await open({ acquireTimeoutMs: 5_000 });
    const both = [deferred<void>(), deferred<void>()];
    const results = await Promise.allSettled(
      both.map(async (mine) =>
        sessions.run(async () => {
          mine.resolve();
          await Promise.all(both.map(({ promise }) => promise));
          await sessions.run(async () => undefined, { independent: true });
        }),
      ),
    );
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const refused = results.find((result) => result.status === 'rejected');
    expect(refused?.reason).toBeInstanceOf(PoolDeadlockError);
  });

  it('sees a circle through sessions that wait for inner ones', async () => {
    const { sessions } = await open();
    const deep = sessions.run(() =>
      sessions.run(() => sessions.run(async () => undefined, { independent: true }), { independent: true }),
    );
    await expect(deep).rejects.toMatchObject({ code: 'POOL_DEADLOCK', poolSize: 2 });
  });

  it('refuses none whose session does not wait for it', async () => {
    const { sessions } = await open({ poolSize: 1 });
    let inner: Promise<string> = Promise.resolve('');
    await sessions.run(async () => {
      inner = sessions.run(async () => 'served', { independent: true });
    });
    expect(await inner).toBe('served');
  });

  it('knows a direct connection as one that is held', async () => {
    const { sessions } = await open({ poolSize: 1 });
    const inside = (): Promise<void> => sessions.run(async () => undefined);
    await expect(sessions.connection(inside)).rejects.toMatchObject({ code: 'NESTED_SESSION' });
    const apart = (): Promise<void> => sessions.run(async () => undefined, { independent: true });
    await expect(sessions.connection(apart)).rejects.toMatchObject({ code: 'POOL_DEADLOCK', poolSize: 1 });
  });

  it('sees a circle of sessions that were opened twice on one pool', async () => {
    const { sessions, dataSource } = await open();
    const others = await DbSessions.open(dataSource);
    const both = barrier(2);
    const results = await Promise.allSettled(
      [sessions, others].map((each) =>
        each.run(async () => {
          await both();
          await each.run(async () => undefined, { independent: true });
        }),
      ),
    );
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const refused = results.find((result) => result.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'POOL_DEADLOCK', poolSize: 2 });
  });

  it('takes connections of another pool for no circle', async () => {
    const { sessions } = await open({ poolSize: 1 });
    const waited = deferred<void>();
    const onLeak = (): void => waited.resolve();
    const other = await openSessions(database.url, {
      poolSize: 1,
      acquireTimeoutMs: 1_000,
      leakAfterMs: 200,
      onLeak,
    });
    try {
      const inOther = (): Promise<string> => other.sessions.run(async () => 'served', { independent: true });
      const held = await holdSession(other.sessions.run.bind(other.sessions), async () => undefined);
      const nested = sessions.run(inOther);
      // longer than a circle may last
      await waited.promise;
      await held.commit();
      expect(await nested).toBe('served');
    } finally {
      await other.close();
    }
  });
});
