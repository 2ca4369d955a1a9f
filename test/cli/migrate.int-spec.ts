import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { LEASE, lines, NAMES, recorded, TABLES, tablesOf } from './recorded.js';
import { safesync } from './safesync.js';

describe('safesync migrate', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database?.drop());

  const makeCommitTable = (columns: string): Promise<unknown> =>
    database.pool.query(`CREATE TABLE safesync_commit (${columns})`);

  it('runs each migration once and says so, and then that there is nothing to do', async () => {
    expect(await safesync(['migrate'], database.url)).toEqual({
      code: 0,
      out: lines('applied  '),
      err: '',
    });
    expect(await tablesOf(database)).toEqual(['migrations', ...TABLES]);
    expect(await safesync(['migrate'], database.url)).toEqual({
      code: 0,
      out: 'Nothing to do: every migration is applied.\n',
      err: '',
    });
    expect(await recorded(database)).toEqual(NAMES);
  });

  it('takes the address as an option too, before that of the environment', async () => {
    const other = await createTestDatabase();
    const [url = ''] = other.url.split('?');
    expect(await safesync(['migrate', '--url', url], database.url)).toMatchObject({ code: 0 });
    expect(await recorded(other)).toEqual(NAMES);
    expect(await tablesOf(database)).toEqual([]);
    await other.drop();
  });

  it('runs only what is pending', async () => {
    await safesync(['migrate'], database.url);
    await database.pool.query('DROP TABLE safesync_lease');
    await database.pool.query('DELETE FROM migrations WHERE name = ?', [LEASE]);
    expect(await safesync(['migrate'], database.url)).toMatchObject({ code: 0, out: `applied  ${LEASE}\n` });
    expect((await recorded(database)).toSorted()).toEqual(NAMES.toSorted());
  });

  it('takes over a table that was made and not recorded, with its rows', async () => {
    await makeCommitTable(
      'id BINARY(16) NOT NULL PRIMARY KEY, committed BOOLEAN NOT NULL DEFAULT TRUE, committed_at DATETIME(3) NOT NULL',
    );
    await database.pool.query("INSERT INTO safesync_commit VALUES (REPEAT('a', 16), TRUE, NOW())");
    expect(await safesync(['migrate'], database.url)).toMatchObject({ code: 0, err: '' });
    expect(await recorded(database)).toEqual(NAMES);
    expect(await database.rows('SELECT committed FROM safesync_commit')).toHaveLength(1);
  });

  it('refuses a table of that name with other columns, and records nothing', async () => {
    await makeCommitTable('id INT PRIMARY KEY, committed BOOLEAN');
    const { code, out, err } = await safesync(['migrate'], database.url);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(
      'safesync_commit.id is int, not binary; safesync_commit.committed_at is missing, not datetime',
    );
    expect(err).toContain('Rename a table of that name');
    expect(await recorded(database)).toEqual([]);
  });

  it('fails when a recorded table is gone, after it has run the rest', async () => {
    await safesync(['migrate'], database.url);
    await database.pool.query('DROP TABLE safesync_commit, safesync_lease');
    await database.pool.query('DELETE FROM migrations WHERE name = ?', [LEASE]);
    const { code, out, err } = await safesync(['migrate'], database.url);
    expect({ code, out }).toEqual({ code: 1, out: `applied  ${LEASE}\n` });
    expect(err).toContain('the table safesync_commit is missing');
    expect(err).toContain('safesync sql');
    expect(await tablesOf(database)).toEqual(['migrations', ...TABLES.filter((name) => name !== 'safesync_commit')]);
  });

  it("leaves another program's table of records alone, and names the option for another one", async () => {
    await database.pool.query('CREATE TABLE migrations (id INT PRIMARY KEY, migration VARCHAR(255), batch INT)');
    const { code, err } = await safesync(['migrate'], database.url);
    expect(code).toBe(1);
    expect(err).toContain('migrations.timestamp is missing, not bigint; migrations.name is missing, not varchar');
    expect(err).toContain('--table');
    expect(await tablesOf(database)).toEqual(['migrations']);
    expect(await safesync(['migrate', '--table', 'safesync_migrations'], database.url)).toMatchObject({ code: 0 });
    expect(await recorded(database, 'safesync_migrations')).toEqual(NAMES);
    expect(await database.rows('SELECT * FROM migrations')).toEqual([]);
  });

  it('records in the table it is told, and makes no other', async () => {
    const args = ['migrate', '--table', 'schema_history'];
    expect(await safesync(args, database.url)).toMatchObject({ code: 0 });
    expect(await tablesOf(database)).toEqual([...TABLES, 'schema_history']);
    expect((await safesync(args, database.url)).out).toContain('Nothing to do');
  });

  describe('with an account of few grants', () => {
    const account = (): string => `u_${database.name}@'%'`;
    const asAccount = (): string =>
      Object.assign(new URL(database.url), { username: `u_${database.name}`, password: '' }).href;

    beforeEach(() => database.pool.query(`CREATE USER ${account()} IDENTIFIED BY ''`));
    afterEach(() => database?.pool.query(`DROP USER ${account()}`));

    const grant = (privileges: string): Promise<unknown> =>
      database.pool.query(`GRANT ${privileges} ON ${database.name}.* TO ${account()}`);

    it('SE-2 needs CREATE, INSERT and SELECT, and status SELECT', async () => {
      await grant('SELECT');
      expect(await safesync(['status'], asAccount())).toMatchObject({ code: 3, err: '' });
      await grant('CREATE, INSERT');
      expect(await safesync(['migrate'], asAccount())).toMatchObject({ code: 0, err: '' });
      expect(await recorded(database)).toEqual(NAMES);
    });

    it.each(['CREATE, INSERT', 'CREATE, SELECT', 'INSERT, SELECT'])('control: is denied with %s only', async (few) => {
      await grant(few);
      const { code, err } = await safesync(['migrate'], asAccount());
      expect(code).toBe(1);
      expect(err).toContain('The server denied access.');
    });
  });
});
