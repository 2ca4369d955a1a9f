import { type DirectConnection, DirtyConnectionError } from '@safesync/db';
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from 'mysql2/promise';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

describe('connections given back as they are', () => {
  let database: TestDatabase;
  let db: OpenSessions | undefined;

  const open = async (options: OpenSessionsOptions = {}): Promise<OpenSessions['sessions']> => {
    db = await openSessions(database.url, { poolSize: 1, ...options });
    return db.sessions;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY)');
  });
  beforeEach(() => database.pool.query('DELETE FROM items'));
  afterEach(async () => {
    await db?.close();
    db = undefined;
  });
  afterAll(() => database?.drop());

  const durable = (): Promise<unknown[]> => database.rows('SELECT id FROM items ORDER BY id');

  describe('M18 a transaction is left open', () => {
    it('control: the next user of plain TypeORM sees its row, and commits it by beginning its own', async () => {
      const plain = await new DataSource({ type: 'mysql', url: database.url, poolSize: 1 }).initialize();
      const forgetful = plain.createQueryRunner();
      await forgetful.startTransaction();
      await forgetful.query('INSERT INTO items VALUES (1)');
      await forgetful.release();

      const next = plain.createQueryRunner();
      expect(await next.query('SELECT id FROM items')).toEqual([{ id: 1 }]);
      expect(await durable()).toEqual([]);
      await next.startTransaction();
      await next.query('INSERT INTO items VALUES (2)');
      await next.rollbackTransaction();
      expect(await durable()).toEqual([{ id: 1 }]);
      await next.release();
      await plain.destroy();
    });

    const forget = async (connection: DirectConnection): Promise<void> => {
      await connection.execute('START TRANSACTION');
      await connection.execute('INSERT INTO items VALUES (1)');
    };

    it('cure: it is an error of whoever left it, and the next user sees and commits nothing of it', async () => {
      const sessions = await open();
      await expect(sessions.connection(forget)).rejects.toThrow(DirtyConnectionError);
      await sessions.run(async (session) => {
        expect(await session.fetchAll('SELECT id FROM items')).toEqual([]);
        await session.execute('INSERT INTO items VALUES (2)');
      });
      expect(await durable()).toEqual([{ id: 2 }]);
    });

    it('cure: a session that fails at any point leaves none', async () => {
      const sessions = await open();
      const failing = sessions.run(async (session) => {
        await session.execute('INSERT INTO items VALUES (1)');
        void session.execute('INSERT INTO items VALUES (3)');
        throw new Error('no funds');
      });
      await expect(failing).rejects.toThrow('no funds');
      const next = await sessions.connection((connection) => connection.fetchAll('SELECT id FROM items'));
      expect(next).toEqual([]);
      await sessions.run((session) => session.execute('INSERT INTO items VALUES (2)'));
      expect(await durable()).toEqual([{ id: 2 }]);
    });
  });

  const SET = "SET time_zone = '+05:00', SESSION innodb_lock_wait_timeout = 33, @left = 'a secret'";
  const LOCK = "DO GET_LOCK('facts', 0)";
  const LEFT =
    "SELECT @@SESSION.time_zone AS zone, @@SESSION.innodb_lock_wait_timeout AS wait, @left AS mark, IS_USED_LOCK('facts') IS NOT NULL AS locked";
  const asText = (row: object | null | undefined): object =>
    Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, value === null ? null : String(value)]));

  describe('M19 time zone, lock wait, variables and a named lock are left behind', () => {
    it('control: the next user of a plain mysql2 pool has all of them', async () => {
      const pool = createPool({ uri: database.url, connectionLimit: 1 });
      const first = await pool.getConnection();
      await first.query(SET);
      await first.query(LOCK);
      first.release();
      const [rows] = await pool.query<RowDataPacket[]>(LEFT);
      expect(asText(rows[0])).toEqual({ zone: '+05:00', wait: '33', mark: 'a secret', locked: '1' });
      await pool.end();
    });

    it('cure: the next session has the settings of every session, and nothing else', async () => {
      const sessions = await open();
      await sessions.connection(async (connection) => {
        await connection.execute(SET);
        await connection.execute(LOCK);
      });
      const left = await sessions.run((session) => session.fetchOne(LEFT));
      expect(asText(left)).toEqual({ zone: '+00:00', wait: '5', mark: null, locked: '0' });
    });
  });

  describe('M19 a pool that resets its connections', () => {
    type ZoneRow = RowDataPacket & { readonly zone: string };
    const ZONE = 'SELECT @@SESSION.time_zone AS zone';
    const zoneOf = async (from: Pool | PoolConnection): Promise<unknown> =>
      (await from.query<ZoneRow[]>(ZONE))[0][0]?.zone;

    it('control: takes away what was set when they were opened', async () => {
      const pool = createPool({ uri: database.url, connectionLimit: 1, resetOnRelease: true });
      pool.on('connection', (opened) => opened.query("SET time_zone = '+05:00'"));
      const first = await pool.getConnection();
      expect(await zoneOf(first)).toBe('+05:00');
      first.release();
      expect(await zoneOf(pool)).not.toBe('+05:00');
      await pool.end();
    });

    it('cure: every session has them', async () => {
      const sessions = await open({ driver: { resetOnRelease: true }, defaults: { lockWaitMs: 33_000 } });
      for (let turn = 0; turn < 3; turn += 1) {
        const left = await sessions.run((session) => session.fetchOne(LEFT));
        expect(asText(left)).toMatchObject({ zone: '+00:00', wait: '33' });
      }
    });
  });
});
