import { redisScript } from '../redis-script.js';

/** Takes a delayed message back. KEYS: due times, contents. ARGV: id. Replies 1 when it was still there, else 0. */
export const CANCEL_DELAYED_SCRIPT = redisScript(`
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
`);
