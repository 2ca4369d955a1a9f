import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import type { BenchPlace } from '../benchmarks/benchmark.js';
import type { BenchServers } from './bench-servers.js';

const SCANNED = 1_000;

/** Lends a database and a prefix of keys that nobody else has, and removes both afterwards. */
export async function withPlace<T>(servers: BenchServers, use: (place: BenchPlace) => Promise<T>): Promise<T> {
  const database = await servers.createDatabase();
  const pool = createPool({ uri: database.url, connectionLimit: 1 });
  const redis = new Redis(servers.redisUrl, { protocol: 2 });
  const keyPrefix = `{${database.name}}`;
  try {
    const urls = { mysqlUrl: database.url, redisUrl: servers.redisUrl };
    return await use({ servers, ...urls, pool, redis, keyPrefix });
  } finally {
    await removeKeys(redis, keyPrefix);
    redis.disconnect();
    await pool.end();
    await database.drop();
  }
}

/** Ours put prefixes of their own before the names they are given, so that the place's stands anywhere in a key. */
async function removeKeys(redis: Redis, keyPrefix: string): Promise<void> {
  for await (const keys of redis.scanStream({ match: `*${keyPrefix}*`, count: SCANNED }) as AsyncIterable<string[]>) {
    if (keys.length > 0) await redis.unlink(...keys);
  }
}
