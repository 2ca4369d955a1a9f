import type { PoolConnection } from 'mysql2/promise';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { lines, NAMES, recorded, TABLES, tablesOf } from './recorded.js';
import { safesync, start } from './safesync.js';

describe('safesync migrate beside others that migrate', () => {
  let database: TestDatabase;
  let holder: PoolConnection;

  beforeEach(async () => {
    database = await createTestDatabase();
    holder = await database.pool.getConnection();
  });
  afterEach(async () => {
    holder?.destroy();
    await database?.drop();
  });

  /** Stops the next process that migrates before its first record: no row comes into the table until `holder` commits. */
  const holdRecords = async (): Promise<void> => {
    await safesync(['migrate'], database.url);
    await database.pool.query(`DROP TABLE ${TABLES.join(', ')}`);
    await database.pool.query('DELETE FROM migrations');
    await holder.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await holder.beginTransaction();
    await holder.query('SELECT * FROM migrations FOR UPDATE');
  };
  const running = async (beginning: string): Promise<number[]> => {
    const rows = await database.rows<{ id: string }>(
      'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE ?',
      [`${beginning}%`],
    );
    return rows.map(({ id }) => Number(id));
  };
  const isRunning = (beginning: string, count = 1): Promise<unknown> =>
    eventually(async () => (await running(beginning)).length === count, { what: `${count} of ${beginning}` });

  it('records each migration once when four run at once', async () => {
    const ends = await Promise.all([1, 2, 3, 4].map(() => safesync(['migrate'], database.url)));
    expect(ends.map(({ code, err }) => ({ code, err }))).toEqual(
      Array.from({ length: 4 }, () => ({ code: 0, err: '' })),
    );
    expect(ends.map(({ out }) => out).toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => 'Nothing to do: every migration is applied.\n'),
      lines('applied  '),
    ]);
    expect(await recorded(database)).toEqual(NAMES);
  });

  it('waits for another one, whoever else waits, and finds the work done', async () => {
    await holdRecords();
    const first = start(['migrate'], database.url);
    await isRunning('INSERT INTO');
    const others = [1, 2, 3].map(() => start(['migrate'], database.url).ended);
    await isRunning('SELECT GET_LOCK', 3);
    await holder.commit();
    expect(await first.ended).toMatchObject({ code: 0, out: lines('applied  ') });
    for (const other of await Promise.all(others)) {
      expect(other).toEqual({ code: 0, out: 'Nothing to do: every migration is applied.\n', err: '' });
    }
    expect(await recorded(database)).toEqual(NAMES);
  });

  it('does not wait longer than it is told, and changes nothing then', async () => {
    await holdRecords();
    const first = start(['migrate'], database.url);
    await isRunning('INSERT INTO');
    const { code, out, err } = await safesync(['migrate', '--wait', '0'], database.url);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`Another process is still migrating ${database.name} after 0 s.`);
    expect(await running('INSERT INTO')).toHaveLength(1);
    await holder.commit();
    expect(await first.ended).toMatchObject({ code: 0 });
  });

  it('control: with nobody else, not waiting is enough', async () => {
    expect(await safesync(['migrate', '--wait', '0'], database.url)).toMatchObject({ code: 0 });
  });

  it('is not kept waiting by who migrates another database', async () => {
    await holdRecords();
    const other = await createTestDatabase();
    const first = start(['migrate'], database.url);
    await isRunning('INSERT INTO');
    expect(await safesync(['migrate', '--wait', '0'], other.url)).toMatchObject({ code: 0 });
    await holder.commit();
    await first.ended;
    await other.drop();
  });

  it('goes on where one was killed between a table and its record', async () => {
    await holdRecords();
    const killed = start(['migrate'], database.url);
    await isRunning('INSERT INTO');
    killed.process.kill('SIGKILL');
    expect(await killed.ended).toMatchObject({ code: null, out: '' });
    // what it had sent is on the server still
    await database.pool.query(`KILL ${(await running('INSERT INTO'))[0]}`);
    await isRunning('INSERT INTO', 0);
    await holder.commit();
    expect(await tablesOf(database)).toContain('safesync_commit');
    expect(await recorded(database)).toEqual([]);
    expect(await safesync(['migrate'], database.url)).toMatchObject({ code: 0, err: '' });
    expect(await recorded(database)).toEqual(NAMES);
  });

  it('stops when its connection is killed, and says what happened', async () => {
    await holdRecords();
    const cut = start(['migrate'], database.url);
    await isRunning('INSERT INTO');
    await database.pool.query(`KILL ${(await running('INSERT INTO'))[0]}`);
    const { code, out, err } = await cut.ended;
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('The connection to the database was lost');
    await holder.commit();
    expect(await recorded(database)).toEqual([]);
  });
});
