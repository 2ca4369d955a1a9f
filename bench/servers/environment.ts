import { availableParallelism } from 'node:os';
import { Redis } from 'ioredis';
import { createConnection, type RowDataPacket } from 'mysql2/promise';

/** What the figures were measured on; absolute ones mean nothing without it. */
export interface Environment {
  readonly node: string;
  readonly cores: number;
  readonly mysql: string;
  /** `innodb_flush_log_at_trx_commit`: only 1 makes a commit durable, and another value moves every ratio. */
  readonly flushAtCommit: number;
  readonly redis: string;
}

export async function environmentOf(mysqlUrl: string, redisUrl: string): Promise<Environment> {
  const connection = await createConnection(mysqlUrl);
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT VERSION() AS version, @@innodb_flush_log_at_trx_commit AS flushAtCommit',
  );
  await connection.end();
  const redis = new Redis(redisUrl, { protocol: 2 });
  const info = await redis.info('server');
  redis.disconnect();
  return {
    node: process.version,
    cores: availableParallelism(),
    mysql: String(rows[0]?.version),
    flushAtCommit: Number(rows[0]?.flushAtCommit),
    redis: /^(?:redis|valkey)_version:(\S+)/m.exec(info)?.[1] ?? 'unknown',
  };
}

export function environmentLine({ node, cores, mysql, flushAtCommit, redis }: Environment): string {
  const durability = flushAtCommit === 1 ? '' : '  (commits are not durable: these ratios do not count)';
  return `node ${node}, ${cores} cores, SQL server ${mysql}, Redis ${redis}, flush at commit ${flushAtCommit}${durability}`;
}
