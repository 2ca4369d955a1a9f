import { redisScript } from '../redis-script.js';

/**
 * Makes the caller the active consumer of its group unless another one is, or keeps it that. KEYS: stream, active row, requests
 * to unblock. ARGV: group, consumer, ms until the row expires by the server's clock.
 * Replies {0 (another one is active), 1 (the caller still is) or 2 (the caller is from now on), requests as key, how, ...}.
 * A server out of memory refuses a new row and lets one live on.
 */
export const LEAD_SCRIPT = redisScript(`
local active = redis.call('GET', KEYS[2])
local answer
if active == ARGV[2] then
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
  answer = 1
elseif active then
  return {0, {}}
else
  redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
  answer = 2
end
return {answer, redis.call('HGETALL', KEYS[3])}
`);

/** Ends the caller's turn as the active consumer. KEYS: stream, active row. ARGV: group, consumer. Replies 1 if it was, else 0. */
export const RESIGN_SCRIPT = redisScript(`
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[2])
`);
