import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { safesync } from './safesync.js';

const CANARY = 'c4n4ry-PASSWORD';

describe('safesync that cannot do what it is asked', () => {
  let database: TestDatabase;
  const user = `u_${process.pid}`;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(`CREATE USER ${user}@'%' IDENTIFIED BY '${CANARY}'`);
    await database.pool.query(`GRANT SELECT ON ${database.name}.* TO ${user}@'%'`);
  });
  afterAll(async () => {
    await database?.pool.query(`DROP USER ${user}@'%'`);
    await database?.drop();
  });

  const as = (name: string, change: (url: URL) => void = () => undefined): string => {
    const url = new URL(database.url);
    url.username = name;
    url.password = CANARY;
    change(url);
    return url.href;
  };

  const failures: readonly [string, () => string, RegExp][] = [
    ['a server that is not there', () => as(user, (url) => (url.port = '1')), /ECONNREFUSED/],
    ['a host that is not there', () => as(user, (url) => (url.hostname = 'nowhere.invalid')), /ENOTFOUND|EAI_AGAIN/],
    ['an account that is not there', () => as('nobody_at_all'), /denied access\..*grants/],
    [
      'a database that is not there',
      () => as('root', (url) => (url.password = '')).replace(/\w+$/, 'not_there'),
      /denied|Unknown database/,
    ],
    ['an account that may not make tables', () => as(user), /denied access\..*grants/],
  ];

  it.each(failures)('names %s, what to do and where, and exits with 1', async (_what, url, reason) => {
    const ended = await safesync(['migrate'], url());
    expect(ended).toMatchObject({ code: 1, out: '' });
    expect(ended.err).toMatch(reason);
    expect(ended.err).toContain(`  database: ${new URL(url()).username}@`);
    expect(ended.err).not.toMatch(/^ +at /m);
    expect(ended.err).not.toContain(CANARY);
  });

  it('never prints the password where all goes well either', async () => {
    const { code, out, err } = await safesync(['status', '--url', as(user)]);
    expect({ code, err }).toEqual({ code: 3, err: '' });
    expect(out).toContain(`${user}@`);
    expect(out).not.toContain(CANARY);
  });

  const URL_TEXT = `mysql://app:${CANARY}@127.0.0.1/bank`;
  const misuses: readonly [string, readonly string[], RegExp][] = [
    ['no URL', ['migrate'], /neither --url nor MYSQL_URL/],
    ['a URL without a database', ['status', '--url', `mysql://app:${CANARY}@db`], /names no database/],
    ['another scheme', ['status', '--url', `postgres://app:${CANARY}@db/bank`], /does not start with mysql:/],
    ['an unknown command', ['migrat'], /unknown command 'migrat'/],
    ['an unknown option', ['migrate', `--urll=${URL_TEXT}`], /unknown option '--urll=\.\.\.'/],
    ['a password as mysql takes it', ['migrate', `-p${CANARY}`], /unknown option '-p\.\.\.'/],
    ['a URL in the place of a command', [URL_TEXT], /unknown command/],
    ['an argument too many', ['migrate', URL_TEXT], /too many arguments/],
    ['a value that is none', ['migrate', `--wait=${URL_TEXT}`], /Give whole seconds/],
    ['a table that cannot be one', ['sql', '--table', 'a b'], /letters, digits and underscores/],
  ];

  it.each(misuses)('names %s, exits with 2 and repeats no password', async (_what, args, reason) => {
    const ended = await safesync(args);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toMatch(/^safesync: /);
    expect(ended.err).toMatch(reason);
    expect(ended.err).not.toMatch(/^ +at /m);
    expect(ended.err).not.toContain(CANARY);
  });

  it('shows its commands without one, and exits with 2', async () => {
    const ended = await safesync([]);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toMatch(/Commands:\n +migrate/);
  });

  it.each(['migrate', 'status', 'sql'])('explains %s', async (command) => {
    const ended = await safesync([command, '--help']);
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toContain(`Usage: safesync ${command} [options]`);
    expect((await safesync(['--help'])).out).toContain(`  ${command} `);
  });

  it('knows its version', async () => {
    expect(await safesync(['--version'])).toEqual({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      err: '',
    });
  });
});
