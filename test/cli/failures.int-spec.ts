import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type Ended, safesync } from './safesync.js';

const CANARY = 'CANARY-4111-1111';
const COMMANDS = ['migrate', 'status', 'status --json', 'sql --pending'];

/** SE-1 (S11): whatever fails, the password is in no output; and what is printed is for people, not a stack. */
describe('a command of safesync that fails', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(`CREATE USER ${account()} IDENTIFIED BY '${CANARY}'`);
    await database.pool.query(`GRANT ALL ON ${database.name}.* TO ${account()}`);
  });
  afterAll(async () => {
    await database?.pool.query(`DROP USER ${account()}`);
    await database?.drop();
  });

  const account = (): string => `u_${database.name}@'%'`;
  /** With the right password, which is the canary. */
  const address = (change: Partial<URL> = {}): string =>
    Object.assign(new URL(database.url), { username: `u_${database.name}`, password: CANARY, search: '' }, change).href;
  const expectPlain = ({ out, err }: Ended): void => {
    expect(out).toBe('');
    expect(err).toMatch(/^safesync: \S/);
    expect(err).not.toMatch(/CANARY|4111/);
    expect(err).not.toMatch(/^\s+at .*[:(]\d+/m);
    expect(err).not.toMatch(/node_modules|\.js:\d|\.ts:\d/);
  };

  it('control: with this password there is nothing that fails', async () => {
    const url = address();
    expect(url).toContain(CANARY);
    expect(await safesync(['status'], url)).toMatchObject({ code: 3, err: '' });
  });

  it.each(COMMANDS)('names no password when that is wrong: %s', async (line) => {
    const ended = await safesync(line.split(' '), address({ password: `${CANARY}-wrong` }));
    expectPlain(ended);
    expect(ended.code).toBe(1);
    expect(ended.err).toContain('The server denied access.');
    expect(ended.err).toContain(`database: u_${database.name}@${new URL(database.url).host}/${database.name}`);
  });

  it.each(COMMANDS)('says so when the server is away: %s', async (line) => {
    const ended = await safesync(line.split(' '), address({ host: '127.0.0.1:1' }));
    expectPlain(ended);
    expect(ended.code).toBe(1);
    expect(ended.err).toContain('No connection to the database could be made.');
    expect(ended.err).toContain('ECONNREFUSED');
  });

  it('says so when the host has no address', async () => {
    const ended = await safesync(['migrate'], address({ hostname: 'no-such-host.invalid' }));
    expectPlain(ended);
    expect(ended.code).toBe(1);
    expect(ended.err).toContain('No connection to the database could be made.');
  });

  it('says so when the database does not exist', async () => {
    const ended = await safesync(['status'], address({ pathname: `/${database.name}_not` }));
    expectPlain(ended);
    expect(ended.code).toBe(1);
    expect(ended.err).toContain('The server denied access.');
  });

  it('says so when what answers hangs up', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ended = await safesync(['status'], address({ host: `127.0.0.1:${port}` }));
    server.close();
    expectPlain(ended);
    expect(ended.code).toBe(1);
    expect(ended.err).toContain('No connection to the database could be made.');
  });

  it('says what is wrong with a table', async () => {
    await database.pool.query('CREATE TABLE history (version INT PRIMARY KEY)');
    for (const line of COMMANDS) {
      const ended = await safesync([...line.split(' '), '--table', 'history'], address());
      expectPlain(ended);
      expect(ended.code).toBe(1);
      expect(ended.err).toContain('history.name is missing');
    }
  });

  it.each([
    ['another scheme', { protocol: 'postgres:' }],
    ['no database', { pathname: '/' }],
    ['no user', { username: '' }],
    ['parameters', { search: '?ssl=true' }],
  ])('exits with 2 for an address with %s, in the environment and as an option', async (_what, change) => {
    const url = address(change);
    for (const ended of [await safesync(['migrate'], url), await safesync(['migrate', '--url', url])]) {
      expectPlain(ended);
      expect(ended.code).toBe(2);
      expect(ended.err).toContain('The database URL: ');
    }
  });

  it.each([
    ['a password with a slash', `mysql://app:12/${CANARY}@db/bank`],
    ['a password with a number sign', `mysql://app:12#${CANARY}@db/bank`],
    ['a password with a broken escape', `mysql://app:%zz${CANARY}@db/bank`],
    ['no URL at all', CANARY],
  ])('exits with 2 for %s', async (_what, url) => {
    const ended = await safesync(['status'], url);
    expectPlain(ended);
    expect(ended.code).toBe(2);
  });

  const TYPED = `mysql://app:${CANARY}@db/bank`;
  it.each([
    ['a mistyped option', ['migrate', `--ulr=${TYPED}`]],
    ['a mistyped option and its value', ['migrate', '--ulr', TYPED]],
    ['an option of the mysql client', ['migrate', `-p${CANARY}`]],
    ['a long option of the mysql client', ['migrate', `--password=${CANARY}`]],
    ['the address without its option', ['migrate', TYPED]],
    ['the address in the place of a command', [TYPED]],
    ['the address in the place of a table', ['sql', '--table', TYPED]],
    ['the address in the place of a table, with =', ['sql', `--table=${TYPED}`]],
    ['the address in the place of seconds', ['migrate', '--wait', TYPED]],
    ['the address in the place of seconds, with =', ['migrate', `--wait=${TYPED}`]],
  ])('exits with 2 for %s, and does not repeat it', async (_what, args) => {
    expect(args.join(' ')).toContain(CANARY);
    const ended = await safesync(args);
    expectPlain(ended);
    expect(ended.code).toBe(2);
  });
});
