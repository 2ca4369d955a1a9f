import { redisScript } from '../redis-script.js';

/**
 * Gives back entries that the caller owns and has not worked on: idle for a year, so that any claim finds them, and with the
 * delivery taken off their count again. Keys, arguments and reply as in the ack script.
 */
export const GIVE_BACK_SCRIPT = redisScript(`
local YEAR_MS = 31536000000
local results = {}
for i = 3, #ARGV, 2 do
  local count = tonumber(ARGV[i + 1])
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)[1]
  if not pending then
    results[#results + 1] = 0
  elseif pending[2] ~= ARGV[2] or pending[4] ~= count then
    results[#results + 1] = -1
  else
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'IDLE', YEAR_MS, 'RETRYCOUNT', math.max(0, count - 1), 'JUSTID')
    results[#results + 1] = 1
  end
end
return results
`);
