import { redisScript } from '../redis-script.js';

/**
 * Delivers an entry that the caller still owns to the caller once more. KEYS: stream. ARGV: group, consumer, id, delivery
 * count. Replies 0 (not pending), -1 (not the caller's any more) or {id, new delivery count, fields}, without fields when the
 * entry was trimmed (it is acknowledged then).
 */
export const RECLAIM_SCRIPT = redisScript(`
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)[1]
if not pending then return 0 end
if pending[2] ~= ARGV[2] or pending[4] ~= tonumber(ARGV[4]) then return -1 end
local claimed = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3])[1]
if not claimed then
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
  return {ARGV[3], pending[4] + 1}
end
return {ARGV[3], pending[4] + 1, claimed[2]}
`);
