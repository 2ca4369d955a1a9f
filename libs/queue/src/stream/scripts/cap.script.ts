import { redisScript } from '../redis-script.js';

/**
 * Removes the oldest entries of a stream by age and length, whoever reads it: for dead letters, which have no group of ours.
 * Whole nodes first, as in the trim script. KEYS: stream. ARGV: age kept in ms, length kept, how many entries at most.
 * Replies {removed, more (1: call again at once)}.
 */
export const CAP_SCRIPT = redisScript(`
local stream, limit = KEYS[1], tonumber(ARGV[3])
local time = redis.call('TIME')
local old = string.format('%.0f-0', math.max(0, time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1])))
local function trim(how, threshold)
  local n = redis.call('XTRIM', stream, how, '~', threshold, 'LIMIT', limit)
  if n <= limit / 2 then n = n + redis.call('XTRIM', stream, how, '=', threshold) end
  return n
end
local removed = trim('MINID', old)
if removed <= limit / 2 then removed = removed + trim('MAXLEN', ARGV[2]) end
return {removed, removed > limit / 2 and 1 or 0}
`);
