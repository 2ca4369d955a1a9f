import { redisScript } from '../redis-script.js';

/**
 * Acknowledges entries that the caller still owns. KEYS: stream. ARGV: group, consumer, then id and delivery count of each.
 * Replies with one number each: 1 acknowledged, 0 not pending, -1 delivered to somebody else (or again) since.
 *
 * Several are looked up with one command for what the caller owns between the first and the last of them; what that does not show is
 * looked up by itself.
 */
export const ACK_SCRIPT = redisScript(`
local stream, group, me = KEYS[1], ARGV[1], ARGV[2]
local FEW = 2

local function parts(id)
  local ms, seq = string.match(id, '(%d+)-?(%d*)')
  return tonumber(ms), tonumber(seq) or 0
end

local function is_before(a, b)
  local a_ms, a_seq = parts(a)
  local b_ms, b_seq = parts(b)
  if a_ms ~= b_ms then return a_ms < b_ms end
  return a_seq < b_seq
end

local counts = {}
if #ARGV > 2 + 2 * FEW then
  local first, last = ARGV[3], ARGV[3]
  for i = 5, #ARGV, 2 do
    if is_before(ARGV[i], first) then first = ARGV[i] end
    if is_before(last, ARGV[i]) then last = ARGV[i] end
  end
  local pending = redis.call('XPENDING', stream, group, first, last, #ARGV, me)
  for _, item in ipairs(pending) do counts[item[1]] = item[4] end
end

local results, mine = {}, {}
for i = 3, #ARGV, 2 do
  local id, wanted = ARGV[i], tonumber(ARGV[i + 1])
  local owner, count = me, counts[id]
  if not count then
    local pending = redis.call('XPENDING', stream, group, id, id, 1)[1] or {}
    owner, count = pending[2], pending[4]
  end
  if not owner then
    results[#results + 1] = 0
  elseif owner ~= me or count ~= wanted then
    results[#results + 1] = -1
  else
    results[#results + 1] = 1
    mine[#mine + 1] = id
  end
end
if #mine > 0 then redis.call('XACK', stream, group, unpack(mine)) end
return results
`);
