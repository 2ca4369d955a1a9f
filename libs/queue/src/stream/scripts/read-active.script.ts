import { redisScript } from '../redis-script.js';

/**
 * Reads new entries for the active consumer, and for nobody else: a blocking read that was left behind by a consumer that is
 * active no more would be served before its successor's. KEYS: stream, active row. ARGV: group, consumer, how many.
 * Replies -1 (not active), the entries as XREADGROUP does, or the id after which new ones will come.
 */
export const READ_ACTIVE_SCRIPT = redisScript(`
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return -1 end
local read = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', KEYS[1], '>')
if read then return read end
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local row = {}
  for i = 1, #group, 2 do row[group[i]] = group[i + 1] end
  if row['name'] == ARGV[1] then return row['last-delivered-id'] end
end
return '0-0'
`);
