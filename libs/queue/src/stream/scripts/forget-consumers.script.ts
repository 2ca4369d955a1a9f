import { redisScript } from '../redis-script.js';

/**
 * Deletes consumers of a group that have no liveness row, nothing pending, and have asked for nothing for long. Checked and done
 * in one step: deleting a consumer deletes its pending entries. Those with a row are the claim script's.
 * KEYS: stream, liveness rows. ARGV: group, idle ms, how many at most. Replies {deleted, more (1: call again at once)}.
 */
export const FORGET_CONSUMERS_SCRIPT = redisScript(`
local idle_ms, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
local deleted = 0
for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local row = {}
  for i = 1, #flat, 2 do row[flat[i]] = flat[i + 1] end
  if row.pending == 0 and row.idle >= idle_ms and not redis.call('ZSCORE', KEYS[2], row.name) then
    if deleted == limit then return {deleted, 1} end
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], row.name)
    deleted = deleted + 1
  end
end
return {deleted, 0}
`);
