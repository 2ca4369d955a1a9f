import {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  type DbSession,
  isRetryable,
  SessionTimeoutError,
} from '@safesync/db';
import { TcpProxy } from '@safesync/testing';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { deferred } from './held-session.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

describe('a session when the network or the server fails', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let db: OpenSessions;

  const connect = async (options: OpenSessionsOptions = {}): Promise<OpenSessions> => {
    db = await openSessions(proxy.url(database.url), options);
    return db;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
    const { hostname, port } = new URL(database.url);
    proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM items');
    proxy.heal();
  });
  afterEach(async () => {
    proxy.heal();
    proxy.cut();
    await db?.close();
  });
  afterAll(async () => {
    await proxy?.stop();
    await database?.drop();
  });

  const insert = (session: DbSession, id: number): Promise<number> =>
    session.execute('INSERT INTO items VALUES (:id)', { id });
  const ids = async (): Promise<number[]> =>
    (await database.rows<{ id: number }>('SELECT id FROM items ORDER BY id')).map(({ id }) => id);
  const failure = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

  describe('at COMMIT', () => {
    it.each([
      ['lose-reply', [1]],
      ['lose-request', []],
    ] as const)('DB-6 says that the outcome is unknown: %s, rows %p', async (trap, rows) => {
      const { sessions } = await connect();
      const hooks: string[] = [];
      const trapped = proxy.trapRequest('COMMIT', trap);
      const error = await failure(
        sessions.withRetry(async (session) => {
          session.afterCommit(() => void hooks.push('commit'));
          session.afterRollback(() => void hooks.push('rollback'));
          await insert(session, 1);
        }),
      );
      await trapped;
      expect(error).toBeInstanceOf(CommitOutcomeUnknownError);
      expect(error).toMatchObject({ attempts: 1, isRetryable: false, cause: { code: 'CONNECTION_LOST' } });
      expect(hooks).toEqual([]);
      expect(await ids()).toEqual(rows);
      await sessions.run((session) => insert(session, 2));
    });

    it('DB-6 says so too when the answer does not come in time', async () => {
      const { sessions } = await connect({ statementTimeoutMs: 300, defaults: { lockWaitMs: 200 } });
      const error = await failure(
        sessions.run(async (session) => {
          await insert(session, 1);
          proxy.silence();
        }),
      );
      expect(error).toBeInstanceOf(CommitOutcomeUnknownError);
    });
  });

  describe('before COMMIT', () => {
    it('gives the error of a lost connection to the statement, and leaves nothing', async () => {
      const { sessions } = await connect();
      void proxy.trapRequest('INSERT', 'lose-reply');
      const error = await failure(sessions.run((session) => insert(session, 1)));
      expect(error).toBeInstanceOf(ConnectionLostError);
      expect(isRetryable(error)).toBe(true);
      expect(await ids()).toEqual([]);
    });

    it('commits nothing when the callback swallows it', async () => {
      const { sessions } = await connect();
      void proxy.trapRequest('INSERT', 'lose-reply');
      const error = await failure(sessions.run((session) => insert(session, 1).catch(() => undefined)));
      expect(error).toMatchObject({ code: 'SESSION_ABORTED', isRetryable: true, cause: { code: 'CONNECTION_LOST' } });
    });

    it('DB-9 tells the callback by its signal while no statement runs, and forbids the commit', async () => {
      const { sessions } = await connect();
      const error = await failure(
        sessions.run(async (session) => {
          await insert(session, 1);
          const aborted = deferred<void>();
          session.signal.addEventListener('abort', () => aborted.resolve());
          await database.pool.query(`KILL ${session.internals.connection.threadId}`);
          await aborted.promise;
          await expect(insert(session, 2)).rejects.toMatchObject({ code: 'SESSION_ABORTED' });
          await expect(session.manager.query('SELECT 1')).rejects.toMatchObject({ code: 'SESSION_ABORTED' });
        }),
      );
      expect(error).toMatchObject({ code: 'SESSION_ABORTED', cause: { code: 'CONNECTION_LOST' } });
      expect(await ids()).toEqual([]);
      await sessions.run((session) => insert(session, 3));
      expect(await ids()).toEqual([3]);
    });

    it('gives up on a statement of its own or of a repository that is not answered', async () => {
      const { sessions } = await connect({ statementTimeoutMs: 300, defaults: { lockWaitMs: 200 } });
      for (const query of [
        (session: DbSession): Promise<unknown> => insert(session, 1),
        (session: DbSession): Promise<unknown> => session.manager.query('INSERT INTO items VALUES (2)'),
      ]) {
        proxy.heal();
        const error = await failure(
          sessions.run(async (session) => {
            proxy.silence();
            await query(session);
          }),
        );
        expect(error).toMatchObject({ code: 'CONNECTION_LOST', isRetryable: true });
        proxy.cut();
      }
      expect(await ids()).toEqual([]);
    });
  });

  describe('at its deadline', () => {
    it('rolls back and rejects while the callback still runs, and hands the connection on', async () => {
      const { sessions } = await connect({ poolSize: 1 });
      const goOn = deferred<void>();
      let late: Promise<unknown> = Promise.resolve();
      const error = await failure(
        sessions.run(
          async (session) => {
            await insert(session, 1);
            expect(session.signal.aborted).toBe(false);
            late = goOn.promise.then(() => failure(insert(session, 2)));
            await late;
          },
          { timeoutMs: 150 },
        ),
      );
      expect(error).toBeInstanceOf(SessionTimeoutError);
      await sessions.run((session) => insert(session, 3));
      goOn.resolve();
      expect(await late).toMatchObject({ code: 'SESSION_ABORTED', cause: { code: 'SESSION_TIMEOUT' } });
      expect(await ids()).toEqual([3]);
    });

    it('ends in time although the database is silent', async () => {
      const { sessions } = await connect();
      const error = await failure(
        sessions.run(
          async (session) => {
            proxy.silence();
            await session.manager.query('SELECT 1');
          },
          { timeoutMs: 200 },
        ),
      );
      expect(error).toBeInstanceOf(SessionTimeoutError);
    });

    it('ends on the word of the caller, before, while waiting and inside', async () => {
      const { sessions } = await connect({ poolSize: 1 });
      const reason = new Error('no longer wanted');
      const aborted = { code: 'SESSION_ABORTED', cause: reason };
      const unused = failure(sessions.run(async () => undefined, { signal: AbortSignal.abort(reason) }));
      expect(await unused).toMatchObject(aborted);

      const inside = new AbortController();
      const entered = deferred<void>();
      const running = failure(
        sessions.run(
          async (session) => {
            await insert(session, 1);
            entered.resolve();
            await new Promise(() => undefined);
          },
          { signal: inside.signal },
        ),
      );
      await entered.promise;
      const waiting = new AbortController();
      const queued = failure(sessions.run(async () => undefined, { signal: waiting.signal }));
      waiting.abort(reason);
      expect(await queued).toMatchObject(aborted);
      inside.abort(reason);
      expect(await running).toMatchObject(aborted);
      await sessions.run((session) => insert(session, 2));
      expect(await ids()).toEqual([2]);
    });
  });
});
