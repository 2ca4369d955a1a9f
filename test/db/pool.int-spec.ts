import type { MetricDefinition, MetricsRecorder, ReadGauge } from '@safesync/core';
import {
  type ConnectionLeak,
  DB_LEAKS_TOTAL,
  DB_POOL_CONNECTIONS,
  DB_POOL_SIZE,
  DB_POOL_WAITING,
  DbSessions,
} from '@safesync/db';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { deferred, holdSession } from './held-session.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

type Reading = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];

/** Keeps the gauges it is to follow, and counts. */
class Gauges implements MetricsRecorder {
  private readonly reads = new Map<string, () => Reading>();
  private readonly known = new Set<object>();
  readonly counted: string[] = [];
  readonly set: MetricsRecorder['set'] = () => undefined;
  readonly observe: MetricsRecorder['observe'] = () => undefined;
  readonly add: MetricsRecorder['add'] = ({ name }) => void this.counted.push(name);

  get sources(): number {
    return this.known.size;
  }

  follow<D extends MetricDefinition>({ name }: D, source: object, read: ReadGauge<D>): void {
    this.known.add(source);
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

    it('once, however often the sessions of a DataSource are opened, and not by connections that are gone', async () => {
      const metrics = new Gauges();
      const { dataSource, sessions } = await open({ metrics });
      const thread = await sessions.run(async ({ internals }) => internals.connection.threadId);
      await database.pool.query(`KILL ${thread}`);
      await eventually(() => metrics.now.busy === 0 && metrics.now.idle === 0, { what: 'the connection is gone' });
      await dataSource.destroy();
      await dataSource.initialize();
      await DbSessions.open(dataSource, {}, metrics);
      expect(metrics.sources).toBe(1);
      expect(metrics.now).toMatchObject({ size: 2, busy: 0 });
    });

    it('also by other sessions that were opened on it', async () => {
      const metrics = new Gauges();
      const { dataSource, sessions } = await open({ metrics });
      const others = await DbSessions.open(dataSource);
      // each keeps its connection at hand
      const held = await holdSession(sessions.run.bind(sessions), async () => undefined);
      await others.ping();
      await held.commit();
      expect(metrics.now).toMatchObject({ busy: 0, idle: 2 });
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

    it('and of none that came back while another did not (negative control)', async () => {
      const told = deferred<ConnectionLeak>();
      const leaks: ConnectionLeak[] = [];
      await leaking({
        // longer than a busy machine needs for two connections
        leakAfterMs: 1_000,
        onLeak: (leak) => {
          leaks.push(leak);
          told.resolve(leak);
        },
      });
      const returned = await holdSession(db.sessions.run.bind(db.sessions), async () => undefined);
      const kept = await holdSession(db.sessions.run.bind(db.sessions), async () => undefined);
      await returned.commit();
      await told.promise;
      expect(leaks.map(({ threadId }) => threadId)).toEqual([kept.session.internals.connection.threadId]);
      await kept.commit();
    });

    it('outside of the session whose flow it happens in', async () => {
      const opened = deferred<string>();
      const open2 = (): Promise<string> => db.sessions.run(async () => 'opened');
      await leaking({ onLeak: () => void open2().then(opened.resolve, opened.reject) });
      await db.sessions.run(async () => expect(await opened.promise).toBe('opened'));
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
});
