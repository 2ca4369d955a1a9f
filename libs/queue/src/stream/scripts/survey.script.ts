import { redisScript } from '../redis-script.js';
import { GROUP_BOUNDS } from './group-bounds.js';

/**
 * What can be said of a stream at one moment. KEYS: stream, dead-letter stream, paused groups.
 * Replies {now in ms, length, dead letters, {{group, pending, consumers, oldest pending id or '', first
 * undelivered id or '', paused (1 or 0), lag or nil}, ...}}.
 */
export const SURVEY_SCRIPT = redisScript(`${GROUP_BOUNDS}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local length, groups = redis.call('XLEN', KEYS[1]), {}
for _, group in ipairs(bounds_of(KEYS[1])) do
  groups[#groups + 1] = {group.name, group.pending, group.consumers, group.oldest_pending or '', group.undelivered or '',
    redis.call('HEXISTS', KEYS[3], group.name), group.lag}
end
return {now, length, redis.call('XLEN', KEYS[2]), groups}
`);
