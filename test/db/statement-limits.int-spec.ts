import { type DbSession, StatementTimeoutError } from '@safesync/db';
import { TcpProxy } from '@safesync/testing';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

const LIMIT_MS = 400;
/** Takes minutes, and cannot be answered early with a wrong result. */
const ENDLESS = 'SELECT COUNT(*) FROM n a, n b, n c, n d, n e, n f, n g WHERE a.i + b.i + c.i + d.i < g.i';

describe('M24 the time of a statement', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  const open = async (url: string, options: OpenSessionsOptions = {}): Promise<OpenSessions> => {
    const defaults = { lockWaitMs: 300 };
    db = await openSessions(url, { poolSize: 1, statementTimeoutMs: LIMIT_MS, defaults, ...options });
    return db;
  };
  const threadOf = ({ internals }: DbSession): number => internals.connection.threadId;
  const isRunning = async (thread: number): Promise<boolean> => {
    const list = await database.rows<{ Id: number | string; Info: string | null }>('SHOW FULL PROCESSLIST');
    return list.some(({ Id, Info }) => Number(Id) === thread && Info === ENDLESS);
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE n (i INT PRIMARY KEY)');
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
    const numbers = Array.from({ length: 200 }, (_, i) => `(${i})`);
    await database.pool.query(`INSERT INTO n VALUES ${numbers.join(',')}`);
  });
  beforeEach(() => database.pool.query('DELETE FROM items'));
  afterEach(() => db?.close());
  afterAll(() => database?.drop());

  it('is ended by the server itself: the connection stays, and the transaction goes on', async () => {
    const { sessions } = await open(database.url);
    const thread = await sessions.run(async (session) => {
      await session.execute('INSERT INTO items VALUES (1)');
      const slow = session.fetchAll(ENDLESS);
      await expect(slow).rejects.toBeInstanceOf(StatementTimeoutError);
      await expect(slow).rejects.toMatchObject({ code: 'STATEMENT_TIMEOUT', isRetryable: false });
      await session.execute('INSERT INTO items VALUES (2)');
      return threadOf(session);
    });
    expect(await database.rows('SELECT id FROM items')).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await isRunning(thread)).toBe(false);
    expect(await sessions.run(async (session) => threadOf(session))).toBe(thread);
  });

  it('does not hold for others who use the pool, before or after', async () => {
    const { sessions, dataSource } = await open(database.url);
    const limits = async (): Promise<unknown> =>
      dataSource.query("SHOW SESSION VARIABLES WHERE Variable_name IN ('max_execution_time', 'max_statement_time')");
    const before = await limits();
    await sessions.run((session) => session.fetchAll('SELECT 1'));
    expect(await limits()).toEqual(before);
    await sessions.connection((connection) => connection.execute('DO 0'), { statementTimeoutMs: 100 });
    expect(await limits()).toEqual(before);
  });

  it.each([
    ['is released as it is', { waitForConnections: false }],
    ['resets its connections', { resetOnRelease: true }],
  ])('does not hold for others in a pool that %s either', async (_, driver) => {
    const { sessions, dataSource } = await open(database.url, { driver });
    const limits = (): Promise<unknown> =>
      dataSource.query("SHOW SESSION VARIABLES WHERE Variable_name IN ('max_execution_time', 'max_statement_time')");
    const before = await limits();
    await sessions.run((session) => session.fetchAll('SELECT 1'));
    expect(await limits()).toEqual(before);
  });

  it('is that of each, however many wait behind one another', async () => {
    const { sessions } = await open(database.url);
    const naps = sessions.connection((connection) =>
      Promise.all([1, 2, 3, 4, 5].map(() => connection.fetchAll('SELECT SLEEP(0.25) AS slept'))),
    );
    expect(await naps).toHaveLength(5);
  });

  it('leaves a session that waits longer for locks its wait', async () => {
    const { sessions } = await open(database.url);
    await database.pool.query('INSERT INTO items VALUES (1)');
    const holder = await database.pool.getConnection();
    await holder.query('START TRANSACTION');
    await holder.query('UPDATE items SET id = 2');
    const change = sessions.run((session) => session.execute('UPDATE items SET id = 3'), { lockWaitMs: 1_500 });
    await expect(change).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    await holder.query('ROLLBACK');
    holder.release();
    await sessions.run((session) => expect(session.fetchAll(ENDLESS)).rejects.toBeInstanceOf(StatementTimeoutError));
  });

  it('is the server’s to keep', async () => {
    const { sessions } = await open(database.url);
    const name = sessions.dialect.name === 'mariadb' ? 'max_statement_time' : 'max_execution_time';
    const limit = (): Promise<unknown> =>
      sessions.connection(async (connection) => {
        const [row] = await connection.fetchAll<{ value: string }>(`SELECT @@SESSION.${name} + 0 AS value`);
        return Number(row?.value) * (name === 'max_statement_time' ? 1_000 : 1);
      });
    expect(await limit()).toBe(LIMIT_MS);
  });

  it('can be another for a direct connection, for it alone', async () => {
    const { sessions } = await open(database.url);
    await sessions.connection(
      (connection) => expect(connection.fetchAll(ENDLESS)).rejects.toMatchObject({ code: 'STATEMENT_TIMEOUT' }),
      { statementTimeoutMs: 50 },
    );
    // longer than the usual limit and half a second: the old watch would have ended it
    const slept = 'SELECT SLEEP(1.2) = 0 AS wasLeft';
    const [row] = await sessions.connection((connection) => connection.fetchAll(slept), { statementTimeoutMs: 0 });
    expect(Number(row?.wasLeft)).toBe(1);
    await sessions.run((session) => expect(session.fetchAll(ENDLESS)).rejects.toBeInstanceOf(StatementTimeoutError));
  });

  it.each([-1, 1.5, Number.NaN])('refuses %p for it', async (statementTimeoutMs) => {
    const { sessions } = await open(database.url);
    const call = sessions.connection(async () => undefined, { statementTimeoutMs });
    await expect(call).rejects.toThrow(/statementTimeoutMs must be an integer/);
  });

  it('in a pool that resets its connections the limit is given again', async () => {
    const { sessions } = await open(database.url, { driver: { resetOnRelease: true } });
    for (let turn = 0; turn < 2; turn += 1) {
      await sessions.run((session) => expect(session.fetchAll(ENDLESS)).rejects.toBeInstanceOf(StatementTimeoutError));
    }
  });

  it('notices a database that nothing comes back from', async () => {
    const { hostname, port } = new URL(database.url);
    const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
    try {
      const { sessions } = await open(proxy.url(database.url));
      // what holds for a direct connection is over with it
      await sessions.connection(async () => undefined, { statementTimeoutMs: 0 });
      const lost = sessions.run(async (session) => {
        proxy.silence();
        await session.fetchAll('SELECT 1');
      });
      await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    } finally {
      proxy.heal();
      proxy.cut();
      await proxy.stop();
    }
  });
});
