import { DeadlockError, DuplicateKeyError, isRetryable, LockTimeoutError, StatementRefusedError } from '@safesync/db';
import { DataSource, type EntityManager } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';
import { createItems, durableItems, Opponent, resetItems } from './opponent.js';

type Execute = (sql: string) => Promise<unknown>;

const ADD_1 = 'UPDATE items SET n = n + 1 WHERE id = 1';
const ADD_2 = 'UPDATE items SET n = n + 1 WHERE id = 2';
const INSERT_3 = 'INSERT INTO items VALUES (3, 0)';
const UNCHANGED = { 1: 0, 2: 0 };

/** For each event: what the server does to a transaction of the plain driver, and what becomes of a session. */
describe('errors in a transaction', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  let opponent: Opponent | undefined;

  beforeAll(async () => {
    database = await createTestDatabase();
    await createItems(database);
    db = await openSessions(database.url, { poolSize: 2, defaults: { lockWaitMs: 1_000 } });
  });
  beforeEach(() => resetItems(database));
  afterEach(async () => {
    await opponent?.end();
    opponent = undefined;
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const failure = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );
  const fight = async (): Promise<Opponent> => {
    opponent = await Opponent.begin(database);
    return opponent;
  };

  /** A transaction on the plain driver, on a connection that nobody has after it. */
  async function plainly(ending: 'COMMIT' | 'ROLLBACK', work: (execute: Execute) => Promise<void>): Promise<void> {
    const connection = await database.pool.getConnection();
    try {
      await connection.query('SET SESSION innodb_lock_wait_timeout = 1');
      await connection.query('START TRANSACTION');
      await work((sql) => connection.query(sql));
      await connection.query(ending);
    } finally {
      connection.destroy();
    }
  }

  it('3.4 duplicate key: only the statement is undone, the session goes on', async () => {
    const duplicate = 'INSERT INTO items VALUES (1, 9)';
    await plainly('COMMIT', async (execute) => {
      await execute(ADD_1);
      expect(await failure(execute(duplicate))).toMatchObject({ errno: 1062 });
      await execute(INSERT_3);
    });
    expect(await durableItems(database)).toEqual({ 1: 1, 2: 0, 3: 0 });

    await resetItems(database);
    await db.sessions.run(async (session) => {
      await session.execute(ADD_1);
      expect(await failure(session.execute(duplicate))).toBeInstanceOf(DuplicateKeyError);
      expect(session.isActive).toBe(true);
      await session.execute(INSERT_3);
    });
    expect(await durableItems(database)).toEqual({ 1: 1, 2: 0, 3: 0 });
  });

  describe('3.4 deadlock', () => {
    it('3.4 deadlock: control: the server ends the transaction, its savepoints too, and the next write is durable', async () => {
      const other = await fight();
      await plainly('ROLLBACK', async (execute) => {
        await execute('SAVEPOINT outset');
        await execute(ADD_1);
        await other.reach();
        expect(await failure(execute(ADD_2))).toMatchObject({ errno: 1213 });
        expect(await failure(execute('ROLLBACK TO SAVEPOINT outset'))).toMatchObject({ errno: 1305 });
        await execute(INSERT_3);
      });
      expect(await durableItems(database)).toEqual({ ...UNCHANGED, 3: 0 });
    });

    it('3.4 deadlock: the session is dead, also when a savepoint was around it, and nothing is durable', async () => {
      const other = await fight();
      let later: unknown;
      const run = db.sessions.run(async (session) => {
        const nested = session.savepoint(async () => {
          await session.execute(ADD_1);
          await other.reach();
          await session.execute(ADD_2);
        });
        expect(await failure(nested)).toBeInstanceOf(DeadlockError);
        expect(session.isActive).toBe(false);
        later = await failure(session.execute(INSERT_3));
      });
      const aborted = { code: 'SESSION_ABORTED', cause: expect.any(DeadlockError), isRetryable: true };
      await expect(run).rejects.toMatchObject(aborted);
      expect(later).toMatchObject(aborted);
      expect(await durableItems(database)).toEqual(UNCHANGED);
    });
  });

  describe('3.4 lock timeout', () => {
    it('3.4 lock timeout: control: only the statement is undone, COMMIT keeps the half before it', async () => {
      await fight();
      await plainly('COMMIT', async (execute) => {
        await execute(ADD_1);
        expect(await failure(execute(ADD_2))).toMatchObject({ errno: 1205 });
      });
      expect(await durableItems(database)).toEqual({ 1: 1, 2: 0 });
    });

    it('3.4 lock timeout: the session can only roll back', async () => {
      await fight();
      const run = db.sessions.run(async (session) => {
        await session.execute(ADD_1);
        expect(await failure(session.execute(ADD_2))).toBeInstanceOf(LockTimeoutError);
        expect(await failure(session.execute(INSERT_3))).toMatchObject({ code: 'SESSION_ABORTED' });
      });
      await expect(run).rejects.toMatchObject({
        code: 'SESSION_ABORTED',
        cause: { code: 'LOCK_TIMEOUT', errno: 1205 },
      });
      expect(await durableItems(database)).toEqual(UNCHANGED);
    });

    it('3.4 lock timeout: with abortOnLockTimeout: false it goes on', async () => {
      await fight();
      const goOn = async (execute: Execute): Promise<void> => {
        await execute(ADD_1);
        expect(await failure(execute(ADD_2))).toBeInstanceOf(LockTimeoutError);
        await execute(INSERT_3);
      };
      await db.sessions.run((session) => goOn((sql) => session.execute(sql)), { abortOnLockTimeout: false });
      expect(await durableItems(database)).toEqual({ 1: 1, 2: 0, 3: 0 });
    });
  });

  it('3.4 DDL: commits for the plain driver; in a session it is refused, and the row goes with the rollback', async () => {
    const ddl = 'CREATE TABLE IF NOT EXISTS made (id INT)';
    await plainly('ROLLBACK', async (execute) => {
      await execute(INSERT_3);
      await execute(ddl);
    });
    expect(await durableItems(database)).toEqual({ ...UNCHANGED, 3: 0 });

    await resetItems(database);
    const run = db.sessions.run(async (session) => {
      await session.execute(INSERT_3);
      expect(await failure(session.execute(ddl))).toBeInstanceOf(StatementRefusedError);
      throw new Error('undo');
    });
    await expect(run).rejects.toThrow('undo');
    expect(await durableItems(database)).toEqual(UNCHANGED);
  });

  describe('3.4 nested manager.transaction', () => {
    /** The same for both: a deadlock inside, swallowed by a careless caller that goes on to write. */
    async function steps(outer: EntityManager): Promise<void> {
      const other = await fight();
      await outer.query(ADD_1);
      const nested = outer.transaction(async (manager) => {
        await other.reach();
        await manager.query(ADD_2);
      });
      await failure(nested);
      await outer.query(INSERT_3);
    }

    it('3.4 nested manager.transaction: control: plain TypeORM rejects, and the row written after the deadlock is durable', async () => {
      const plain = await new DataSource({ type: 'mysql', url: database.url, poolSize: 1 }).initialize();
      await expect(plain.transaction(steps)).rejects.toThrow('SAVEPOINT typeorm_1 does not exist');
      expect(await durableItems(database)).toEqual({ ...UNCHANGED, 3: 0 });
      await plain.destroy();
    });

    it('3.4 nested manager.transaction: in a session nothing is durable', async () => {
      const run = db.sessions.run((session) => steps(session.manager));
      await expect(run).rejects.toMatchObject({ code: 'SESSION_ABORTED', cause: expect.any(DeadlockError) });
      expect(await durableItems(database)).toEqual(UNCHANGED);
    });
  });

  describe('3.4 snapshot conflict', () => {
    /** MariaDB has the conflict where `innodb_snapshot_isolation` is on; MySQL changes the newest version of the row. */
    const hasConflicts = async (): Promise<boolean> =>
      (await database.rows("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'")).length > 0;
    const STRICT = 'SET SESSION innodb_snapshot_isolation = ON';

    /** Changes a row that somebody else has changed since the snapshot. The error of it. */
    async function steps(execute: Execute): Promise<unknown> {
      await execute('SELECT * FROM items');
      await database.pool.query('UPDATE items SET n = 7 WHERE id = 1');
      return failure(execute(ADD_1));
    }

    it('3.4 snapshot conflict: control: 1020 ends the transaction on MariaDB, MySQL knows none', async () => {
      const conflicts = await hasConflicts();
      await plainly('ROLLBACK', async (execute) => {
        if (conflicts) await execute(STRICT);
        expect(await steps(execute)).toEqual(conflicts ? expect.objectContaining({ errno: 1020 }) : undefined);
        await execute(INSERT_3);
      });
      expect(await durableItems(database)).toEqual(conflicts ? { 1: 7, 2: 0, 3: 0 } : { 1: 7, 2: 0 });
    });

    it('3.4 snapshot conflict: the session is dead and may be run again; on MySQL it adds to the newest row', async () => {
      const conflicts = await hasConflicts();
      const strict = await openSessions(database.url, { poolSize: 1, defaults: { isolation: 'REPEATABLE READ' } });
      const run = strict.sessions.run(async (session) => {
        const { connection } = session.internals;
        if (conflicts) await connection.query(STRICT);
        connection.taint('it has a setting of its own');
        const error = await steps((sql) => session.execute(sql));
        expect(session.isActive).toBe(!conflicts);
        if (error !== undefined) throw error;
      });
      const error = await failure(run);
      await strict.close();
      expect(error).toEqual(conflicts ? expect.any(DeadlockError) : undefined);
      expect(isRetryable(error)).toBe(conflicts);
      expect(await durableItems(database)).toEqual({ 1: conflicts ? 7 : 8, 2: 0 });
    });
  });
});
