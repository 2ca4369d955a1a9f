import { DbError, type DbSession, type SessionConnection } from '@safesync/db';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

const OUTCOMES = 10_000;
const FLOWS = 8;

/** A small generator with a seed, so that a failure can be run again (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

class Undo extends Error {}

describe('10 000 sessions with random outcomes on a pool of 3', () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const pick = generator(seed);
  let database: TestDatabase;
  let db: OpenSessions;
  let facts: string;
  let checkouts = 0;
  const dirty = new Set<string>();

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
    await database.pool.query('INSERT INTO items VALUES (1)');
    await database.pool.query('CREATE TABLE counters (id INT PRIMARY KEY, n INT NOT NULL)');
    await database.pool.query('INSERT INTO counters VALUES (0, 0), (1, 0), (2, 0), (3, 0)');
    db = await openSessions(database.url, { poolSize: 3, defaults: { lockWaitMs: 2_000 } });
    const level = db.sessions.dialect.name === 'mariadb' ? 'tx_isolation' : 'transaction_isolation';
    facts =
      `SELECT CONCAT_WS(' ', @@SESSION.${level}, @@SESSION.time_zone, @@SESSION.innodb_lock_wait_timeout, ` +
      `@@SESSION.autocommit = 1, @left IS NULL, IFNULL(IS_USED_LOCK('${database.name}') = CONNECTION_ID(), 0)) AS facts`;
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  /** What the next borrower of a connection finds. */
  const inspect = async (connection: SessionConnection): Promise<void> => {
    checkouts += 1;
    const status = await connection.query('DO 0');
    const isOpen = 'rows' in status || (status.serverStatus & 1) !== 0;
    if (isOpen && !connection.isBegun) dirty.add('an open transaction');
    const reply = await connection.query(facts);
    const found = 'rows' in reply ? reply.rows[0]?.facts : undefined;
    if (found !== 'READ-COMMITTED +00:00 2 1 1 0') dirty.add(String(found));
  };

  /** Transactions in which anything was done, as InnoDB lists them. */
  const activeTransactions = (): Promise<unknown[]> =>
    database.rows(
      'SELECT t.trx_id FROM information_schema.innodb_trx t ' +
        'JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE p.db = ? AND p.id <> CONNECTION_ID()',
      [database.name],
    );

  const insert = (session: DbSession, id: number): Promise<number> =>
    session.execute('INSERT INTO items VALUES (:id)', { id });
  const count = (session: DbSession): Promise<number> =>
    session.execute('UPDATE counters SET n = n + 1 WHERE id = :id', { id: pick(4) });
  const swallow = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => undefined);

  type Deed = (session: DbSession, id: number) => Promise<unknown>;
  const deeds: readonly Deed[] = [
    (session, id) => insert(session, id),
    (session, id) => session.manager.query('INSERT INTO items VALUES (?)', [id]),
    async () => Promise.reject(new Undo()),
    (session) => session.savepoint(() => Promise.reject(new Undo())),
    (session) => swallow(session.savepoint(async () => Promise.reject(new Undo()))),
    (session) => swallow(session.execute('INSERT INTO items VALUES (1)')),
    (session) => session.execute('INSERT INTO items VALUES (1)'),
    (session) => session.execute('SELECT broken syntax'),
    (session) => swallow(session.execute('CREATE TABLE x (a INT)')),
    (session) => session.execute('COMMIT'),
    async (session) => void swallow(session.execute('SELECT 1')),
    async (session) => void swallow(session.savepoint(async () => count(session))),
    (session) => session.execute('SET @left = 1'),
    (session) => session.executeScalar(`SELECT GET_LOCK('${database.name}', 0)`),
    (session) => count(session).then(() => count(session)),
    (session) => Promise.all([swallow(count(session)), swallow(count(session))]),
    (session) => swallow(count(session).then(() => count(session))),
    (session) => swallow(session.manager.transaction(async () => Promise.reject(new Undo()))),
    () => swallow(db.sessions.run((inner) => insert(inner, 1))),
    (session) => session.execute('DO SLEEP(0.02)'),
    async (session) => session.internals.beforeRelease(async () => Promise.reject(new Undo())),
    (session) => session.internals.withLockWait(7_000, async () => undefined),
    (session) => session.internals.withLockWait(7_000, async () => Promise.reject(new Undo())),
  ];
  // its own deadline may have ended it before
  const kill: Deed = (session) => swallow(database.pool.query(`KILL ${session.internals.connection.threadId}`));

  const options = [
    {},
    {},
    {},
    { isolation: 'SERIALIZABLE' },
    { isolation: 'REPEATABLE READ' },
    { readOnly: true },
    { lockWaitMs: 1_000 },
    { timeoutMs: 15 },
    { abortOnLockTimeout: false },
  ] as const;

  async function one(id: number): Promise<boolean> {
    const controller = new AbortController();
    const signal = pick(20) === 0 ? controller.signal : undefined;
    const run = db.sessions.runBracketed(
      { before: inspect, after: async () => undefined },
      async (session) => {
        if (pick(2) === 0) await insert(session, id);
        for (let steps = pick(4); steps >= 0; steps -= 1) {
          const deed = pick(200) === 0 ? kill : (deeds[pick(deeds.length)] as Deed);
          await deed(session, id + 1);
          if (signal !== undefined && pick(2) === 0) controller.abort();
        }
      },
      { ...options[pick(options.length)], ...(signal ? { signal } : {}) },
    );
    try {
      await run;
      return true;
    } catch (error) {
      if (!(error instanceof DbError) && !(error instanceof Undo)) throw error;
      return false;
    }
  }

  it('control: the inspection sees what a borrower who does not use sessions leaves behind', async () => {
    const other = await openSessions(database.url, { poolSize: 1, defaults: { lockWaitMs: 2_000 } });
    const runner = other.dataSource.createQueryRunner();
    await runner.query('SET @left = 1');
    await runner.release();
    const bracket = { before: inspect, after: async () => undefined };
    await other.sessions.runBracketed(bracket, async (session) => {
      session.internals.connection.isBegun = false;
      await inspect(session.internals.connection);
    });
    expect([...dirty]).toEqual(['READ-COMMITTED +00:00 2 1 0 0', 'an open transaction']);
    await other.sessions
      .run(async (session) => {
        await insert(session, 3);
        const isSeen = async (): Promise<boolean> => (await activeTransactions()).length === 1;
        expect(await eventually(isSeen, { what: 'the open transaction' })).toBe(true);
        throw new Undo();
      })
      .catch((error: unknown) => expect(error).toBeInstanceOf(Undo));
    dirty.clear();
    checkouts = 0;
    await other.close();
  });

  it.each([
    ['M18 a session never commits what a borrower who does not use sessions has left open', 'session', []],
    ['control: the next transaction of TypeORM commits it', 'typeorm', [{ id: 5 }]],
  ] as const)('%s', async (_, next, rows) => {
    const other = await openSessions(database.url, { poolSize: 1 });
    const runner = other.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('INSERT INTO items VALUES (5)');
    await runner.release();
    if (next === 'session') await other.sessions.run((session) => count(session));
    else await other.dataSource.transaction((manager) => manager.query('SELECT 1'));
    await other.close();
    expect(await database.rows('SELECT id FROM items WHERE id = 5')).toEqual(rows);
    await database.pool.query('DELETE FROM items WHERE id = 5');
  });

  it(`DB-2 leaves every connection clean, and exactly the committed rows (seed ${seed})`, async () => {
    const committed = new Set<number>();
    let started = 0;
    await Promise.all(
      Array.from({ length: FLOWS }, async () => {
        while (started < OUTCOMES) {
          const id = 10 + started * 2;
          started += 1;
          if (await one(id)) committed.add(id);
        }
      }),
    );
    expect([...dirty]).toEqual([]);
    expect(checkouts).toBeGreaterThan(OUTCOMES * 0.9);
    expect(committed.size).toBeGreaterThan(500);
    const rows = await database.rows<{ id: number }>('SELECT id FROM items WHERE id > 1');
    const strays = rows.map(({ id }) => id - (id % 2)).filter((id) => !committed.has(id));
    expect(strays).toEqual([]);
    await db.sessions.runBracketed({ before: inspect, after: async () => undefined }, async () => undefined);
    const lock = await database.rows<{ holder: unknown }>('SELECT IS_USED_LOCK(?) AS holder', [database.name]);
    expect(lock).toEqual([{ holder: null }]);
    const none = async (): Promise<boolean> => (await activeTransactions()).length === 0;
    expect(await eventually(none, { what: 'no transaction with anything in it' })).toBe(true);
    expect([...dirty]).toEqual([]);
  }, 240_000);
});
