import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Progress } from '../report/progress.js';

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
  readonly mysqlPid?: number;
  readonly redisPid?: number;
  createDatabase(): Promise<BenchDatabase>;
  close(): Promise<void>;
}

export async function openBenchServers(_progress: Progress): Promise<BenchServers> {
  const mysqlUrl = process.env.MYSQL_URL as string;
  return {
    mysqlUrl,
    redisUrl: process.env.REDIS_URL as string,
    createDatabase: () => createDatabase(mysqlUrl),
    close: async () => undefined,
  };
}

async function createDatabase(serverUrl: string): Promise<BenchDatabase> {
  const name = `bench_${randomBytes(5).toString('hex')}`;
  const sql = async (text: string): Promise<void> => {
    const connection = await createConnection(serverUrl);
    await connection.query(text);
    await connection.end();
  };
  await sql(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, name, drop: () => sql(`DROP DATABASE ${name}`) };
}
