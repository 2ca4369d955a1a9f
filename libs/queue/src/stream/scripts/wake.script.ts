import { redisScript } from '../redis-script.js';

/**
 * Hands the active consumer the content of an entry that it holds, counting a delivery or not. KEYS: stream, active row.
 * ARGV: group, consumer, id, delivery count ('' for whatever it is), counted (1 or 0).
 * Replies -2 (not active), 0 (not pending), -1 (not the caller's any more) or {id, delivery count, fields}, without fields when
 * the entry was trimmed (it is acknowledged then).
 */
export const WAKE_SCRIPT = redisScript(`
local stream, group, me, id = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
if redis.call('GET', KEYS[2]) ~= me then return -2 end
local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
if not pending then return 0 end
local count = pending[4]
if pending[2] ~= me or (ARGV[4] ~= '' and count ~= tonumber(ARGV[4])) then return -1 end
count = count + tonumber(ARGV[5])
local claimed = redis.call('XCLAIM', stream, group, me, 0, id, 'RETRYCOUNT', count)[1]
if claimed then return {id, count, claimed[2]} end
redis.call('XACK', stream, group, id)
return {id, count}
`);
