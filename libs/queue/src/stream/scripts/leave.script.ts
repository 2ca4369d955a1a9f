import { redisScript } from '../redis-script.js';

/**
 * Takes a consumer out of its group. KEYS: stream, liveness rows. ARGV: group, consumer. Replies 1 when the consumer is gone,
 * 0 when it still has pending entries: then it stays, marked dead, so that the next claim by anyone takes them. Checked and
 * done in one script: deleting a consumer deletes its pending entries.
 */
export const LEAVE_SCRIPT = redisScript(`
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then
  redis.call('ZADD', KEYS[2], 0, ARGV[2])
  return 0
end
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
`);
