import { AcquireTimeoutError, type DirectConnection, DirtyConnectionError, NestedSessionError } from '@safesync/db';
import type { RowDataPacket } from 'mysql2';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { deferred, runningStatement } from './held-session.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

describe('direct access to a connection', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
    await database.pool.query(
      'CREATE PROCEDURE add_two() BEGIN INSERT INTO items VALUES (1); INSERT INTO items VALUES (2); END',
    );
    db = await openSessions(database.url, { poolSize: 1 });
  });
  beforeEach(() => database.pool.query('DELETE FROM items'));
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const directly = <T>(work: (connection: DirectConnection) => Promise<T>): Promise<T> => db.sessions.connection(work);
  const rows = (): Promise<unknown[]> => database.rows('SELECT id FROM items ORDER BY id');
  const threadOf = (connection: DirectConnection): Promise<string | undefined> =>
    connection.fetchAll<{ id: string }>('SELECT CONNECTION_ID() AS id').then(([row]) => row?.id);

  it('does what sessions refuse, each statement by itself', async () => {
    await db.sessions.run((session) => session.execute('INSERT INTO items VALUES (9)'));
    await directly(async (connection) => {
      await connection.execute('CREATE TABLE made (id INT)');
      await connection.execute('CALL add_two()');
      expect(await connection.execute('DELETE FROM items WHERE id = :id', { id: 9 })).toBe(1);
      await connection.execute('DROP TABLE made');
    });
    expect(await rows()).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('gives the driver to whoever needs it, and takes it back', async () => {
    let kept: DirectConnection | undefined;
    const found = await directly((connection) => {
      kept = connection;
      return connection.raw.promise().query<RowDataPacket[]>('SELECT ? AS n', ['seven']);
    });
    expect(found[0]).toEqual([{ n: 'seven' }]);
    expect(() => kept?.raw).toThrow(/ended/);
    await expect(kept?.execute('DO 1')).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
  });

  it('resets what was set, on the same connection', async () => {
    const settings = 'SELECT @@SESSION.time_zone AS zone, @@SESSION.innodb_lock_wait_timeout AS wait, @left AS mark';
    const before = await directly(async (connection) => {
      await connection.execute("SET time_zone = '+05:00', innodb_lock_wait_timeout = 1, @left = 1");
      await connection.execute("DO GET_LOCK('kept', 0)");
      return threadOf(connection);
    });
    const after = await db.sessions.run(async (session) => ({
      threadId: String(session.internals.connection.threadId),
      settings: await session.fetchOne(settings),
    }));
    expect(after).toEqual({ threadId: String(before), settings: { zone: '+00:00', wait: '5', mark: null } });
    expect(await database.rows("SELECT IS_USED_LOCK('kept') AS holder")).toEqual([{ holder: null }]);
  });

  it('does not hand on one that is on another database', async () => {
    await directly((connection) => connection.execute('USE information_schema'));
    const home = await db.sessions.run((session) => session.executeScalar('SELECT DATABASE()'));
    expect(home).toBe(database.name);
  });

  type Deed = (connection: DirectConnection) => Promise<void>;
  const deeds: readonly [string, Deed][] = [
    [
      'a transaction',
      async (connection) => {
        await connection.execute('BEGIN');
        await connection.execute('INSERT INTO items VALUES (4)');
      },
    ],
    [
      'a statement',
      async (connection) => {
        connection.execute('INSERT INTO items SELECT 4 FROM DUAL WHERE SLEEP(20) = 0').catch(() => undefined);
        await runningStatement(database, 'SLEEP(20)');
      },
    ],
  ];

  it.each(deeds)('says who left %s open, and undoes it', async (_what, leave) => {
    async function forgetful(): Promise<void> {
      await directly(leave);
    }
    const error = await forgetful().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DirtyConnectionError);
    expect((error as Error).stack).toContain('forgetful');
    await db.sessions.run((session) => session.execute('INSERT INTO items VALUES (5)'));
    expect(await rows()).toEqual([{ id: 5 }]);
  });

  it('throws what its callback throws, and undoes what that left open', async () => {
    const failing = directly(async (connection) => {
      await connection.execute('BEGIN');
      await connection.execute('INSERT INTO items VALUES (6)');
      throw new Error('own');
    });
    await expect(failing).rejects.toThrow('own');
    await db.sessions.run((session) => session.execute('DO 1'));
    expect(await rows()).toEqual([]);
  });

  it('is refused inside a session, and waits for a connection as sessions do', async () => {
    const nested = db.sessions.run(() => directly(async () => undefined));
    await expect(nested).rejects.toThrow(NestedSessionError);
    const impatient = await openSessions(database.url, { poolSize: 1, acquireTimeoutMs: 50 });
    const held = deferred<void>();
    const holding = impatient.sessions.connection(() => held.promise);
    await expect(impatient.sessions.connection(async () => undefined)).rejects.toThrow(AcquireTimeoutError);
    held.resolve();
    await holding;
    await impatient.sessions.connection(async () => undefined);
    await impatient.close();
  });
});
