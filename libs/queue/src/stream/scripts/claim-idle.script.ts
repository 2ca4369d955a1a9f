import { redisScript } from '../redis-script.js';

/**
 * Claims entries of any consumer that have been idle for long, oldest ids first, however many fresh ones lie between them.
 * KEYS: stream. ARGV: group, consumer, idle ms, wanted, skip own entries (1 or 0).
 * Replies {{{id, delivery count, fields}, ...}, {trimmed ids}}. Trimmed entries are acknowledged.
 */
export const CLAIM_IDLE_SCRIPT = redisScript(`
local stream, group, me, idle_ms = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local wanted, skip_own = tonumber(ARGV[4]), ARGV[5] == '1'
local entries, trimmed, start = {}, {}, '-'
while #entries < wanted do
  local pending = redis.call('XPENDING', stream, group, 'IDLE', idle_ms, start, '+', wanted)
  for _, item in ipairs(pending) do
    if #entries < wanted and not (skip_own and item[2] == me) then
      local claimed = redis.call('XCLAIM', stream, group, me, idle_ms, item[1])[1]
      if claimed then
        entries[#entries + 1] = {item[1], item[4] + 1, claimed[2]}
      else
        redis.call('XACK', stream, group, item[1])
        trimmed[#trimmed + 1] = item[1]
      end
    end
  end
  if #pending < wanted then break end
  start = '(' .. pending[#pending][1]
end
return {entries, trimmed}
`);
