import { redisScript } from '../redis-script.js';
import { GROUP_BOUNDS } from './group-bounds.js';

/**
 * Removes from a stream what all of its groups have finished and what is older, or further back, than is kept. Never touches an
 * entry that is pending in some group, or not yet delivered to one, unless loss is allowed. Looked at and done in one step, so
 * that no group can change in between. A stream without a group is left alone unless it may have none.
 *
 * Whole nodes of the stream go first (`~`), which costs little and keeps within the limit; the rest is then within one node. Only
 * the first entry is ever looked at, since Redis shows no id without its content.
 *
 * KEYS: stream. ARGV: age kept in ms, length kept, how many entries at most, loss allowed (1 or 0), may have no group (1 or 0).
 * Replies {finished entries removed, more (1: call again at once), now in ms,
 *          {{group, id below which it has finished everything or ''}, ...}, {{group, undelivered entries it has lost}, ...},
 *          unfinished entries removed}.
 */
export const TRIM_SCRIPT = redisScript(`${GROUP_BOUNDS}
local stream, age, keep, limit = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local MAX_ID, NODE = '18446744073709551615-18446744073709551615', 100
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local groups = bounds_of(stream)
if #groups == 0 and ARGV[5] ~= '1' then return {0, 0, now, {}, {}, 0} end

local function trim_nodes(id, count) return redis.call('XTRIM', stream, 'MINID', '~', id, 'LIMIT', count) end
local function trim_below(id, wanted)
  local n = trim_nodes(id, wanted)
  for _ = 1, math.min(wanted - n, NODE) do
    local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    if not first or not before(first[1], id) then break end
    n = n + redis.call('XTRIM', stream, 'MAXLEN', '=', redis.call('XLEN', stream) - 1)
  end
  return n
end

local bound = MAX_ID
for _, group in ipairs(groups) do bound = older(bound, group.bound) end
local old = older(bound, string.format('%.0f-0', math.max(0, now - age)))
local removed = trim_nodes(old, limit)
if removed <= limit / 2 then removed = removed + redis.call('XTRIM', stream, 'MINID', '=', old) end
local excess = redis.call('XLEN', stream) - keep
if excess > 0 and removed < limit then removed = removed + trim_below(bound, math.min(excess, limit - removed)) end

local lost, capped = {}, 0
local surplus = math.min(redis.call('XLEN', stream) - keep, limit)
if ARGV[4] == '1' and surplus > 0 then
  table.sort(groups, function(a, b) return before(a.undelivered or MAX_ID, b.undelivered or MAX_ID) end)
  -- below the first one's undelivered entries nobody loses any; below the second one's the first does
  for i = 1, #groups + 1 do
    local id = groups[i] and groups[i].undelivered or MAX_ID
    while capped < surplus do
      local n = trim_below(id, surplus - capped)
      if n == 0 then break end
      capped = capped + n
      for j = 1, i - 1 do lost[j] = {groups[j].name, (lost[j] and lost[j][2] or 0) + n} end
    end
  end
end

local bounds = {}
for _, group in ipairs(groups) do bounds[#bounds + 1] = {group.name, group.bound or ''} end
return {removed, (removed > limit / 2 or capped == limit) and 1 or 0, now, bounds, lost, capped}
`);
