import { randomBytes } from 'node:crypto';
import { type Servers, startServers } from '@safesync/testing';
import { createConnection } from 'mysql2/promise';

/** A database of one benchmark's own. */
export interface BenchDatabase {
  /** Connection URL including the database. */
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

/** The servers everything is measured on. */
export interface BenchServers {
  readonly mysqlUrl: string;
  readonly redisUrl: string;
  /** Known when the servers are the bench's own; their CPU time is read only then. */
  readonly mysqlPid: number | undefined;
  readonly redisPid: number | undefined;
  createDatabase(): Promise<BenchDatabase>;
  close(): Promise<void>;
}

/** `MYSQL_URL` and `REDIS_URL`, else private servers. A private database writes each commit to disk before it answers. */
export async function openBenchServers(onProgress: (line: string) => void): Promise<BenchServers> {
  const servers: Servers = await startServers({ mysql: { args: ['--innodb-flush-log-at-trx-commit=1'] }, onProgress });
  return {
    mysqlUrl: servers.mysqlUrl,
    redisUrl: servers.redisUrl,
    mysqlPid: servers.mysql?.pid,
    redisPid: servers.redis?.pid,
    createDatabase: () => createDatabase(servers.mysqlUrl),
    close: () => servers.stop(),
  };
}

async function createDatabase(serverUrl: string): Promise<BenchDatabase> {
  const name = `bench_${randomBytes(5).toString('hex')}`;
  const run = async (sql: string): Promise<void> => {
    const connection = await createConnection(serverUrl);
    try {
      await connection.query(sql);
    } finally {
      await connection.end();
    }
  };
  await run(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, name, drop: () => run(`DROP DATABASE ${name}`) };
}
