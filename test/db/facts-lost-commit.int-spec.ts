import { CommitOutcomeUnknownError, type DbSession, isConnectionError } from '@safesync/db';
import { TcpProxy } from '@safesync/testing';
import { createConnection } from 'mysql2/promise';
import { eventually } from '../support/eventually.js';
import type { TestDatabase } from '../support/mysql.js';
import { holdSession, runningStatement } from './held-session.js';
import { createMigratedDatabase } from './migrated-database.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

type Loss = 'lose-reply' | 'lose-request';

describe('answers that do not come', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let db: OpenSessions | undefined;

  const open = async (options: OpenSessionsOptions = {}): Promise<OpenSessions['sessions']> => {
    db = await openSessions(proxy.url(database.url), { poolSize: 2, ...options });
    return db.sessions;
  };
  const failure = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );
  const insert = (session: DbSession): Promise<number> => session.execute('INSERT INTO items VALUES (1, 0)');
  const isDurable = async (): Promise<boolean> => (await database.rows('SELECT id FROM items WHERE id = 1')).length > 0;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY, n INT NOT NULL)');
    const { hostname, port } = new URL(database.url);
    proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
  });
  beforeEach(() => database.pool.query('DELETE FROM items'));
  afterEach(async () => {
    proxy.heal();
    proxy.cut();
    await db?.close();
    db = undefined;
  });
  afterAll(async () => {
    await proxy?.stop();
    await database?.drop();
  });

  describe('M9 the answer to COMMIT is lost', () => {
    /** What the plain driver says of a COMMIT whose request or answer was lost, and what is true. */
    async function plainly(loss: Loss): Promise<{ error: unknown; isDurable: boolean }> {
      const connection = await createConnection(proxy.url(database.url));
      // said once more when the socket closes
      connection.on('error', () => undefined);
      await connection.query('START TRANSACTION');
      await connection.query('INSERT INTO items VALUES (1, 0)');
      const sprung = proxy.trapRequest('COMMIT', loss);
      const error = await failure(connection.query('COMMIT'));
      await sprung;
      return { error, isDurable: await isDurable() };
    }

    it('control: plain mysql2 gives one kind of error, whether it was committed or not', async () => {
      const committed = await plainly('lose-reply');
      await database.pool.query('DELETE FROM items');
      const undone = await plainly('lose-request');
      expect([committed.isDurable, undone.isDurable]).toEqual([true, false]);
      expect([committed.error, undone.error].map(isConnectionError)).toEqual([true, true]);
      for (const { error } of [committed, undone]) expect(error).toMatchObject({ fatal: true });
    });

    it.each([
      ['lose-reply', true],
      ['lose-request', false],
    ] as const)('cure: the error says that it is unknown, and is never retried: %s', async (loss, expected) => {
      const sessions = await open();
      let calls = 0;
      const sprung = proxy.trapRequest('COMMIT AND', loss);
      const error = await failure(
        sessions.withRetry(async (session) => {
          calls += 1;
          await insert(session);
        }),
      );
      await sprung;
      expect(error).toBeInstanceOf(CommitOutcomeUnknownError);
      expect(error).toMatchObject({ isRetryable: false });
      expect(calls).toBe(1);
      expect(await isDurable()).toBe(expected);
    });

    it.each([
      ['lose-reply', undefined],
      ['lose-request', { code: 'CONNECTION_LOST', isRetryable: true }],
    ] as const)('cure: with trackOutcome the session tells the truth: %s', async (loss, expected) => {
      const sessions = await open();
      const sprung = proxy.trapRequest('COMMIT AND', loss);
      const error = await failure(sessions.run(insert, { trackOutcome: true }));
      await sprung;
      expect(await isDurable()).toBe(expected === undefined);
      expect(error ?? {}).toMatchObject(expected ?? {});
      expect(error === undefined).toBe(expected === undefined);
    });

    it.each(['lose-reply', 'lose-request'] as const)('cure: and withRetry does it exactly once: %s', async (loss) => {
      const sessions = await open();
      await database.pool.query('INSERT INTO items VALUES (1, 0)');
      const sprung = proxy.trapRequest('COMMIT AND', loss);
      await sessions.withRetry((session) => session.execute('UPDATE items SET n = n + 1'), { trackOutcome: true });
      await sprung;
      expect(await database.rows('SELECT n FROM items')).toEqual([{ n: 1 }]);
    });
  });

  describe('M9 a statement is given up while the server runs it', () => {
    const UPDATE = 'UPDATE items SET n = n + 1 WHERE id = 1';
    const n = async (): Promise<number | undefined> =>
      (await database.rows<{ n: number }>('SELECT n FROM items'))[0]?.n;

    it('control: plain mysql2 reports its timeout, and the change comes all the same', async () => {
      const sessions = await open();
      await database.pool.query('INSERT INTO items VALUES (1, 0)');
      const holder = await holdSession(
        (work) => sessions.run(work),
        (session) => session.execute(UPDATE),
      );
      const connection = await createConnection(database.url);
      connection.on('error', () => undefined);
      const given = failure(connection.query({ sql: UPDATE, timeout: 100 }));
      expect(await given).toMatchObject({ code: 'PROTOCOL_SEQUENCE_TIMEOUT' });
      await holder.rollback();
      await eventually(async () => (await n()) === 1, { what: 'the change that had failed' });
      connection.destroy();
    });

    it('cure: a session ends the statement on the server, and the change never comes', async () => {
      const sessions = await open({ statementTimeoutMs: 300, defaults: { lockWaitMs: 200 } });
      await database.pool.query('INSERT INTO items VALUES (1, 0)');
      // far longer than the test: only the library can have ended it
      const slow = `${UPDATE} AND SLEEP(60) = 0`;
      const seen = runningStatement(database, slow);
      const error = await failure(sessions.run((session) => session.execute(slow)));
      // MariaDB ends it by itself, as it was told to; MySQL limits no change
      const code = sessions.dialect.name === 'mariadb' ? 'STATEMENT_TIMEOUT' : 'CONNECTION_LOST';
      expect(error).toMatchObject({ code });
      const [thread] = await seen;
      const running = 'SELECT 1 FROM information_schema.processlist WHERE id = ? AND info = ?';
      const isGone = async (): Promise<boolean> => (await database.rows(running, [thread, slow])).length === 0;
      await eventually(isGone, { what: 'the end of the statement on the server' });
      expect(await n()).toBe(0);
    });
  });
});
