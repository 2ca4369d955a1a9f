import type { MetricDefinition, MetricsRecorder, ReadGauge } from '@safesync/core';
import {
  type ConnectionLeak,
  DB_LEAKS_TOTAL,
  DB_POOL_CONNECTIONS,
  DB_POOL_SIZE,
  DB_POOL_WAITING,
  PoolDeadlockError,
} from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { deferred, holdSession } from './held-session.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

type Reading = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];

/** Keeps the gauges it is to follow, and counts. */
class Gauges implements MetricsRecorder {
  private readonly reads = new Map<string, () => Reading>();
  readonly counted: string[] = [];
  readonly set: MetricsRecorder['set'] = () => undefined;
  readonly observe: MetricsRecorder['observe'] = () => undefined;
  readonly add: MetricsRecorder['add'] = ({ name }) => void this.counted.push(name);

  follow<D extends MetricDefinition>({ name }: D, _source: object, read: ReadGauge<D>): void {
    this.reads.set(name, read);
  }

  /** Every series by its state, or by its name where it has none. */
  get now(): Record<string, number> {
    const samples = [DB_POOL_SIZE, DB_POOL_CONNECTIONS, DB_POOL_WAITING].flatMap(({ name }) =>
      (this.reads.get(name)?.() ?? []).map(([{ state }, value]) => [state ?? name.split('_').at(-1), value] as const),
    );
    return Object.fromEntries(samples);
  }
}

describe('the pool', () => {
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

  describe('DB-15 says how it is used', () => {
    it('by sessions and by others, and who waits', async () => {
      const metrics = new Gauges();
      const { sessions, dataSource } = await open({ metrics });
      expect(metrics.now).toEqual({ size: 2, busy: 0, idle: 1, waiting: 0 });
      const held = await holdSession(sessions.run.bind(sessions), async () => undefined);
      const stranger = dataSource.createQueryRunner();
      await stranger.connect();
      expect(metrics.now).toEqual({ size: 2, busy: 2, idle: 0, waiting: 0 });
      const waiting = sessions.run(async () => undefined);
      const alsoWaiting = dataSource.query('SELECT 1');
      expect(metrics.now).toMatchObject({ waiting: 2 });
      await held.commit();
      await stranger.release();
      await Promise.all([waiting, alsoWaiting]);
      expect(metrics.now).toEqual({ size: 2, busy: 0, idle: 2, waiting: 0 });
    });

    it('under the name of its database', async () => {
      const labels: unknown[] = [];
      const follow: NonNullable<MetricsRecorder['follow']> = (_metric, _source, read) =>
        void labels.push(...read().map(([each]) => each));
      await open({ metrics: { add: () => undefined, set: () => undefined, observe: () => undefined, follow } });
      const { name } = database;
      expect(labels).toEqual([
        { database: name },
        { database: name },
        { database: name, state: 'busy' },
        { database: name, state: 'idle' },
      ]);
    });
  });

  describe('M22 tells of a connection that does not come back', () => {
    const leaking = async (options: OpenSessionsOptions): Promise<ConnectionLeak[]> => {
      const leaks: ConnectionLeak[] = [];
      await open({ leakAfterMs: 20, onLeak: (leak) => void leaks.push(leak), ...options });
      return leaks;
    };

    it('once, with the code that asked for it, and takes nothing away from it', async () => {
      const told = deferred<ConnectionLeak>();
      const leaks = await leaking({ onLeak: (leak) => told.resolve(leak) });
      await db.sessions.run(async ({ internals }) => {
        const leak = await told.promise;
        expect(leak.threadId).toBe(internals.connection.threadId);
        expect(leak.heldMs).toBeGreaterThanOrEqual(20);
        expect(leak.stack).toContain('pool.int-spec.ts');
      });
      expect(leaks).toEqual([]);
    });

    it('which may be a direct one, and counts it', async () => {
      const metrics = new Gauges();
      const told = deferred<ConnectionLeak>();
      await leaking({ metrics, onLeak: (leak) => told.resolve(leak) });
      await db.sessions.connection(async () => expect((await told.promise).stack).toContain('pool.int-spec.ts'));
      expect(metrics.counted).toContain(DB_LEAKS_TOTAL.name);
    });

    it('each one, also when the first was told of already', async () => {
      const threads = new Set<number>();
      const both = deferred<void>();
      await leaking({
        onLeak: ({ threadId }) => {
          if (threads.add(threadId).size === 2) both.resolve();
        },
      });
      await db.sessions.run(() => db.sessions.run(() => both.promise, { independent: true }));
      expect(threads.size).toBe(2);
    });

    it('ADR 0009 without its code when it went from one session to the next, and with it from then on', async () => {
      const leaks: ConnectionLeak[] = [];
      let told = deferred<void>();
      await leaking({
        onLeak: (leak) => {
          leaks.push(leak);
          told.resolve();
        },
      });
      await db.sessions.ping();
      for (let turn = 0; turn < 2; turn += 1) {
        await db.sessions.run(() => told.promise);
        told = deferred<void>();
      }
      expect(leaks.map(({ stack }) => stack)).toEqual([undefined, expect.stringContaining('pool.int-spec.ts')]);
    });

    it('and of none that came back (negative control)', async () => {
      const later = deferred<ConnectionLeak>();
      const leaks: ConnectionLeak[] = [];
      await leaking({
        onLeak: (leak) => {
          leaks.push(leak);
          later.resolve(leak);
        },
      });
      for (let turn = 0; turn < 50; turn += 1) await db.sessions.ping();
      const thread = await db.sessions.run(async ({ internals }) => {
        await later.promise;
        return internals.connection.threadId;
      });
      expect(leaks.map(({ threadId }) => threadId)).toEqual([thread]);
    });

    it('by a process warning where nobody asked to be told', async () => {
      const warned = deferred<void>();
      const emit = jest.spyOn(process, 'emitWarning').mockImplementation(() => warned.resolve());
      try {
        await open({ leakAfterMs: 20 });
        await db.sessions.run(() => warned.promise);
        const said = /has been lent for \d+ s; it was asked for here:\n(.*\n)*.*pool\.int-spec\.ts/;
        expect(emit.mock.calls).toEqual([[expect.stringMatching(said), 'SafeSyncLeakWarning']]);
      } finally {
        emit.mockRestore();
      }
    });
  });

  describe('M23 with demands inside of sessions', () => {
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

    it('takes connections of another pool for no circle', async () => {
      const { sessions } = await open({ poolSize: 1 });
      const other = await openSessions(database.url, { poolSize: 1 });
      try {
        const inOther = (): Promise<string> => other.sessions.run(async () => 'served', { independent: true });
        const held = await holdSession(other.sessions.run.bind(other.sessions), async () => undefined);
        const nested = sessions.run(inOther);
        await held.commit();
        expect(await nested).toBe('served');
      } finally {
        await other.close();
      }
    });
  });
});
