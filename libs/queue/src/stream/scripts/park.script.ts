import { redisScript } from '../redis-script.js';

/**
 * Blocks a key because of an entry that the caller still owns; the entry stays pending. KEYS: stream, blocked keys.
 * ARGV: group, consumer, id, delivery count, key, mark. Replies 1 (done), 0 (not pending) or -1 (not the caller's any more).
 */
export const PARK_SCRIPT = redisScript(`
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)[1]
if not pending then return 0 end
if pending[2] ~= ARGV[2] or pending[4] ~= tonumber(ARGV[4]) then return -1 end
redis.call('HSET', KEYS[2], ARGV[5], ARGV[6])
return 1
`);

/**
 * Asks the active consumer to unblock a key. KEYS: stream, blocked keys, requests. ARGV: group, consumer, key, how.
 * Replies 1, or 0 when the key is not blocked.
 */
export const REQUEST_UNBLOCK_SCRIPT = redisScript(`
if redis.call('HEXISTS', KEYS[2], ARGV[3]) == 0 then return 0 end
redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
return 1
`);

/**
 * Takes the mark off a key; the entry that blocked it, if the active consumer has it, gets a fresh round of deliveries.
 * KEYS: stream, active row, blocked keys, requests. ARGV: group, consumer, key, id of that entry or ''.
 * Replies 1, or -2 when the caller is not the active consumer.
 */
export const UNBLOCK_SCRIPT = redisScript(`
local stream, group, me, id = KEYS[1], ARGV[1], ARGV[2], ARGV[4]
if redis.call('GET', KEYS[2]) ~= me then return -2 end
local pending = id ~= '' and redis.call('XPENDING', stream, group, id, id, 1)[1]
if pending and pending[2] == me then
  redis.call('XCLAIM', stream, group, me, 0, id, 'RETRYCOUNT', 0, 'JUSTID')
end
redis.call('HDEL', KEYS[3], ARGV[3])
redis.call('HDEL', KEYS[4], ARGV[3])
return 1
`);

/** The marks of all blocked keys. KEYS: stream, blocked keys. Replies key, mark, key, mark, ... */
export const MARKS_SCRIPT = redisScript(`return redis.call('HGETALL', KEYS[2])`);
