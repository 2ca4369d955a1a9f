import { DB_MIGRATIONS } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { safesync, statementsOf } from './safesync.js';

const NAMES = DB_MIGRATIONS.map(({ name }) => name);
const states = (...of: string[]): unknown[] => NAMES.map((name, index) => ({ name, state: of[index] }));

describe('safesync status and sql', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database?.drop());

  const pipe = async (text: string): Promise<void> => {
    for (const statement of statementsOf(text)) await database.pool.query(statement);
  };
  const isEmpty = async (): Promise<boolean> => (await database.rows('SHOW TABLES')).length === 0;

  it('says what is pending, exits with 3 and makes nothing', async () => {
    const { code, out, err } = await safesync(['status'], database.url);
    expect({ code, err }).toEqual({ code: 3, err: '' });
    for (const name of NAMES) expect(out).toContain(`pending   ${name}`);
    expect(out).toMatch(/^server {4}(mysql|mariadb) \d+\.\d+/);
    expect(out).toContain(`database  ${database.name}`);
    expect(await isEmpty()).toBe(true);
  });

  it('says the same as one JSON document', async () => {
    const [facts] = await database.rows<{ version: string }>('SELECT VERSION() AS version');
    const { code, out } = await safesync(['status', '--json'], database.url);
    const version = String(facts?.version);
    expect(code).toBe(3);
    expect(JSON.parse(out)).toEqual({
      address: expect.stringMatching(new RegExp(`^root@.*:\\d+/${database.name}$`)),
      server: { dialect: /mariadb/i.test(version) ? 'mariadb' : 'mysql', version },
      database: database.name,
      table: 'migrations',
      migrations: states('pending', 'pending'),
      faults: [],
    });
  });

  it('exits with 0 when all are applied', async () => {
    await safesync(['migrate'], database.url);
    const { code, out } = await safesync(['status'], database.url);
    expect(code).toBe(0);
    for (const name of NAMES) expect(out).toContain(`applied   ${name}`);
  });

  it('exits with 1 and names the table when one is gone although it is recorded; sql makes it again', async () => {
    const { out: text } = await safesync(['sql']);
    await pipe(text);
    await database.pool.query('DROP TABLE safesync_lease');
    const { code, out } = await safesync(['status'], database.url);
    expect(code).toBe(1);
    expect(out).toContain('fault     the table safesync_lease is missing');
    expect((await safesync(['migrate'], database.url)).code).toBe(1);
    await pipe(text);
    expect((await safesync(['status'], database.url)).code).toBe(0);
  });

  it('prints without a server what makes and records everything, and may be run twice', async () => {
    const { code, out, err } = await safesync(['sql'], 'mysql://nobody@127.0.0.1:1/none');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    await pipe(out);
    await pipe(out);
    const { out: json } = await safesync(['status', '--json'], database.url);
    expect(JSON.parse(json)).toMatchObject({ migrations: states('applied', 'applied'), faults: [] });
    expect((await safesync(['migrate'], database.url)).out).toMatch(/^Nothing to do/);
    expect(await database.rows('SELECT name FROM migrations ORDER BY id')).toEqual(NAMES.map((name) => ({ name })));
  });

  it('prints with --pending only what the database lacks, and makes nothing', async () => {
    const empty = await safesync(['sql', '--pending'], database.url);
    expect(empty).toEqual(await safesync(['sql']));
    expect(await isEmpty()).toBe(true);
    await pipe(empty.out);
    await database.pool.query('DELETE FROM migrations WHERE name = ?', [NAMES[1]]);
    const { out } = await safesync(['sql', '--pending'], database.url);
    expect(out).toContain(NAMES[1]);
    expect(out).not.toContain(NAMES[0]);
    await pipe(out);
    expect((await safesync(['sql', '--pending'], database.url)).out).toBe('-- nothing is pending\n');
  });

  it('prints the name of another table of records where one is given', async () => {
    await pipe((await safesync(['sql', '--table', 'own_records'])).out);
    expect((await safesync(['status', '--table', 'own_records'], database.url)).code).toBe(0);
    expect((await safesync(['status'], database.url)).code).toBe(3);
  });
});
