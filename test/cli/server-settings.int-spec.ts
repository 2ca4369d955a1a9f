import { type Servers, startServers } from '@safesync/testing';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { NAMES, recorded } from './recorded.js';
import { safesync } from './safesync.js';

describe('safesync on a server whose sessions do not commit by themselves', () => {
  let servers: Servers;
  let database: TestDatabase;

  beforeAll(async () => {
    const mysql = { args: ['--autocommit=0'] };
    servers = await startServers({ mysql, redis: false, fresh: true, useEnvironment: false });
    process.env.MYSQL_URL = servers.mysqlUrl;
    database = await createTestDatabase();
  }, 120_000);
  afterAll(async () => {
    await database?.drop();
    await servers?.stop();
  });

  it('control: sessions there are as they are meant to be', async () => {
    const [session] = await database.rows('SELECT @@SESSION.autocommit AS autocommit');
    expect(Number(session?.autocommit)).toBe(0);
  });

  it('records what it has run for good', async () => {
    expect(await safesync(['migrate'], database.url)).toMatchObject({ code: 0, err: '' });
    expect(await recorded(database)).toEqual(NAMES);
    expect(await safesync(['status'], database.url)).toMatchObject({ code: 0 });
  });
});
