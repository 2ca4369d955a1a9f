import { redisScript } from '../redis-script.js';

/**
 * Appends an entry unless one was appended under the same dedupe key before. KEYS: stream, dedupe key. ARGV: data, window ms.
 * Replies the id of the entry that the key stands for: the new one's, or the first one's.
 *
 * The key is written before the entry, empty and for a moment: whatever can refuse it (rights, memory) does so while nothing
 * has been appended. An empty key is one whose append was refused.
 */
export const PUBLISH_ONCE_SCRIPT = redisScript(`
local known = redis.call('GET', KEYS[2])
if known and known ~= '' then return known end
redis.call('SET', KEYS[2], '', 'PX', 1)
local id = redis.call('XADD', KEYS[1], '*', 'data', ARGV[1])
redis.call('SET', KEYS[2], id, 'PX', ARGV[2])
return id
`);
