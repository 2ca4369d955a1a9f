import { redisScript } from '../redis-script.js';

/**
 * Takes permits to start messages from a bucket that all consumers of a group share, by the server's clock. The bucket is kept as
 * the moment at which it will be full again, in microseconds; a key that is missing is a full bucket. After the clock was put back it is an empty one.
 *
 * KEYS: stream, bucket. ARGV: group, consumer, permits wanted, permits of a full bucket, ms in which an empty one fills.
 * Replies {permits taken, permits left, microseconds until the next one (0: there is one)}.
 */
export const TAKE_PERMITS_SCRIPT = redisScript(`
local wanted, capacity, period = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]) * 1000
local each = period / capacity
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full_at = tonumber(redis.call('GET', KEYS[2]) or now)
if full_at < now then full_at = now end
local was_put_back = full_at > now + period
if was_put_back then full_at = now + period end
local free = math.floor((period - (full_at - now)) * capacity / period)
local taken = math.min(wanted, free)
if taken > 0 or was_put_back then
  full_at = math.ceil(full_at + taken * each)
  redis.call('SET', KEYS[2], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1)
end
local left = free - taken
local until_next = 0
if left == 0 then until_next = math.max(1, math.ceil(full_at - now - period + each)) end
return {taken, left, until_next}
`);
