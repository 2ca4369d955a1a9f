import {
  type DbError,
  DbWriteError,
  DuplicateKeyError,
  LockNotAvailableError,
  LockTimeoutError,
  StatementFailedError,
} from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type HeldSession, holdSession } from './held-session.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

/** What this server really answers, in the library's words. */
describe('the dialect of the server', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      `CREATE TABLE accounts (id INT PRIMARY KEY, email VARCHAR(10), a INT, b INT, n INT NOT NULL DEFAULT 0,
       UNIQUE KEY uq_email (email), UNIQUE KEY \`uq.odd-name\` (a, b), CONSTRAINT ck_n CHECK (n < 100))`,
    );
    await database.pool.query('CREATE TABLE uses (id INT, FOREIGN KEY (id) REFERENCES accounts (id))');
    await database.pool.query("INSERT INTO accounts VALUES (1, 'a', 1, 1, 0), (2, 'b', 2, 2, 0)");
    await database.pool.query('INSERT INTO uses VALUES (1)');
    db = await openSessions(database.url, { defaults: { lockWaitMs: 1_000 } });
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const failing = async (sql: string): Promise<DbError> => {
    let caught: unknown;
    await db.sessions.run(async (session) => {
      caught = await session.execute(sql).catch((error: unknown) => error);
      // whatever failed, the transaction goes on
      await session.execute('UPDATE accounts SET n = n');
    });
    return caught as DbError;
  };

  it('is recognised', () => {
    expect(['mysql', 'mariadb']).toContain(db.sessions.dialect.name);
  });

  it.each([
    ['INSERT INTO accounts (id) VALUES (1)', 'PRIMARY'],
    ["INSERT INTO accounts (id, email) VALUES (3, 'a')", 'uq_email'],
    ["UPDATE accounts SET email = 'a' WHERE id = 2", 'uq_email'],
  ])('names the key of a duplicate: %s', async (sql, key) => {
    const error = await failing(sql);
    expect(error).toBeInstanceOf(DuplicateKeyError);
    expect(error).toMatchObject({ key, errno: 1062, sqlState: '23000', isRetryable: false });
  });

  it.each([
    ["INSERT INTO accounts (id, email) VALUES (3, 'far too long')", 1406, /email/],
    ["INSERT INTO accounts (id, n) VALUES (3, 'x')", 1366, /column.*n/],
    ['INSERT INTO accounts (id, n) VALUES (3, 99999999999)', 1264, /'n'/],
    ['INSERT INTO accounts (id, n) VALUES (3, NULL)', 1048, /'n'/],
    ['INSERT INTO uses VALUES (99)', 1452, /foreign key/],
    ['DELETE FROM accounts WHERE id = 1', 1451, /foreign key/],
  ])('says what is wrong with a write: %s', async (sql, errno, text) => {
    const error = await failing(sql);
    expect(error).toBeInstanceOf(DbWriteError);
    expect(error).not.toBeInstanceOf(DuplicateKeyError);
    expect(error.errno).toBe(errno);
    expect(error.message).toMatch(text);
  });

  it('says which check failed', async () => {
    const error = await failing('INSERT INTO accounts (id, n) VALUES (3, 100)');
    expect([3819, 4025]).toContain(error.errno);
    expect(error.message).toContain('ck_n');
  });

  it.each([
    ['SELECT * FROM nowhere', 1146, /nowhere/],
    ['SELECT nothing FROM accounts', 1054, /nothing/],
    ['SELECT FROM WHERE', 1064, /syntax/],
  ])('says what is wrong with a read: %s', async (sql, errno, text) => {
    const error = await failing(sql);
    expect(error).toBeInstanceOf(StatementFailedError);
    expect(error.errno).toBe(errno);
    expect(error.message).toMatch(text);
  });

  describe('when a row is locked', () => {
    let holder: HeldSession;
    beforeEach(async () => {
      holder = await holdSession(
        (work) => db.sessions.run(work),
        (session) => session.execute('UPDATE accounts SET n = n + 1 WHERE id = 1'),
      );
    });
    afterEach(async () => {
      await holder.rollback();
    });

    // all columns: a shared lock on an index that covers the columns would not meet the lock of the row itself
    const select = async (clause: string): Promise<unknown[]> =>
      (await db.sessions.run((session) => session.fetchAll(`SELECT * FROM accounts${clause}`))).map(({ id }) => id);
    const clause = (mode: 'update' | 'share', wait: 'wait' | 'nowait' | 'skipLocked'): string =>
      db.sessions.dialect.rowLockClause({ mode, wait });

    it.each(['update', 'share'] as const)('does not wait when told so (%s)', async (mode) => {
      await expect(select(clause(mode, 'nowait'))).rejects.toBeInstanceOf(LockNotAvailableError);
    });

    it.each(['update', 'share'] as const)('skips it when told so (%s)', async (mode) => {
      expect(await select(clause(mode, 'skipLocked'))).toEqual([2]);
    });

    it.each(['update', 'share'] as const)('waits no longer than told (%s)', async (mode) => {
      await expect(select(clause(mode, 'wait'))).rejects.toBeInstanceOf(LockTimeoutError);
    });
  });

  it('does not take locks of rows for shared readers', async () => {
    const share = db.sessions.dialect.rowLockClause({ mode: 'share', wait: 'wait' });
    const reader = await holdSession(
      (work) => db.sessions.run(work),
      (session) => session.fetchAll(`SELECT * FROM accounts${share}`),
    );
    const second = await db.sessions.run((session) => session.fetchAll(`SELECT id FROM accounts${share}`));
    expect(second).toHaveLength(2);
    await reader.commit();
  });

  it('counts what a statement stopped from outside as that, and goes on', async () => {
    await db.sessions.run(async (session) => {
      const { threadId } = session.internals.connection;
      const sleeping = session
        .execute('UPDATE accounts SET n = n + SLEEP(20) WHERE id = 1')
        .catch((error: unknown) => error);
      const kill = async (): Promise<unknown> => {
        for (;;) {
          await database.pool.query(`KILL QUERY ${threadId}`);
          const outcome = await Promise.race([sleeping, new Promise((resolve) => setImmediate(resolve))]);
          if (outcome !== undefined) return outcome;
        }
      };
      expect(await kill()).toMatchObject({ errno: 1317 });
      expect(session.isActive).toBe(true);
    });
  });
});
