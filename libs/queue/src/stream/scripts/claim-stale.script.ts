import { redisScript } from '../redis-script.js';

/**
 * One turn of a consumer's care for its group, in one step for everybody else:
 *
 * 1. The caller's liveness row is renewed, by the server's clock.
 * 2. Entries of consumers whose row has expired are claimed. One that has nothing pending any more is deleted, row and all.
 * 3. If asked for, entries of any consumer that are idle for long are claimed, from the cursor on.
 *
 * An entry delivered `suspectAfter` times or more may be what kills its consumers. It is claimed only when the caller says
 * that it can run it alone, and then nothing else is claimed with it.
 *
 * On a server out of memory step 1 is refused; then nobody can be told dead, and step 2 is left out. While the group is paused
 * steps 2 and 3 are.
 *
 * KEYS: stream, liveness rows, paused groups.
 * ARGV: group, consumer, liveness ms, wanted, idle ms (0: step 3 left out), cursor, suspectAfter (0: no suspects),
 *       alone (1 or 0), skip own entries in step 3 (1 or 0), then ids to leave alone.
 * Replies {entries as {id, delivery count, fields}, trimmed ids (acknowledged), next cursor ('-' at the end),
 *          more (1: claim again at once), suspects left, suspect (1: the only entry is one), alive (0: out of memory),
 *          paused (1 or 0)}.
 */
export const CLAIM_STALE_SCRIPT = redisScript(`
local stream, alive = KEYS[1], KEYS[2]
local group, me = ARGV[1], ARGV[2]
local wanted, idle_ms, cursor = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local suspect_after, alone, skip_own = tonumber(ARGV[7]), ARGV[8] == '1', ARGV[9] == '1'
local MAX_DEAD, MAX_PAGES = 32, 10
local skip = {}
for i = 10, #ARGV do skip[ARGV[i]] = true end

local entries, trimmed = {}, {}
local more, suspects, suspect = 0, 0, nil

local function claim(id, count)
  local claimed = redis.call('XCLAIM', stream, group, me, 0, id)[1]
  if claimed then
    entries[#entries + 1] = {id, count + 1, claimed[2]}
  else
    redis.call('XACK', stream, group, id)
    trimmed[#trimmed + 1] = id
  end
end

local function consider(id, count)
  if suspect_after == 0 or count < suspect_after then
    claim(id, count)
  else
    suspects = suspects + 1
    if alone and not suspect then suspect = {id, count} end
  end
end

local function claim_all_of(consumer)
  local start = '-'
  for _ = 1, MAX_PAGES do
    if #entries >= wanted then return false end
    local pending = redis.call('XPENDING', stream, group, start, '+', wanted - #entries, consumer)
    for _, item in ipairs(pending) do consider(item[1], item[4]) end
    if #pending == 0 then return true end
    start = '(' .. pending[#pending][1]
  end
  return false
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local renewed = redis.pcall('ZADD', alive, now + tonumber(ARGV[3]), me)
local out_of_memory = type(renewed) == 'table' and renewed.err
if out_of_memory and not string.find(renewed.err, 'OOM', 1, true) then return renewed end

if redis.call('HEXISTS', KEYS[3], group) == 1 then
  return {entries, trimmed, cursor, 0, 0, 0, out_of_memory and 0 or 1, 1}
end

if not out_of_memory then
  for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', now, 'LIMIT', 0, MAX_DEAD)) do
    if not claim_all_of(consumer) then more = 1 end
    if #redis.call('XPENDING', stream, group, '-', '+', 1, consumer) == 0 then
      redis.call('ZREM', alive, consumer)
      redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer)
    end
  end
end

if idle_ms > 0 and #entries < wanted then
  local page = wanted - #entries
  local pending = redis.call('XPENDING', stream, group, 'IDLE', idle_ms, cursor, '+', page)
  for _, item in ipairs(pending) do
    if not skip[item[1]] and not (skip_own and item[2] == me) then consider(item[1], item[4]) end
  end
  cursor = '-'
  if #pending == page then
    cursor = '(' .. pending[#pending][1]
    more = 1
  end
end

local is_suspect = 0
if suspect and #entries == 0 then
  claim(suspect[1], suspect[2])
  suspects = suspects - 1
  is_suspect = #entries
end
return {entries, trimmed, cursor, more, suspects, is_suspect, out_of_memory and 0 or 1, 0}
`);
