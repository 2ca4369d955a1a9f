import { redisScript } from '../redis-script.js';

/**
 * Acknowledges entries that the caller still owns. KEYS: stream. ARGV: group, consumer, then id and delivery count of each.
 * Replies with one number each: 1 acknowledged, 0 not pending, -1 delivered to somebody else (or again) since.
 */
export const ACK_SCRIPT = redisScript(`
local results = {}
local mine = {}
for i = 3, #ARGV, 2 do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)[1]
  if not pending then
    results[#results + 1] = 0
  elseif pending[2] ~= ARGV[2] or pending[4] ~= tonumber(ARGV[i + 1]) then
    results[#results + 1] = -1
  else
    results[#results + 1] = 1
    mine[#mine + 1] = ARGV[i]
  end
end
if #mine > 0 then redis.call('XACK', KEYS[1], ARGV[1], unpack(mine)) end
return results
`);
