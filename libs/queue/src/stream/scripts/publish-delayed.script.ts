import { redisScript } from '../redis-script.js';

/**
 * Keeps a message until it is due by the server's clock. KEYS: due times, contents, and a dedupe key if there is one.
 * ARGV: data, delay ms, suffix that makes the id unique, and the window of the dedupe key in ms.
 * Replies the id of the message; that of the first one when the dedupe key is known.
 *
 * Ids begin with the time of the call, so that of messages due at the same time the one published first comes first. A
 * due time without a content, which a refused HSET leaves, is dropped when it comes.
 */
export const PUBLISH_DELAYED_SCRIPT = redisScript(`
if KEYS[3] then
  local known = redis.call('GET', KEYS[3])
  if known and known ~= '' then return known end
  redis.call('SET', KEYS[3], '', 'PX', 1)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local id = string.format('%d%06d-%s', time[1], time[2], ARGV[3])
redis.call('ZADD', KEYS[1], now + ARGV[2], id)
redis.call('HSET', KEYS[2], id, ARGV[1])
if KEYS[3] then redis.call('SET', KEYS[3], id, 'PX', ARGV[4]) end
return id
`);
