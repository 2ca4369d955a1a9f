import type { MetricsRecorder } from '@safesync/core';
import { DB_POOL_CONNECTIONS, type SessionConnection, SessionTimeoutError } from '@safesync/db';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

type Home = Exclude<SessionConnection['home'], undefined>;

describe('a statement whose connection was given up while the server ran it', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  let busy: () => number;
  let startedAt = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  beforeEach(async () => {
    const metrics: MetricsRecorder = {
      add: () => undefined,
      set: () => undefined,
      observe: () => undefined,
      follow: ({ name }, _pool, read) => {
        if (name === DB_POOL_CONNECTIONS.name) busy = () => read()[0]?.[1] ?? Number.NaN;
      },
    };
    db = await openSessions(database.url, { poolSize: 2, metrics });
  });
  afterEach(() => db?.close());
  afterAll(() => database?.drop());

  /** Gives a connection up in the middle of a statement; what the library then sends over another. */
  async function sentFor(change: (home: Home) => Home): Promise<{ texts: string[]; thread: number }> {
    const { sessions } = db;
    let thread = 0;
    const prototype = await sessions.run(async ({ internals }) => Object.getPrototypeOf(internals.connection));
    const sent = jest.spyOn(prototype as SessionConnection, 'send');
    try {
      const slow = sessions.run(
        async (session) => {
          const { connection } = session.internals;
          thread = connection.threadId;
          connection.settle(change(connection.home as Home));
          await session.fetchAll('SELECT SLEEP(20)');
        },
        { timeoutMs: 50 },
      );
      await expect(slow).rejects.toBeInstanceOf(SessionTimeoutError);
      const texts = (): string[] => sent.mock.calls.map(([text]) => text);
      const isDone = (): boolean => texts().some((text) => text.includes('Uptime')) && busy() === 0;
      await eventually(isDone, { what: 'the library has dealt with it' });
      return { texts: texts(), thread };
    } finally {
      sent.mockRestore();
    }
  }

  it('is ended over another connection', async () => {
    const { texts, thread } = await sentFor((home) => home);
    expect(texts).toContain(`KILL ${thread}`);
  });

  it('is none where the connection was idle: nobody is killed', async () => {
    const { sessions } = db;
    const prototype = await sessions.run(async ({ internals }) => Object.getPrototypeOf(internals.connection));
    const sent = jest.spyOn(prototype as SessionConnection, 'send');
    await sessions.run(async ({ internals }) => internals.connection.taint('the test says so'));
    await sessions.ping();
    await eventually(() => busy() === 0, { what: 'all is done' });
    expect(sent.mock.calls.filter(([text]) => /Uptime|KILL/.test(text))).toEqual([]);
    sent.mockRestore();
  });

  it('is ended also when the whole pool is waited for', async () => {
    const { sessions } = db;
    let thread = 0;
    const slow = sessions.run(
      async (session) => {
        thread = session.internals.connection.threadId;
        const others = Array.from({ length: 6 }, () =>
          sessions.run((other) => other.fetchAll('SELECT SLEEP(0.4)'), { independent: true }),
        );
        await Promise.all([session.fetchAll('SELECT SLEEP(20)'), ...others]);
      },
      { timeoutMs: 100 },
    );
    await expect(slow).rejects.toBeInstanceOf(SessionTimeoutError);
    const list = 'SELECT 1 FROM information_schema.processlist WHERE id = ? AND info IS NOT NULL';
    await eventually(async () => (await database.rows(list, [thread])).length === 0, {
      what: 'the statement is ended',
    });
    await eventually(() => busy() === 0, { what: 'the others have ended' });
  });

  it.each([
    ['another server', (home: Home): Home => ({ ...home, server: 'elsewhere:3306' })],
    ['the same server, started since', (home: Home): Home => ({ ...home, openedAt: startedAt - 30_000 })],
  ])('is left alone on %s, where its number is that of a stranger', async (_, change) => {
    const [status] = await database.rows<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Uptime'");
    startedAt = performance.now() - Number(status?.Value) * 1_000;
    const { texts, thread } = await sentFor(change);
    expect(texts).not.toContain(`KILL ${thread}`);
    await database.pool.query(`KILL ${thread}`);
  });
});
