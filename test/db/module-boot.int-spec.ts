import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DbSessions, SafeSyncDbModule, UnsafeSettingsError } from '@safesync/db';
import { TcpProxy } from '@safesync/testing';
import { DataSource } from 'typeorm';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';

interface DriverPool {
  on(event: 'connection', listener: (connection: { query(sql: string): void }) => void): void;
}

describe('boot', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database?.drop();
  });

  it('waits for a database that is away, says so without credentials, and goes on by itself', async () => {
    const { hostname, port } = new URL(database.url);
    const target = { host: hostname, port: Number(port) };
    const placeholder = await TcpProxy.start(target);
    const free = placeholder.port;
    const url = new URL(placeholder.url(database.url));
    await placeholder.stop();
    const lines: string[] = [];
    const warn = jest
      .spyOn(Logger.prototype, 'warn')
      .mockImplementation((line: unknown) => void lines.push(String(line)));
    const booting = Test.createTestingModule({
      imports: [SafeSyncDbModule.forRoot({ connection: { url: url.href, poolSize: 1 } })],
    }).compile();
    await eventually(() => lines.length >= 2, { what: 'two lines about waiting' });
    const proxy = await TcpProxy.start(target, free);
    const module = await booting;
    await module.get(DbSessions).ping();
    expect(lines[0]).toMatch(
      new RegExp(`^Waiting for the database at 127.0.0.1:${free}/${database.name}: .*Next attempt`),
    );
    expect(lines.join()).not.toContain(`${url.username}@`);
    await module.close();
    await proxy.stop();
    warn.mockRestore();
  });

  describe('DB-14 refuses a server that', () => {
    it.each([
      ["sql_mode = ''", /lacks STRICT_TRANS_TABLES/],
      ["sql_mode = 'STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES'", /NO_BACKSLASH_ESCAPES/],
      ["sql_mode = 'STRICT_TRANS_TABLES,ANSI_QUOTES'", /ANSI_QUOTES/],
      ['autocommit = 0', /autocommit is off/],
      ["completion_type = 'CHAIN'", /completion_type/],
      ["NAMES 'latin1'", /charset is latin1/],
    ])('says SET %s', async (setting, fault) => {
      const dataSource = await new DataSource({
        type: 'mysql',
        url: database.url,
        timezone: 'Z',
        poolSize: 1,
      }).initialize();
      try {
        await dataSource.query(`SET ${setting}`);
        const error: unknown = await DbSessions.open(dataSource).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(UnsafeSettingsError);
        expect((error as UnsafeSettingsError).faults).toEqual([expect.stringMatching(fault)]);
      } finally {
        await dataSource.destroy();
      }
    });
  });

  it.each([
    [{ multipleStatements: true }, /multipleStatements/],
    [{ flags: ['MULTI_STATEMENTS'] }, /multipleStatements/],
    [{ decimalNumbers: true }, /decimalNumbers/],
    [{ supportBigNumbers: false }, /BIGINT/],
    [{ bigNumberStrings: false }, /BIGINT/],
    [{ timezone: 'local' }, /timezone/],
    [{ timezone: '+02:00' }, /timezone/],
    [{ queryFormat: (sql: string) => sql }, /queryFormat/],
  ])('DB-14 refuses a driver with %p', async (extra, fault) => {
    const options = { type: 'mysql', url: database.url, timezone: 'Z', poolSize: 1 } as const;
    const dataSource = await new DataSource({ ...options, database: database.name, extra }).initialize();
    try {
      const error: unknown = await DbSessions.open(dataSource).catch((thrown: unknown) => thrown);
      expect((error as UnsafeSettingsError).faults).toEqual([expect.stringMatching(fault)]);
    } finally {
      await dataSource.destroy();
    }
  });

  it.each([
    [{ timezone: '+00:00' }],
    [{ dateStrings: true }],
    [{ namedPlaceholders: true }],
    [{ flags: ['-FOUND_ROWS'] }],
  ])('tolerates a driver with %p', async (extra) => {
    const dataSource = await new DataSource({ type: 'mysql', url: database.url, timezone: 'Z', extra }).initialize();
    try {
      const sessions = await DbSessions.open(dataSource);
      const text = 'what? :x ::y';
      expect(await sessions.run((session) => session.executeScalar('SELECT :text', { text }))).toBe(text);
    } finally {
      await dataSource.destroy();
    }
  });

  it('refuses a DataSource of another kind, or one not initialized', async () => {
    const dataSource = new DataSource({ type: 'mysql', url: database.url });
    await expect(DbSessions.open(dataSource)).rejects.toThrow(/must be initialized first/);
  });

  it('refuses other defaults for connections that have some already', async () => {
    const dataSource = await new DataSource({ type: 'mysql', url: database.url, timezone: 'Z' }).initialize();
    try {
      await DbSessions.open(dataSource);
      await DbSessions.open(dataSource, { defaults: { readOnly: true } });
      const other = DbSessions.open(dataSource, { defaults: { lockWaitMs: 1_000 } });
      await expect(other).rejects.toThrow(/other defaults already \(READ COMMITTED, lockWaitMs 5000\)/);
    } finally {
      await dataSource.destroy();
    }
  });

  it('M39 looks at every connection, also at those opened later', async () => {
    const dataSource = await new DataSource({
      type: 'mysql',
      url: database.url,
      timezone: 'Z',
      poolSize: 2,
    }).initialize();
    try {
      const { pool } = dataSource.driver as unknown as { pool: DriverPool };
      let isUnsafe = false;
      pool.on('connection', (connection) => {
        if (isUnsafe) connection.query("SET sql_mode = 'NO_BACKSLASH_ESCAPES'");
      });
      const sessions = await DbSessions.open(dataSource);
      isUnsafe = true;
      const run = sessions.run(async (session) => {
        session.internals.connection.taint('test');
      });
      await run;
      await expect(sessions.run(async () => undefined)).rejects.toBeInstanceOf(UnsafeSettingsError);
      isUnsafe = false;
      await sessions.ping();
    } finally {
      await dataSource.destroy();
    }
  });

  it('gives its settings to connections of everybody on the same DataSource, and again after a reset', async () => {
    const options = { type: 'mysql', url: database.url, timezone: 'Z', poolSize: 2 } as const;
    for (const resetOnRelease of [false, true]) {
      const dataSource = await new DataSource({ ...options, extra: { resetOnRelease } }).initialize();
      try {
        const sessions = await DbSessions.open(dataSource, { defaults: { lockWaitMs: 3_000 } });
        const query = 'SELECT CONCAT(@@SESSION.time_zone, @@SESSION.innodb_lock_wait_timeout) AS found';
        for (let round = 0; round < 3; round += 1) {
          expect(await sessions.run((session) => session.executeScalar(query))).toBe('+00:003');
        }
        if (!resetOnRelease) {
          const both = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
          for (const runner of both) expect(await runner.query(query)).toEqual([{ found: '+00:003' }]);
          for (const runner of both) await runner.release();
        }
      } finally {
        await dataSource.destroy();
      }
    }
  });
});
