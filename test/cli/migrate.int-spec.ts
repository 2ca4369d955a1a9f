import { DB_MIGRATIONS } from '@safesync/db';
import { eventually, TcpProxy, WorkerProcess } from '@safesync/testing';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { BIN, safesync, statementsOf } from './safesync.js';

const NAMES = DB_MIGRATIONS.map(({ name }) => name);

/** A migration of the user's own, newer than all of the library's. */
class OfTheUser1999999999999 {
  readonly name = 'OfTheUser1999999999999';
  up = async (): Promise<void> => undefined;
  down = async (): Promise<void> => undefined;
}

describe('safesync migrate', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database?.drop());

  const recorded = async (table = 'migrations'): Promise<string[]> =>
    (await database.rows<{ name: string }>(`SELECT name FROM ${table} ORDER BY id`)).map(({ name }) => name);
  const tables = async (): Promise<unknown[]> =>
    (await database.rows<object>('SHOW TABLES')).map((row) => Object.values(row)[0]);
  const withTypeOrm = async <T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> => {
    const migrations = [...DB_MIGRATIONS, OfTheUser1999999999999];
    const dataSource = await new DataSource({ type: 'mysql', url: database.url, migrations }).initialize();
    try {
      return await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  };

  it('makes the tables, names each migration, and then has nothing to do', async () => {
    const first = await safesync(['migrate'], database.url);
    expect(first).toEqual({ code: 0, out: NAMES.map((name) => `applied  ${name}\n`).join(''), err: '' });
    expect(await tables()).toEqual(['migrations', 'safesync_commit', 'safesync_lease']);
    expect(await recorded()).toEqual(NAMES);
    const second = await safesync(['migrate'], database.url);
    expect(second).toEqual({ code: 0, out: 'Nothing to do: every migration is applied.\n', err: '' });
  });

  it('run by four processes at once runs each migration in one of them', async () => {
    const ended = await Promise.all([1, 2, 3, 4].map(() => safesync(['migrate'], database.url)));
    for (const { code, err } of ended) expect({ code, err }).toEqual({ code: 0, err: '' });
    const applied = ended.flatMap(({ out }) => out.split('\n')).filter((line) => line.startsWith('applied'));
    expect(applied.toSorted()).toEqual(NAMES.map((name) => `applied  ${name}`));
    expect(await recorded()).toEqual(NAMES);
  });

  it('waits no longer than it is told to, and changes nothing meanwhile', async () => {
    const holder = await database.pool.getConnection();
    try {
      await holder.query(`DO GET_LOCK('${database.name}:safesync:schema', 0)`);
      const ended = await safesync(['migrate', '--wait', '0'], database.url);
      expect(ended).toMatchObject({ code: 1, out: '' });
      expect(ended.err).toMatch(/Another process is still migrating/);
      expect(await tables()).toEqual([]);
    } finally {
      holder.destroy();
    }
  });

  it('takes over what a killed process made and did not record', async () => {
    const { out } = await safesync(['sql']);
    const killedAfter = statementsOf(out).slice(0, 2);
    for (const statement of killedAfter) await database.pool.query(statement);
    expect(await tables()).toEqual(['migrations', 'safesync_commit']);
    expect(await recorded()).toEqual([]);
    const again = await safesync(['migrate'], database.url);
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(await recorded()).toEqual(NAMES);
  });

  it('killed between a table and its record, is started again and goes on', async () => {
    const [makeRecords = ''] = statementsOf((await safesync(['sql'])).out);
    await database.pool.query(makeRecords);
    const holder = await database.pool.getConnection();
    await holder.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await holder.query('START TRANSACTION');
    await holder.query('SELECT * FROM migrations FOR UPDATE'); // nobody inserts meanwhile
    const killed = await WorkerProcess.spawn(BIN, { args: ['migrate'], env: { MYSQL_URL: database.url } });
    const { id } = await eventually(
      async () =>
        (
          await database.rows<{ id: string }>(
            "SELECT id FROM information_schema.processlist WHERE db = ? AND info LIKE 'INSERT INTO%'",
            [database.name],
          )
        )[0],
      { what: 'the record on its way' },
    );
    await killed.kill('SIGKILL');
    await database.pool.query(`KILL ${id}`);
    await holder.query('ROLLBACK');
    holder.release();
    expect(await tables()).toEqual(['migrations', 'safesync_commit']);
    expect(await recorded()).toEqual([]);
    expect(await safesync(['migrate'], database.url)).toMatchObject({ code: 0, err: '' });
    expect(await recorded()).toEqual(NAMES);
  });

  it.each(['lose-request', 'lose-reply'] as const)(
    'whose record met a broken connection (%s) fails, and goes on next time',
    async (trap) => {
      const { hostname, port } = new URL(database.url);
      const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
      try {
        const sprung = proxy.trapRequest('INSERT INTO `migrations`', trap);
        const failed = await safesync(['migrate'], proxy.url(database.url));
        await sprung;
        expect(failed).toMatchObject({ code: 1, out: '' });
        expect(failed.err).toMatch(/connection to the database was lost/);
      } finally {
        await proxy.stop();
      }
      expect(await safesync(['migrate'], database.url)).toMatchObject({ code: 0, err: '' });
      expect(await recorded()).toEqual(NAMES);
    },
  );

  it('does not take over another table of that name (negative control)', async () => {
    await database.pool.query('CREATE TABLE safesync_commit (id INT PRIMARY KEY, committed BOOLEAN)');
    const ended = await safesync(['migrate'], database.url);
    expect(ended).toMatchObject({ code: 1, out: '' });
    expect(ended.err).toMatch(/safesync_commit\.id is int, not binary; safesync_commit\.committed_at is missing/);
    expect(await recorded()).toEqual([]);
  });

  it('refuses records that are those of another tool, and keeps its own elsewhere', async () => {
    await database.pool.query('CREATE TABLE migrations (id INT PRIMARY KEY, migration VARCHAR(255), batch INT)');
    const refused = await safesync(['migrate'], database.url);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/migrations\.name is missing/);
    expect(await safesync(['migrate', '--table', 'own_records'], database.url)).toMatchObject({ code: 0, err: '' });
    expect(await recorded('own_records')).toEqual(NAMES);
  });

  it('leaves nothing for a DataSource that lists the migrations, whose own still run', async () => {
    await safesync(['migrate'], database.url);
    const ran = await withTypeOrm((dataSource) => dataSource.runMigrations());
    expect(ran.map(({ name }) => name)).toEqual(['OfTheUser1999999999999']);
    expect(await recorded()).toEqual([...NAMES, 'OfTheUser1999999999999']);
  });

  it('finds done what such a DataSource has run, newer ones of the user included', async () => {
    await withTypeOrm((dataSource) => dataSource.runMigrations());
    const ended = await safesync(['migrate'], database.url);
    expect(ended).toMatchObject({ code: 0, out: expect.stringMatching(/^Nothing to do/) });
    expect(await recorded()).toEqual([...NAMES, 'OfTheUser1999999999999']);
  });

  it('runs beside newer migrations of the user, and TypeORM can revert what it recorded', async () => {
    await withTypeOrm(async (dataSource) => {
      await dataSource.runMigrations();
      await dataSource.undoLastMigration();
      for (let left = NAMES.length; left > 0; left -= 1) await dataSource.undoLastMigration();
    });
    await database.pool.query(
      "INSERT INTO migrations (timestamp, name) VALUES (1999999999999, 'OfTheUser1999999999999')",
    );
    expect(await safesync(['migrate'], database.url)).toMatchObject({ code: 0, err: '' });
    expect(await recorded()).toEqual(['OfTheUser1999999999999', ...NAMES]);
    await withTypeOrm((dataSource) => dataSource.undoLastMigration());
    expect(await recorded()).toEqual(['OfTheUser1999999999999', NAMES[0]]);
  });

  it('makes the table of records exactly as TypeORM does', async () => {
    const shape = async (): Promise<unknown> => (await database.rows('SHOW CREATE TABLE migrations'))[0];
    await safesync(['migrate'], database.url);
    await database.pool.query('TRUNCATE migrations');
    const ours = await shape();
    await database.pool.query('DROP TABLE migrations, safesync_commit, safesync_lease');
    await withTypeOrm((dataSource) => dataSource.runMigrations());
    await database.pool.query('TRUNCATE migrations');
    expect(ours).toEqual(await shape());
  });
});
