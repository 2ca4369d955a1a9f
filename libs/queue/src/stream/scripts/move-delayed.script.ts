import { redisScript } from '../redis-script.js';

/**
 * Appends delayed messages that are due by the server's clock, in due order. KEYS: stream, due times, contents.
 * ARGV: how many at most. Replies {how many were due, ms until the next one is due}: 0 for more at once, -1 for none.
 *
 * Removing nothing comes first: it is refused to a user without the right to remove, before anything was appended that would
 * then be appended again and again. It also makes the script one that has begun to write, which a server out of memory lets
 * go on: what is moved takes no more room than before.
 */
export const MOVE_DELAYED_SCRIPT = redisScript(`
local stream, due, contents = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ids = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, tonumber(ARGV[1]))
if #ids > 0 then
  redis.call('ZREM', due, '')
  redis.call('HDEL', contents, '')
end
for _, id in ipairs(ids) do
  local data = redis.call('HGET', contents, id)
  if data then redis.call('XADD', stream, '*', 'data', data) end
  redis.call('ZREM', due, id)
  redis.call('HDEL', contents, id)
end
local first = redis.call('ZRANGEBYSCORE', due, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
if #first == 0 then return {#ids, -1} end
return {#ids, math.max(0, tonumber(first[2]) - now)}
`);
