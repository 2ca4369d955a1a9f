import type { RedisConnection } from './redis-connection.js';
import { parseText } from './stream-entry.js';

/**
 * The `maxmemory-policy` of the server, of one node where it is a cluster. Undefined where Redis does not say: a proxy, a user
 * without INFO.
 */
export async function evictionPolicy(connection: RedisConnection): Promise<string | undefined> {
  const [memory] = await connection.commands([['info', 'memory']]);
  if (!memory || 'error' in memory) return undefined;
  return /^maxmemory_policy:(\S+)/m.exec(parseText(memory.reply, 'INFO'))?.[1];
}

/** Keys of streams have no time to live, so a policy that looks at nothing else leaves them alone. */
export function canEvictStreams(policy: string): boolean {
  return policy !== 'noeviction' && !policy.startsWith('volatile-');
}
