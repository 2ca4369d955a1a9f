import { redisScript } from '../redis-script.js';

/**
 * Sets the idle time of entries that the caller still owns back to 0; their delivery counts stay. Keys, arguments and reply
 * as in the ack script. Without the check, XCLAIM would take back an entry that another consumer has claimed meanwhile.
 */
export const RENEW_SCRIPT = redisScript(`
local results = {}
for i = 3, #ARGV, 2 do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)[1]
  if not pending then
    results[#results + 1] = 0
  elseif pending[2] ~= ARGV[2] or pending[4] ~= tonumber(ARGV[i + 1]) then
    results[#results + 1] = -1
  else
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
    results[#results + 1] = 1
  end
end
return results
`);
