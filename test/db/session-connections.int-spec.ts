import { AcquireTimeoutError, CommitOutcomeUnknownError, type DbSession } from '@safesync/db';
import { TcpProxy } from '@safesync/testing';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { holdSession, runningStatement } from './held-session.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

describe('connections of sessions', () => {
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

  describe('while waiting for a connection', () => {
    it('M23 gives up in time, and takes none that comes later', async () => {
      const { sessions } = await connect({ poolSize: 1, acquireTimeoutMs: 100 });
      const holder = await holdSession(
        (work) => sessions.run(work),
        (session) => insert(session, 1),
      );
      const outside = Array.from({ length: 20 }, () => failure(sessions.run(async () => undefined)));
      for (const error of await Promise.all(outside)) expect(error).toBeInstanceOf(AcquireTimeoutError);
      await holder.commit();
      await sessions.run((session) => insert(session, 2));
      expect(await ids()).toEqual([1, 2]);
    });

    it('says so when the server cannot be reached', async () => {
      const { sessions } = await connect({ acquireTimeoutMs: 2_000 });
      const { port } = proxy;
      await proxy.stop();
      try {
        await eventually(() => proxy.connections === 0, { what: 'no connection left' });
        expect(await failure(sessions.run(async () => undefined))).toMatchObject({ code: 'CONNECTION_LOST' });
        expect(await failure(sessions.ping())).toMatchObject({ code: 'CONNECTION_LOST' });
      } finally {
        const { hostname, port: target } = new URL(database.url);
        proxy = await TcpProxy.start({ host: hostname, port: Number(target) }, port);
      }
      await sessions.ping();
    });
  });

  it('SE-2 needs no more grants than the rows it touches', async () => {
    const user = `u_${database.name}`;
    await database.pool.query(`CREATE USER ${user}@'%' IDENTIFIED BY ''`);
    try {
      await database.pool.query(`GRANT SELECT, INSERT ON ${database.name}.items TO ${user}@'%'`);
      const url = new URL(database.url);
      url.username = user;
      url.password = '';
      db = await openSessions(url.href, { poolSize: 2 });
      const { sessions } = db;
      await sessions.run((session) => insert(session, 1), { isolation: 'SERIALIZABLE', lockWaitMs: 1_000 });
      const late = sessions.run((session) => session.execute('SELECT SLEEP(20)'), { timeoutMs: 200 });
      expect(await failure(late)).toMatchObject({ code: 'SESSION_TIMEOUT' });
      const sleepers = async (): Promise<boolean> =>
        (await database.rows("SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(20)%'"))
          .length === 0;
      await eventually(sleepers, { what: 'the statement that was given up ends' });
      expect(await failure(sessions.run((session) => session.execute('DELETE FROM items')))).toMatchObject({
        errno: 1142,
      });
    } finally {
      await database.pool.query(`DROP USER ${user}@'%'`);
    }
    expect(await ids()).toEqual([1]);
  });

  it('M17 refuses a statement larger than the server takes, before it costs the connection', async () => {
    const { sessions } = await connect({ poolSize: 1 });
    const size = await database.rows<{ n: string }>('SELECT @@max_allowed_packet AS n');
    await sessions.run(async (session) => {
      const { threadId } = session.internals.connection;
      const text = 'x'.repeat(Number(size[0]?.n));
      expect(await failure(session.execute('SELECT LENGTH(:text)', { text }))).toMatchObject({
        code: 'STATEMENT_TOO_LARGE',
      });
      expect(Number(await session.executeScalar('SELECT CONNECTION_ID()'))).toBe(threadId);
    });
  });

  it('the DataSource closes although a connection breaks under its session meanwhile', async () => {
    const { sessions, dataSource } = await connect({ poolSize: 1 });
    const running = failure(sessions.run((session) => session.execute('DO SLEEP(20)')));
    await runningStatement(database, 'SLEEP(20)');
    const closed = failure(dataSource.destroy());
    proxy.cut();
    expect(await running).toMatchObject({ code: 'CONNECTION_LOST' });
    await closed;
  });

  it('M25 survives its connections being killed all the time: typed errors only, and exactly the committed rows', async () => {
    const { sessions } = await connect({ poolSize: 4, acquireTimeoutMs: 5_000 });
    const committed: number[] = [];
    const unknown: number[] = [];
    let next = 0;
    const flow = async (): Promise<void> => {
      while (next < 400) {
        const id = next;
        next += 1;
        const run = sessions.run(async (session) => {
          if (id % 5 === 0) void failure(database.pool.query(`KILL ${session.internals.connection.threadId}`));
          await insert(session, id);
          await session.execute('SELECT 1');
        });
        const error = await failure(run);
        if (error === undefined) committed.push(id);
        else if (error instanceof CommitOutcomeUnknownError) unknown.push(id);
        else expect(error).toMatchObject({ code: expect.stringMatching(/^(CONNECTION_LOST|SESSION_ABORTED)$/) });
      }
    };
    await Promise.all([flow(), flow(), flow(), flow()]);
    const rows = new Set(await ids());
    expect(committed.filter((id) => !rows.has(id))).toEqual([]);
    expect([...rows].filter((id) => !committed.includes(id) && !unknown.includes(id))).toEqual([]);
    expect(committed.length).toBeGreaterThan(300);
  });
});
