import { redisScript } from '../redis-script.js';

/**
 * Puts the message of a dead letter back into its stream and removes the letter: both or neither, and once, however many ask for
 * it. A refused write (OOM) fails the script before anything was removed.
 * KEYS: stream, dead-letter stream. ARGV: id of the letter, then field, value, ... of the new entry.
 * Replies the id of the new entry, or 0 when the letter is not there (any more).
 */
export const REPLAY_SCRIPT = redisScript(`
if #redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1]) == 0 then return 0 end
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))
redis.call('XDEL', KEYS[2], ARGV[1])
return id
`);
