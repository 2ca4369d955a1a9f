import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';

/** A client of the test file's own and names that no other file uses; `close` it in `afterAll`. */
export interface TestRedis {
  readonly client: Redis;
  readonly url: string;
  /** A fresh key: `t:<random>:<name>`. */
  key(name: string): string;
  close(): Promise<void>;
}

export function redisUrl(): string {
  const url = process.env.REDIS_URL;
  if (!url)
    throw new Error(
      'REDIS_URL is not set: run the suite through `npm test`, which starts a server when none is given.',
    );
  return url;
}

export function createTestRedis(url: string = redisUrl()): TestRedis {
  const client = new Redis(url, { protocol: 2 });
  const prefix = `t:${randomBytes(6).toString('hex')}`;
  return {
    client,
    url,
    key: (name) => `${prefix}:${randomBytes(3).toString('hex')}:${name}`,
    close: async () => {
      const keys = await client.keys(`${prefix}:*`);
      if (keys.length > 0) await client.del(...keys);
      client.disconnect();
    },
  };
}
