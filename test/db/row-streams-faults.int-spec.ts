import type { DbSession } from '@safesync/db';
import { TcpProxy } from '@safesync/testing';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

interface Item {
  readonly id: number;
}

describe('rows one by one, when the network or the server fails', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  const open = async (url: string, options: OpenSessionsOptions = {}): Promise<OpenSessions> => {
    db = await openSessions(url, options);
    return db;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY, text CHAR(200) NOT NULL)');
    const rows = Array.from({ length: 5_000 }, (_, id) => `(${id}, REPEAT('x', 200))`);
    await database.pool.query(`INSERT INTO items VALUES ${rows.join(',')}`);
  });
  afterEach(() => db?.close());
  afterAll(() => database?.drop());

  it.each<[string, (silence: () => void, session: DbSession) => Promise<void>]>([
    [
      'while they are read',
      async (silence, session) => {
        for await (const _ of session.stream('SELECT SLEEP(0.1) FROM items LIMIT 60')) silence();
      },
    ],
    [
      'while they are dropped',
      async (silence, session) => {
        for await (const _ of session.stream('SELECT SLEEP(0.1) FROM items LIMIT 60')) {
          silence();
          break;
        }
      },
    ],
  ])('end when nothing comes any more, %s', async (_, read) => {
    const { hostname, port } = new URL(database.url);
    const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
    try {
      const limits = { statementTimeoutMs: 60, defaults: { lockWaitMs: 50 } };
      const { sessions } = await open(proxy.url(database.url), limits);
      const run = sessions.run((session) => read(() => proxy.silence(), session));
      await expect(run).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    } finally {
      proxy.heal();
      await proxy.stop();
    }
  });

  it('end in the error of a connection that is lost between them', async () => {
    const { hostname, port } = new URL(database.url);
    const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
    try {
      const { sessions } = await open(proxy.url(database.url));
      const run = sessions.run(async (session) => {
        for await (const { id } of session.stream<Item>('SELECT * FROM items ORDER BY id')) if (id === 0) proxy.cut();
      });
      await expect(run).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
      expect(db.hookErrors).toEqual([]);
    } finally {
      await proxy.stop();
    }
  });
});
