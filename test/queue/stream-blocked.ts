import type { Redis, RedisOptions } from 'ioredis';

/** Options that lead to `url` under a name that the server shows. */
export function named(url: string, connectionName: string): RedisOptions {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port), connectionName };
}

/** True when a read of a client with that name has reached the server and waits there. */
export async function isBlocked(client: Redis, connectionName: string): Promise<boolean> {
  const clients = String(await client.client('LIST')).split('\n');
  return clients.some((line) => line.includes(`name=${connectionName} `) && line.includes('flags=b'));
}
