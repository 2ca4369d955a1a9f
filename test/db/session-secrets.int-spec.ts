import { inspect } from 'node:util';
import { type DbSession, DbSessions } from '@safesync/db';
import { DataSource, type EntityManager } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { holdSession } from './held-session.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

const CANARY = 'PAN-4111-CANARY';

describe('SE-1 no bound value in any error', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  const printed: string[] = [];
  const spies: jest.SpyInstance[] = [];

  beforeAll(async () => {
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      const print = (...args: unknown[]): void => void printed.push(inspect(args, { depth: 20, showHidden: true }));
      spies.push(jest.spyOn(console, method).mockImplementation(print));
    }
    database = await createTestDatabase();
    await database.pool.query(
      'CREATE TABLE cards (id INT PRIMARY KEY, pan VARCHAR(30) UNIQUE, n INT, d DATE, doc JSON, CONSTRAINT ck CHECK (n < 100))',
    );
    await database.pool.query('CREATE TABLE uses (pan VARCHAR(30), FOREIGN KEY (pan) REFERENCES cards (pan))');
    await database.pool.query(
      "CREATE TRIGGER guard BEFORE UPDATE ON cards FOR EACH ROW BEGIN DECLARE t VARCHAR(128); SET t = CONCAT('not allowed for ', NEW.pan); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = t; END",
    );
    await database.pool.query('INSERT INTO cards (id, pan) VALUES (1, ?)', [CANARY]);
    db = await openSessions(database.url, { defaults: { lockWaitMs: 1_000 } });
  });
  afterAll(async () => {
    for (const spy of spies) spy.mockRestore();
    await db?.close();
    await database?.drop();
  });

  /** Everything that a logger, a serializer or a debugger could show of an error. */
  const everything = (error: unknown): string =>
    [
      inspect(error, { depth: 20, showHidden: true }),
      JSON.stringify(error, Object.getOwnPropertyNames(error)),
      String((error as Error).stack),
      String(((error as Error).cause as Error | undefined)?.stack),
    ].join('\n');

  const statements: readonly (readonly [string, string])[] = [
    ['a duplicate', 'INSERT INTO cards (id, pan) VALUES (2, :v)'],
    ['a wrong number', 'INSERT INTO cards (id, n) VALUES (3, :v)'],
    ['a wrong date', 'INSERT INTO cards (id, d) VALUES (3, :v)'],
    ['a wrong document', 'INSERT INTO cards (id, doc) VALUES (3, :v)'],
    ['a text too long', 'INSERT INTO cards (id, pan) VALUES (3, CONCAT(:v, :v, :v, :v))'],
    ['a missing parent', "INSERT INTO uses VALUES (CONCAT(:v, '!'))"],
    ['a signal', 'UPDATE cards SET pan = :v'],
    ['broken syntax', 'INSERT INTO cards VALUES (:v'],
    ['an unknown table', 'SELECT * FROM nowhere WHERE a = :v'],
    ['an unknown column', 'SELECT * FROM cards WHERE nowhere = :v'],
    ['a number out of range', 'SELECT EXP(LENGTH(:v) * 1000)'],
    ['a wrong path', "SELECT EXTRACTVALUE('<a/>', CONCAT('/', :v, '['))"],
    ['a wrong pattern', "SELECT 'a' REGEXP CONCAT(:v, '(')"],
  ];

  const caught = async (work: (session: DbSession) => Promise<unknown>): Promise<unknown> =>
    db.sessions.run(work).then(
      () => undefined,
      (error: unknown) => error,
    );

  it.each(statements)('%s', async (_name, sql) => {
    const own = await caught((session) => session.execute(sql, { v: CANARY }));
    const positional = sql.replaceAll(':v', '?');
    const values = [...sql.matchAll(/:v/g)].map(() => CANARY);
    const byManager = await caught(({ manager }) => manager.query(positional, values));
    for (const error of [own, byManager]) {
      expect(error).toBeInstanceOf(Error);
      expect(everything(error)).not.toContain('4111');
    }
  });

  it('control: the plain driver and TypeORM show it', async () => {
    const insert = (manager: EntityManager): Promise<unknown> =>
      manager.query('INSERT INTO cards (id, pan) VALUES (2, ?)', [CANARY]);
    expect(everything(await insert(db.dataSource.manager).catch((error: unknown) => error))).toContain('4111');
  });

  it('a lock that times out, a deadlock of two, a lost connection', async () => {
    const lock = 'SELECT * FROM cards WHERE pan = :v FOR UPDATE';
    const holder = await holdSession(
      (work) => db.sessions.run(work),
      (session) => session.fetchAll(lock, { v: CANARY }),
    );
    const timeout = await caught((session) => session.fetchAll(lock, { v: CANARY }));
    const noWait = await caught((session) => session.fetchAll(`${lock} NOWAIT`, { v: CANARY }));
    await holder.rollback();
    const lost = await caught(async (session) => {
      await database.pool.query(`KILL ${session.internals.connection.threadId}`);
      await session.fetchAll(lock, { v: CANARY });
    });
    for (const error of [timeout, noWait, lost]) {
      expect(error).toBeInstanceOf(Error);
      expect(everything(error)).not.toContain('4111');
    }
  });

  it.each([
    [{ v: [CANARY] }],
    [{ v: { a: CANARY } }],
    [{ v: CANARY, w: CANARY }],
    [{ v: new Map([[CANARY, CANARY]]) }],
  ])('a parameter that is refused', async (params) => {
    const error = await caught((session) => session.execute('SELECT :v', params as never));
    expect(error).toMatchObject({ code: 'INVALID_PARAMETER' });
    expect(everything(error)).not.toContain('4111');
  });

  it('a password in the address', async () => {
    const url = new URL(database.url);
    url.username = 'nobody';
    url.password = CANARY;
    const opening = async (): Promise<unknown> =>
      DbSessions.open(await new DataSource({ type: 'mysql', url: url.href, timezone: 'Z' }).initialize());
    // TypeORM connects before the library sees it; what it throws is its own
    await expect(opening()).rejects.toThrow();
    const dataSource = await new DataSource({
      type: 'mysql',
      url: database.url,
      timezone: 'Z',
      poolSize: 1,
    }).initialize();
    const sessions = await DbSessions.open(dataSource);
    const { pool } = dataSource.driver as unknown as {
      pool: { config: { connectionConfig: Record<string, unknown> } };
    };
    Object.assign(pool.config.connectionConfig, { user: 'nobody', password: CANARY });
    const error: unknown = await sessions
      .run(async (session) => session.internals.connection.taint('test'))
      .then(() => sessions.ping())
      .catch((thrown: unknown) => thrown);
    await dataSource.destroy();
    expect(error).toMatchObject({ code: 'DB_ACCESS_DENIED' });
    expect(everything(error)).not.toContain('4111');
  });

  it('printed nothing of it', () => {
    expect(printed.join('\n')).not.toContain('4111');
  });
});
