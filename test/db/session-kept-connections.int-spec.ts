import { once } from 'node:events';
import { type DbSession, DbSessions, type SessionOptions } from '@safesync/db';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { holdSession } from './held-session.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

/** ADR 0008: a connection stays with the sessions, its next transaction begun by the end of the last. */
describe('connections between two sessions', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  const open = async (options: OpenSessionsOptions = {}): Promise<OpenSessions> => {
    db = await openSessions(database.url, options);
    return db;
  };
  const add = (session: DbSession, id: number): Promise<number> =>
    session.execute('INSERT INTO items VALUES (:id)', { id });
  const threadOf = ({ internals }: DbSession): number => internals.connection.threadId;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
  });
  beforeEach(() => database.pool.query('DELETE FROM items'));
  afterEach(() => db?.close());
  afterAll(() => database?.drop());

  /** What the server is sent for one session on a connection that the sessions have already. */
  async function sent(work: (session: DbSession) => Promise<unknown>, options?: SessionOptions): Promise<string[]> {
    const texts: string[] = [];
    const warm = await db.sessions.run(async ({ internals }) => internals.connection);
    const send = warm.send.bind(warm);
    warm.send = (text) => {
      texts.push(text);
      return send(text);
    };
    await db.sessions.run(work, options).catch((error: unknown) => {
      if ((error as Error).message !== 'undo') throw error;
    });
    warm.send = send;
    return texts;
  }
  const undo = async (session: DbSession): Promise<void> => {
    await add(session, 1);
    throw new Error('undo');
  };

  it('PF-4 one statement costs two round trips', async () => {
    await open({ poolSize: 1 });
    const insert = 'INSERT INTO items VALUES (1)';
    expect(await sent((session) => add(session, 1))).toEqual([insert, 'COMMIT AND CHAIN']);
    await database.pool.query('DELETE FROM items');
    expect(await sent(undo)).toEqual([insert, 'ROLLBACK AND CHAIN']);
  });

  it('another kind of session begins and ends its own transaction, and leaves none to the next', async () => {
    await open({ poolSize: 1 });
    const level = 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE';
    const nothing = async (): Promise<void> => undefined;
    const serializable = await sent(nothing, { isolation: 'SERIALIZABLE' });
    expect(serializable).toEqual(['ROLLBACK', level, 'START TRANSACTION', 'COMMIT']);
    expect(await sent(nothing, { readOnly: true })).toEqual(['START TRANSACTION READ ONLY', 'COMMIT']);
    await db.sessions.run((session) => add(session, 2));
    expect(await database.rows('SELECT id FROM items')).toEqual([{ id: 2 }]);
  });

  it('at REPEATABLE READ a session still sees what was committed before its first read', async () => {
    await open({ poolSize: 1, defaults: { isolation: 'REPEATABLE READ' } });
    await db.sessions.run(async () => undefined);
    await database.pool.query('INSERT INTO items VALUES (7)');
    expect(await db.sessions.run((session) => session.fetchAll('SELECT id FROM items'))).toEqual([{ id: 7 }]);
  });

  it('go to whoever else waits for one, outside of any transaction', async () => {
    const { sessions, dataSource } = await open({ poolSize: 1 });
    const kept = await sessions.run(async (session) => threadOf(session));
    await dataSource.query('INSERT INTO items VALUES (3)');
    // it would be undone with a transaction that the pool's user does not know of
    expect(await database.rows('SELECT id FROM items')).toEqual([{ id: 3 }]);
    expect(await sessions.run(async (session) => threadOf(session))).toBe(kept);
  });

  it('go to them while sessions never leave one idle', async () => {
    const { sessions, dataSource } = await open({ poolSize: 2 });
    const others = { areServed: false };
    const flow = async (): Promise<void> => {
      while (!others.areServed) await sessions.run((session) => session.execute('DO 0'));
    };
    const flows = Array.from({ length: 6 }, flow);
    await sessions.run((session) => session.execute('DO 0'));
    await Promise.all(Array.from({ length: 3 }, () => dataSource.query('SELECT 1')));
    others.areServed = true;
    await Promise.all(flows);
  });

  it('are not handed out when they broke meanwhile', async () => {
    const { sessions } = await open({ poolSize: 1 });
    for (let id = 1; id <= 5; id += 1) {
      const { threadId, raw } = await sessions.run(async (session) => ({
        threadId: threadOf(session),
        raw: (await session.manager.queryRunner?.connect()) as NodeJS.EventEmitter,
      }));
      const gone = once(raw, 'end');
      await database.pool.query(`KILL ${threadId}`);
      await gone;
      await sessions.run((session) => add(session, id));
    }
    expect(await database.rows('SELECT COUNT(*) AS n FROM items')).toEqual([{ n: '5' }]);
  });

  it('the one of several waiting whose request failed gives up, not the one who has waited longest', async () => {
    const { sessions } = await open({ poolSize: 1, driver: { queueLimit: 1 } });
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map((id) => sessions.run((session) => add(session, id).then(() => session.execute('DO SLEEP(0.05)')))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });

  it('wait for nobody who gave a controller for its signal', async () => {
    const { sessions } = await open({ poolSize: 1, acquireTimeoutMs: 2_000 });
    const slip = { signal: new AbortController() as unknown as AbortSignal };
    const holder = await holdSession(
      (work) => sessions.run(work),
      (session) => add(session, 1),
    );
    await expect(sessions.run(async () => undefined, slip)).rejects.toThrow(/signal must be an AbortSignal/);
    await holder.commit();
    await sessions.run((session) => add(session, 2));
    expect(await database.rows('SELECT COUNT(*) AS n FROM items')).toEqual([{ n: '2' }]);
  });

  it('are not kept from others who may not wait for one', async () => {
    const { sessions, dataSource } = await open({ poolSize: 1, driver: { waitForConnections: false } });
    await sessions.run((session) => add(session, 1));
    expect(await dataSource.query('SELECT id FROM items')).toEqual([{ id: 1 }]);
  });

  it('are found again after the DataSource was closed and opened', async () => {
    const { sessions, dataSource } = await open({ poolSize: 1 });
    await sessions.run((session) => add(session, 1));
    await dataSource.destroy();
    await dataSource.initialize();
    await sessions.run((session) => add(session, 2));
    // who waits for a connection of the new pool is heard, and not only when the connection goes back by itself
    const { pool } = dataSource.driver as unknown as { pool: { listenerCount(event: string): number } };
    expect([pool.listenerCount('enqueue'), pool.listenerCount('connection')]).toEqual([1, 1]);
    expect(await dataSource.query('SELECT COUNT(*) AS n FROM items')).toEqual([{ n: '2' }]);
  });

  it('a server that does not know AND CHAIN is told to begin each transaction', async () => {
    const { dataSource } = await open({ poolSize: 1 });
    await db.close();
    await dataSource.initialize();
    const texts = unchained(dataSource.driver as unknown as Driver);
    const sessions = await DbSessions.open(dataSource);
    expect(texts).toContain('ROLLBACK AND CHAIN');
    texts.length = 0;
    for (const id of [1, 2]) await sessions.run((session) => add(session, id));
    expect(texts.filter((text) => text === 'START TRANSACTION')).toHaveLength(2);
    expect(texts.filter((text) => text.includes('CHAIN'))).toEqual([]);
    expect(await database.rows('SELECT COUNT(*) AS n FROM items')).toEqual([{ n: '2' }]);
  });
});

/** Pools whose connections cannot stay with the sessions. */
describe.each([
  ['a pool that resets connections', { extra: { resetOnRelease: true } }],
  ['replication', 'replication'],
] as const)('%s', (_what, kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let sessions: DbSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
    const { url } = database;
    const where = kind === 'replication' ? { replication: { master: { url }, slaves: [{ url }] } } : { url, ...kind };
    dataSource = await new DataSource({ type: 'mysql', timezone: 'Z', poolSize: 2, ...where }).initialize();
    sessions = await DbSessions.open(dataSource);
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });

  it('serves others while sessions never leave a connection idle', async () => {
    const others = { areServed: false };
    const flow = async (): Promise<void> => {
      while (!others.areServed) await sessions.run((session) => session.execute('DO 0'));
    };
    const flows = Array.from({ length: 6 }, flow);
    const other = dataSource.createQueryRunner('master');
    await other.query('SELECT 1');
    await other.release();
    others.areServed = true;
    await Promise.all(flows);
  });

  it('M18 never commits what a borrower who does not use sessions has left open', async () => {
    const runners = [1, 2].map(() => dataSource.createQueryRunner('master'));
    for (const [id, runner] of runners.entries()) {
      await runner.startTransaction();
      await runner.query(`INSERT INTO items VALUES (${id})`);
    }
    for (const runner of runners) await runner.release();
    await Promise.all([1, 2].map(() => sessions.run((session) => session.execute('DO SLEEP(0.05)'))));
    await dataSource.destroy();
    expect(await database.rows('SELECT id FROM items')).toEqual([]);
    await dataSource.initialize();
  });
});

type Callback = (error: unknown, result: unknown) => void;
type Query = string | { readonly sql: string };
interface Raw {
  query(query: Query, ...rest: [Callback] | [unknown[], Callback]): void;
}
interface Driver {
  pool: { getConnection(done: (error: unknown, raw: Raw) => void): void };
}

/** Has the server refuse the words, as those do that never heard of them. Returns what is sent. */
function unchained({ pool }: Driver): string[] {
  const texts: string[] = [];
  const met = new WeakSet<Raw>();
  const getConnection = pool.getConnection.bind(pool);
  pool.getConnection = (done) =>
    getConnection((error, raw) => {
      if (met.has(raw)) return done(error, raw);
      met.add(raw);
      const query = raw.query.bind(raw);
      raw.query = (given, ...rest) => {
        const sql = typeof given === 'string' ? given : given.sql;
        texts.push(sql);
        query(
          { ...(typeof given === 'string' ? {} : given), sql: sql.replace('AND CHAIN', 'AND UNHEARD OF') },
          ...rest,
        );
      };
      done(error, raw);
    });
  return texts;
}
