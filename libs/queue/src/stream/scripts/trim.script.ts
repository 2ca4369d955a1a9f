import { redisScript } from '../redis-script.js';
import { GROUP_BOUNDS } from './group-bounds.js';

/**
 * Removes from a stream what all of its groups have finished and what is older, or further back, than is kept. Never touches an
 * entry that is pending in some group, or not yet delivered to one, unless loss is allowed. Looked at and done in one step, so
 * that no group can change in between. A stream without a group is left alone: nobody knows who is still to come.
 *
 * Whole nodes of the stream go first (`~`), which costs little and keeps within the limit; the exact rest (`=`) is then within
 * one node. Whoever trims takes only ids below the bound, whatever way they were chosen.
 *
 * KEYS: stream. ARGV: age kept in ms, length kept, how many entries at most, loss allowed (1 or 0).
 * Replies {finished entries removed, more (1: call again at once), now in ms,
 *          {{group, id below which it has finished everything or ''}, ...}, {{group, undelivered entries it has lost}, ...},
 *          unfinished entries removed}.
 */
export const TRIM_SCRIPT = redisScript(`${GROUP_BOUNDS}
local stream, age, keep, limit = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local MAX_ID, NODE = '18446744073709551615-18446744073709551615', 100
local LOSS_PAGE = 1000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local groups = bounds_of(stream)
if #groups == 0 then return {0, 0, now, {}, {}, 0} end

local bound = MAX_ID
for _, group in ipairs(groups) do bound = older(bound, group.bound) end
local removed = 0

local function trim_nodes(id, count)
  local n = redis.call('XTRIM', stream, 'MINID', '~', id, 'LIMIT', count)
  removed = removed + n
  return n
end
local function trim_exactly(id) removed = removed + redis.call('XTRIM', stream, 'MINID', '=', id) end

local old = older(bound, string.format('%.0f-0', math.max(0, now - age)))
if trim_nodes(old, limit) <= limit / 2 then trim_exactly(old) end

local excess = redis.call('XLEN', stream) - keep
if excess > 0 and removed < limit then
  local wanted = math.min(excess, limit - removed)
  local rest = math.min(wanted - trim_nodes(bound, wanted), NODE)
  local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  if rest > 0 and first and before(first[1], bound) then
    local page = redis.call('XRANGE', stream, '-', '+', 'COUNT', rest + 1)
    trim_exactly(older(bound, page[rest + 1] and page[rest + 1][1]))
  end
end

local lost, lost_page = {}, {}
local surplus = redis.call('XLEN', stream) - keep
if ARGV[4] == '1' and surplus > 0 then
  lost_page = redis.call('XRANGE', stream, '-', '+', 'COUNT', math.min(surplus, LOSS_PAGE))
  for _, group in ipairs(groups) do
    local count = 0
    for _, entry in ipairs(lost_page) do
      if group.undelivered and not before(entry[1], group.undelivered) then count = count + 1 end
    end
    if count > 0 then lost[#lost + 1] = {group.name, count} end
  end
  redis.call('XTRIM', stream, 'MAXLEN', '=', redis.call('XLEN', stream) - #lost_page)
end

local bounds = {}
for _, group in ipairs(groups) do bounds[#bounds + 1] = {group.name, group.bound or ''} end
return {removed, (removed > limit / 2 or #lost_page == LOSS_PAGE) and 1 or 0, now, bounds, lost, #lost_page}
`);
