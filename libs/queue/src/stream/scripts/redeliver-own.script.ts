import { redisScript } from '../redis-script.js';

/**
 * Delivers to a consumer what is pending under its own name, in id order, counting a delivery each; of one that was delivered
 * only once the first one again, if the caller knows that nobody can have got it. One that was given back (idle for a year) may have run
 * before, whatever its count. KEYS: stream.
 * ARGV: group, consumer, exclusive start id, how many, only deliveries were lost (1 or 0), then the ids to leave alone.
 * Replies {{{id, delivery count, fields}, ...}, {trimmed ids}, last id looked at or ''}: '' when the end was reached. Trimmed
 * entries are acknowledged.
 */
export const REDELIVER_OWN_SCRIPT = redisScript(`
local YEAR_MS = 31536000000
local stream, group, me, wanted = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[4])
local lost, skip = ARGV[5] == '1', {}
for i = 6, #ARGV do skip[ARGV[i]] = true end
local entries, trimmed = {}, {}
local page = wanted + #ARGV - 5
local pending = redis.call('XPENDING', stream, group, '(' .. ARGV[3], '+', page, me)
local last = ''
for i = 1, #pending do
  if #entries == wanted then
    last = pending[i - 1][1]
    break
  end
  local id, idle, count = pending[i][1], pending[i][3], pending[i][4]
  if not skip[id] then
    if not (lost and count == 1 and idle < YEAR_MS) then count = count + 1 end
    local claimed = redis.call('XCLAIM', stream, group, me, 0, id, 'RETRYCOUNT', count)[1]
    if claimed then
      entries[#entries + 1] = {id, count, claimed[2]}
    else
      redis.call('XACK', stream, group, id)
      trimmed[#trimmed + 1] = id
    end
  end
end
if last == '' and #pending == page then last = pending[#pending][1] end
return {entries, trimmed, last}
`);
