import { randomBytes } from 'node:crypto';
import { createConnection, createPool, type Pool, type RowDataPacket } from 'mysql2/promise';

/** A database of the test file's own, on the server of `MYSQL_URL` unless another is given; `drop` it in `afterAll`. */
export interface TestDatabase {
  /** Connection URL including the database's name. */
  readonly url: string;
  readonly name: string;
  /** A plain mysql2 pool, independent of the library under test: what an outsider sees. */
  readonly pool: Pool;
  /** Rows of a query run outside the library. */
  rows<T = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<T[]>;
  drop(): Promise<void>;
}

export function mysqlUrl(): string {
  const url = process.env.MYSQL_URL;
  if (!url)
    throw new Error(
      'MYSQL_URL is not set: run the suite through `npm test`, which starts a server when none is given.',
    );
  return url;
}

export async function createTestDatabase(server: string = mysqlUrl()): Promise<TestDatabase> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  const admin = await createConnection(server);
  await admin.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await admin.end();
  const url = new URL(server);
  url.pathname = `/${name}`;
  const pool = createPool({
    uri: url.href,
    connectionLimit: 4,
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  return {
    url: url.href,
    name,
    pool,
    rows: async <T>(sql: string, values?: unknown[]) => (await pool.query<RowDataPacket[]>(sql, values))[0] as T[],
    drop: async () => {
      await pool.query(`DROP DATABASE IF EXISTS ${name}`);
      await pool.end();
    },
  };
}
