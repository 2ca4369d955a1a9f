import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { COMMIT, LEASE, lines, NAMES, tablesOf } from './recorded.js';
import { type Ended, safesync } from './safesync.js';

describe('safesync status', () => {
  let database: TestDatabase;
  let address: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    const { username, host } = new URL(database.url);
    address = `${username}@${host}/${database.name}`;
  });
  afterEach(() => database?.drop());

  const status = (...args: string[]): Promise<Ended> => safesync(['status', ...args], database.url);

  it('exits with 3 while migrations are pending, naming them, and changes nothing', async () => {
    const { code, out, err } = await status();
    expect({ code, err }).toEqual({ code: 3, err: '' });
    expect(out).toContain(`(${address})`);
    expect(out).toContain(lines('pending   '));
    expect(out).toContain(`${NAMES.length} pending: run safesync migrate, or what safesync sql --pending prints.\n`);
    expect(await tablesOf(database)).toEqual([]);
  });

  it('exits with 0 when all are applied', async () => {
    await safesync(['migrate'], database.url);
    const { code, out, err } = await status();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(lines('applied   '));
    expect(out).toContain('Every migration is applied.\n');
  });

  it('exits with 3 when one of them is pending', async () => {
    await safesync(['migrate'], database.url);
    await database.pool.query('DELETE FROM migrations WHERE name = ?', [LEASE]);
    const { code, out } = await status();
    expect(code).toBe(3);
    expect(out).toContain(`applied   ${COMMIT}\npending   ${LEASE}\n`);
  });

  it.each([
    ['is gone', 'DROP TABLE safesync_lease', 'the table safesync_lease is missing, or hidden from this account'],
    [
      'has lost a column',
      'ALTER TABLE safesync_lease DROP COLUMN token',
      'safesync_lease.token is missing, not bigint',
    ],
    [
      'has a column of another type',
      'ALTER TABLE safesync_lease MODIFY holder VARCHAR(36)',
      'safesync_lease.holder is varchar, not binary',
    ],
  ])('exits with 1 when a recorded table %s', async (_what, statement, fault) => {
    await safesync(['migrate'], database.url);
    await database.pool.query(statement);
    const { code, out, err } = await status();
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toContain(`fault     ${fault}\n`);
    expect(JSON.parse((await status('--json')).out)).toMatchObject({ faults: [fault] });
  });

  it('takes a table with further columns and indexes for what it is', async () => {
    await safesync(['migrate'], database.url);
    await database.pool.query('ALTER TABLE safesync_lease ADD note VARCHAR(20), ADD INDEX (expires_at)');
    expect(await status()).toMatchObject({ code: 0 });
  });

  it('exits with 1, and prints no status, when the table of records is of another program', async () => {
    await database.pool.query('CREATE TABLE migrations (version INT PRIMARY KEY)');
    const { code, out, err } = await status('--json');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('migrations.name is missing, not varchar');
    expect(err).toContain(`  database: ${address}\n`);
  });

  it('prints one JSON document with --json, with the same exit codes', async () => {
    const pending = await status('--json');
    const [server] = await database.rows<{ version: string }>('SELECT VERSION() AS version');
    const version = String(server?.version);
    expect(pending.code).toBe(3);
    const found = {
      address,
      server: { dialect: /mariadb/i.test(version) ? 'mariadb' : 'mysql', version },
      database: database.name,
      table: 'migrations',
      migrations: NAMES.map((name) => ({ name, state: 'pending' })),
      faults: [],
    };
    expect(JSON.parse(pending.out)).toEqual(found);
    await safesync(['migrate'], database.url);
    const applied = await status('--json');
    expect(applied.code).toBe(0);
    const migrations = found.migrations.map(({ name }) => ({ name, state: 'applied' }));
    expect(JSON.parse(applied.out)).toEqual({ ...found, migrations });
  });

  it('reads the table of records that it is told', async () => {
    await safesync(['migrate', '--table', 'history'], database.url);
    expect(await status('--table', 'history')).toMatchObject({ code: 0 });
    expect(await status()).toMatchObject({ code: 3 });
  });
});
