import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataFolderInUseError, type ManagedServer, type Servers, startServers } from '@safesync/testing';
import { Redis } from 'ioredis';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { isAlive } from '../support/process-alive.js';

async function sql<T = Record<string, unknown>>(url: string, text: string): Promise<T[]> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(text);
    return rows as T[];
  } finally {
    await connection.end();
  }
}

async function redis<T>(url: string, ask: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { protocol: 2 });
  try {
    return await ask(client);
  } finally {
    client.disconnect();
  }
}

describe('servers launcher', () => {
  let dataDir: string;
  const launched: Servers[] = [];
  const launch = async (fresh: boolean): Promise<Servers & { mysql: ManagedServer; redis: ManagedServer }> => {
    const servers = await startServers({ dataDir, fresh, useEnvironment: false });
    launched.push(servers);
    return servers as Servers & { mysql: ManagedServer; redis: ManagedServer };
  };

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'safesync-launcher-'));
  });

  afterEach(async () => {
    await Promise.all(launched.splice(0).map((servers) => servers.stop()));
    rmSync(dataDir, { recursive: true });
  });

  it('starts private servers that answer, durable and strict', async () => {
    const servers = await launch(true);
    const [row] = await sql(
      servers.mysqlUrl,
      'SELECT @@innodb_flush_log_at_trx_commit flush, @@sql_mode mode, @@character_set_server cs',
    );
    expect(row).toMatchObject({ flush: 1, cs: 'utf8mb4', mode: expect.stringContaining('STRICT_TRANS_TABLES') });
    expect(await redis(servers.redisUrl, (client) => client.config('GET', 'append*'))).toEqual(
      expect.arrayContaining(['appendonly', 'yes', 'appendfsync', 'everysec']),
    );
    expect(servers.description).toMatch(
      /^(MariaDB|MySQL) [\d.]+ \(private, port \d+\), (Redis|Valkey) [\d.]+ \(private, port \d+\)$/,
    );
  });

  it('listens on the loopback address only', async () => {
    const servers = await launch(true);
    const [row] = await sql<{ address: string }>(servers.mysqlUrl, 'SELECT @@bind_address address');
    expect(row?.address).toBe('127.0.0.1');
    expect(await redis(servers.redisUrl, (client) => client.config('GET', 'bind'))).toEqual(['bind', '127.0.0.1']);
  });

  it('keeps what was committed through kill -9 and start, on the same port', async () => {
    const { mysql, redis: cache, mysqlUrl, redisUrl } = await launch(true);
    await sql(mysqlUrl, 'CREATE DATABASE kept');
    await sql(mysqlUrl, 'CREATE TABLE kept.t (id INT PRIMARY KEY)');
    await sql(mysqlUrl, 'INSERT INTO kept.t VALUES (7)');
    await redis(redisUrl, (client) => client.set('kept', '7'));
    const before = [mysql.pid, cache.pid];

    await Promise.all([mysql.kill(), cache.kill()]);
    expect([mysql.pid, cache.pid]).toEqual([undefined, undefined]);
    expect(before.some(isAlive)).toBe(false);
    await expect(sql(mysqlUrl, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await Promise.all([mysql.start(), cache.start()]);

    expect(await sql(mysqlUrl, 'SELECT id FROM kept.t')).toEqual([{ id: 7 }]);
    expect(await redis(redisUrl, (client) => client.get('kept'))).toBe('7');
    expect(before).not.toContain(mysql.pid);
  });

  it('leaves neither process nor data behind after stop', async () => {
    const servers = await launch(true);
    const pids = [servers.mysql.pid, servers.redis.pid];
    expect(pids.every(isAlive)).toBe(true);
    expect(readdirSync(dataDir)).toHaveLength(2);
    await servers.stop();
    expect(pids.some(isAlive)).toBe(false);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('gives two launches at the same time servers of their own', async () => {
    const [first, second] = await Promise.all([launch(true), launch(true)]);
    await sql(first.mysqlUrl, 'CREATE DATABASE first_only');
    const databases = await sql<{ name: string }>(
      second.mysqlUrl,
      'SELECT schema_name name FROM information_schema.schemata',
    );
    expect(databases.map(({ name }) => name)).not.toContain('first_only');
    await first.stop();
    expect(isAlive(second.mysql.pid) && isAlive(second.redis.pid)).toBe(true);
  });

  it('keeps lasting data for the next launch, and lends it to one launch at a time', async () => {
    const first = await launch(false);
    await sql(first.mysqlUrl, 'CREATE DATABASE lasting');
    await expect(launch(false)).rejects.toThrow(DataFolderInUseError);
    await first.stop();
    const second = await launch(false);
    expect(await sql(second.mysqlUrl, "SHOW DATABASES LIKE 'lasting'")).toHaveLength(1);
  });

  it('passes arguments on to the server', async () => {
    const mysql = { args: ['--innodb-flush-log-at-trx-commit=2'] };
    const servers = await startServers({ dataDir, fresh: true, useEnvironment: false, mysql, redis: false });
    launched.push(servers);
    expect(await sql(servers.mysqlUrl, 'SELECT @@innodb_flush_log_at_trx_commit flush')).toEqual([{ flush: 2 }]);
    expect(servers.redisUrl).toBe('');
  });

  it('says what the log says when the server refuses to start, and leaves nothing running', async () => {
    const mysql = { args: ['--no-such-option'] };
    const start = startServers({ dataDir, fresh: true, useEnvironment: false, mysql });
    await expect(start).rejects.toMatchObject({
      code: 'SERVER_START_FAILED',
      message: expect.stringContaining('no-such-option'),
    });
    expect(readdirSync(dataDir)).toEqual([]);
  });
});
