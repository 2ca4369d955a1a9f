import { CommitOutcomeUnknownError, type DbSession } from '@safesync/db';
import { TcpProxy } from '@safesync/testing';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { createMigratedDatabase } from './migrated-database.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

const LOSSES = 500;
const COMMIT = 'COMMIT';
/** The settings of a new connection name the level: READ COMMITTED would be taken for a COMMIT. */
const defaults: OpenSessionsOptions['defaults'] = { isolation: 'REPEATABLE READ' };

/** DB-6, M9: the answer to COMMIT is lost, and the library says what became of the transaction. */
describe('a tracked session whose COMMIT is not answered', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let db: OpenSessions;

  const connect = async (options: OpenSessionsOptions = {}): Promise<OpenSessions> => {
    db = await openSessions(proxy.url(database.url), { poolSize: 2, defaults, ...options });
    return db;
  };
  const insert = (session: DbSession, id: number): Promise<number> =>
    session.execute('INSERT INTO items VALUES (:id)', { id });
  const tracked = (id: number): Promise<number> =>
    db.sessions.run((session) => insert(session, id), { trackOutcome: true });
  const failure = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );
  const ids = async (): Promise<number[]> =>
    (await database.rows<{ id: number }>('SELECT id FROM items ORDER BY id')).map(({ id }) => id);

  beforeAll(async () => {
    database = await createMigratedDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
    const { hostname, port } = new URL(database.url);
    proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
  });
  beforeEach(() => database.pool.query('DELETE FROM items'));
  afterEach(async () => {
    proxy.heal();
    proxy.cut();
    if (db.dataSource.isInitialized) await db.close();
  });
  afterAll(async () => {
    await proxy?.stop();
    await database?.drop();
  });

  it(`tells the truth ${LOSSES} times, half of them committed`, async () => {
    await connect();
    const wrong: number[] = [];
    let committed = 0;
    for (let id = 0; id < LOSSES; id += 1) {
      const isLost = id % 2 === 0;
      const sprung = proxy.trapRequest(COMMIT, isLost ? 'lose-request' : 'lose-reply');
      const error = await failure(tracked(id));
      await sprung;
      if (error === undefined) committed += 1;
      const expected = isLost ? { code: 'CONNECTION_LOST', isRetryable: true } : undefined;
      if ((error as { code?: string } | undefined)?.code !== expected?.code) wrong.push(id);
    }
    expect(wrong).toEqual([]);
    expect(committed).toBe(LOSSES / 2);
    expect(await ids()).toEqual(Array.from({ length: LOSSES / 2 }, (_, index) => 2 * index + 1));
  }, 120_000);

  it('knows its own question again when the answer to that was lost', async () => {
    await connect();
    const asked = proxy.trapRequest(COMMIT, 'lose-request').then(() => proxy.trapRequest('FALSE)', 'lose-reply'));
    expect(await failure(tracked(1))).toMatchObject({ code: 'CONNECTION_LOST' });
    await asked;
    expect(await ids()).toEqual([]);
  });

  it('deletes markers of yesterday, at one of a thousand commits, and none of today', async () => {
    const { sessions } = await connect();
    await database.pool.query(
      "INSERT INTO safesync_commit (id, committed_at) VALUES (X'00', UTC_TIMESTAMP() - INTERVAL 2 DAY), (X'01', UTC_TIMESTAMP() - INTERVAL 1 HOUR)",
    );
    const empty = async (): Promise<unknown> => sessions.run(async () => undefined, { trackOutcome: true });
    const chance = jest.spyOn(Math, 'random').mockReturnValueOnce(0.001).mockReturnValueOnce(0.0009);
    const sent = jest.spyOn(
      Object.getPrototypeOf(await sessions.run(async ({ internals }) => internals.connection)),
      'query',
    );
    const purges = (): number =>
      sent.mock.calls.filter(([text]) => String(text).startsWith('DELETE FROM safesync')).length;
    await empty();
    expect(purges()).toBe(0);
    await empty();
    chance.mockRestore();
    await eventually(() => purges() === 1, { what: 'markers are deleted' });
    sent.mockRestore();
    const left = async (id: string): Promise<number> =>
      (await database.rows(`SELECT 1 FROM safesync_commit WHERE id = BINARY X'${id}${'00'.repeat(15)}'`)).length;
    await eventually(async () => (await left('00')) === 0, { what: 'the old marker is gone' });
    expect(await left('01')).toBe(1);
  });

  it('control: without tracking all of them are unknown', async () => {
    const { sessions } = await connect();
    for (const trap of ['lose-request', 'lose-reply'] as const) {
      const sprung = proxy.trapRequest(COMMIT, trap);
      expect(await failure(sessions.run((session) => insert(session, 1)))).toBeInstanceOf(CommitOutcomeUnknownError);
      await sprung;
      await database.pool.query('DELETE FROM items');
    }
  });

  it('runs the hooks of the outcome it found', async () => {
    const { sessions } = await connect();
    const hooks: string[] = [];
    for (const trap of ['lose-request', 'lose-reply'] as const) {
      void proxy.trapRequest(COMMIT, trap);
      const run = sessions.run(
        async (session) => {
          session.afterCommit(() => void hooks.push('commit'));
          session.afterRollback(() => void hooks.push('rollback'));
          await insert(session, 1);
        },
        { trackOutcome: true },
      );
      await failure(run);
    }
    expect(hooks).toEqual(['rollback', 'commit']);
  });

  it('withRetry goes on after the loss of an uncommitted one, and repeats no committed one', async () => {
    const { sessions } = await connect();
    for (const [id, trap] of [
      [1, 'lose-request'],
      [2, 'lose-reply'],
    ] as const) {
      void proxy.trapRequest(COMMIT, trap);
      await sessions.withRetry((session) => insert(session, id), { trackOutcome: true });
    }
    expect(await ids()).toEqual([1, 2]);
  });

  it('ends a transaction that the server would keep open for a client that is gone', async () => {
    await connect({ statementTimeoutMs: 300, defaults: { lockWaitMs: 200 } });
    const healed = proxy.swallowedBytes;
    const run = db.sessions.run(
      async (session) => {
        await insert(session, 1);
        // the marker passes, the COMMIT does not
        const { connection } = session.internals;
        const send = connection.send.bind(connection);
        connection.send = (text) => {
          if (text.startsWith('COMMIT')) {
            proxy.silence();
            session.internals.connection.onLost(() => proxy.heal());
          }
          return send(text);
        };
      },
      { trackOutcome: true },
    );
    const watch = setInterval(() => proxy.swallowedBytes > healed && proxy.heal(), 5);
    expect(await failure(run)).toMatchObject({ code: 'CONNECTION_LOST' });
    clearInterval(watch);
    expect(await ids()).toEqual([]);
  });

  it('SE-2 finds out with no more grants than those on its rows', async () => {
    const user = `u_${database.name}`;
    await database.pool.query(`CREATE USER ${user}@'%' IDENTIFIED BY ''`);
    try {
      await database.pool.query(`GRANT SELECT, INSERT, DELETE ON ${database.name}.safesync_commit TO ${user}@'%'`);
      await database.pool.query(`GRANT INSERT ON ${database.name}.items TO ${user}@'%'`);
      const url = Object.assign(new URL(proxy.url(database.url)), { username: user, password: '' });
      db = await openSessions(url.href, { poolSize: 2, defaults });
      void proxy.trapRequest(COMMIT, 'lose-reply');
      await tracked(1);
      void proxy.trapRequest(COMMIT, 'lose-request');
      expect(await failure(tracked(2))).toMatchObject({ code: 'CONNECTION_LOST' });
      expect(await ids()).toEqual([1]);
    } finally {
      await database.pool.query(`DROP USER ${user}@'%'`);
    }
  });

  it('says what is missing without the table, and commits nothing', async () => {
    const bare = await createTestDatabase();
    await bare.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
    const other = await openSessions(bare.url);
    const run = other.sessions.run((session) => insert(session, 1), { trackOutcome: true });
    await expect(run).rejects.toMatchObject({ code: 'SCHEMA_MISSING' });
    expect(await bare.rows('SELECT id FROM items')).toEqual([]);
    await other.close();
    await bare.drop();
  });

  it('is refused for a session that may not write', async () => {
    const { sessions } = await connect();
    const run = sessions.run(async () => undefined, { trackOutcome: true, readOnly: true });
    await expect(run).rejects.toThrow(/trackOutcome/);
  });
});
