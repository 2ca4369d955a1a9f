import { createHash } from 'node:crypto';

/** A Lua script: fixed text, every key in KEYS, every value in ARGV. */
export interface RedisScript {
  readonly source: string;
  /** What EVALSHA asks for. */
  readonly sha: string;
}

export function redisScript(source: string): RedisScript {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
