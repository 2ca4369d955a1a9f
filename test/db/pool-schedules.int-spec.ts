import { type DbError, SessionAbortedError } from '@safesync/db';
import fc from 'fast-check';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

/** One session: what it does while it has its connection, one after the other, and how it ends. */
interface Flow {
  readonly inner: readonly Flow[];
  /** Does not wait for the inner ones. */
  readonly isHasty: boolean;
  readonly end: 'commit' | 'throw' | 'abort';
}

const SCHEDULES = 10_000;
const undone = new Error('undone');

const flow = (depth: number): fc.Arbitrary<Flow> =>
  fc.record({
    inner: depth === 0 ? fc.constant([]) : fc.array(flow(depth - 1), { maxLength: 3 - depth }),
    isHasty: fc.boolean(),
    end: fc.constantFrom('commit', 'throw', 'abort'),
  });

describe('a pool of two connections', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    // a tenth of it is the time for which demands may block each other
    db = await openSessions(database.url, { poolSize: 2, acquireTimeoutMs: 10 });
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  /** Runs `given` as the scheduler lets it; the promises of all its sessions, the inner ones too. */
  function start(given: Flow, scheduler: fc.Scheduler, started: Promise<unknown>[]): Promise<void> {
    const aborter = new AbortController();
    const running = db.sessions.run(
      async () => {
        await scheduler.schedule(Promise.resolve(), 'has a connection');
        for (const each of given.inner) {
          const inner = start(each, scheduler, started);
          if (!given.isHasty) await inner.catch(() => undefined);
        }
        await scheduler.schedule(Promise.resolve(), 'ends');
        if (given.end === 'abort') aborter.abort();
        if (given.end === 'throw') throw undone;
      },
      { independent: true, signal: aborter.signal },
    );
    started.push(running);
    return running;
  }

  const bothAtOnce = (): Promise<boolean> =>
    db.sessions
      .run(() => db.sessions.run(() => Promise.resolve(true), { independent: true }))
      // a busy machine may take longer than the short deadline of this pool
      .catch(() => false);

  const isExpected = (error: unknown): boolean =>
    error === undone ||
    error instanceof SessionAbortedError ||
    ['POOL_DEADLOCK', 'ACQUIRE_TIMEOUT'].includes((error as DbError).code);

  it(`DB-15 never hangs in ${SCHEDULES} schedules, whatever demands another of whom`, async () => {
    const codes = new Map<string, number>();
    const property = fc.asyncProperty(
      fc.scheduler(),
      fc.array(flow(2), { minLength: 2, maxLength: 3 }),
      async (scheduler, flows) => {
        const started: Promise<unknown>[] = [];
        const settled = async (): Promise<PromiseSettledResult<unknown>[]> => {
          // a hasty flow may start others after it was counted
          for (let count = -1; count !== started.length; ) {
            count = started.length;
            await Promise.allSettled(started);
          }
          return Promise.allSettled(started);
        };
        for (const each of flows) void start(each, scheduler, started).catch(() => undefined);
        for (const result of await scheduler.waitFor(settled())) {
          if (result.status === 'fulfilled') continue;
          expect(isExpected(result.reason)).toBe(true);
          const { code = 'undone' } = result.reason as { code?: string };
          codes.set(code, (codes.get(code) ?? 0) + 1);
        }
        await eventually(bothAtOnce, { what: 'both connections are back' });
      },
    );
    await fc.assert(property, { numRuns: SCHEDULES });
    // the schedules did meet what they are to show
    expect(codes.get('POOL_DEADLOCK')).toBeGreaterThan(0);
    expect(codes.get('undone')).toBeGreaterThan(0);
  }, 240_000);
});
