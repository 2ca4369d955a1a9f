import { redisScript } from '../redis-script.js';

/**
 * Makes pending entries of the group the active consumer's, whoever has them, in id order and without counting a delivery.
 * KEYS: stream, active row. ARGV: group, consumer, exclusive start id, how many, idle for at least this many ms.
 * Replies -1 (not active) or {{{id, delivery count, fields}, ...}, {trimmed ids}, last id looked at or ''}: '' when the end was
 * reached. Trimmed entries are acknowledged.
 */
export const TAKE_OVER_SCRIPT = redisScript(`
local stream, group, me, wanted = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[4])
if redis.call('GET', KEYS[2]) ~= me then return -1 end
local pending = redis.call('XPENDING', stream, group, 'IDLE', ARGV[5], '(' .. ARGV[3], '+', wanted)
local entries, trimmed = {}, {}
for _, item in ipairs(pending) do
  local claimed = redis.call('XCLAIM', stream, group, me, 0, item[1], 'RETRYCOUNT', item[4])[1]
  if claimed then
    entries[#entries + 1] = {item[1], item[4], claimed[2]}
  else
    redis.call('XACK', stream, group, item[1])
    trimmed[#trimmed + 1] = item[1]
  end
end
return {entries, trimmed, #pending == wanted and pending[#pending][1] or ''}
`);
