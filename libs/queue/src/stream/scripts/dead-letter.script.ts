import { redisScript } from '../redis-script.js';

/**
 * Moves an entry that the caller still owns to the dead-letter stream: written there first, acknowledged after, both or
 * neither. KEYS: stream, dead-letter stream. ARGV: group, consumer, id, delivery count, envelope.
 * Replies 0 (not pending), -1 (not the caller's any more) or the id of the dead letter. A refused write (OOM) fails the
 * script before anything was acknowledged.
 */
export const DEAD_LETTER_SCRIPT = redisScript(`
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)[1]
if not pending then return 0 end
if pending[2] ~= ARGV[2] or pending[4] ~= tonumber(ARGV[4]) then return -1 end
local id = redis.call('XADD', KEYS[2], '*', 'data', ARGV[5])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
return id
`);
