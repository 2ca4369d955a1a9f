import { redisScript } from '../redis-script.js';

/**
 * Puts the message of a dead letter back into its stream and removes the letter: both or neither, and once, however many ask for
 * it. A refused write (OOM) fails the script before anything was removed.
 * KEYS: stream, dead-letter stream. ARGV: id of the letter, the group it is for, then field, value, ... of the new entry.
 * Replies the id of the new entry, 0 when the letter is not there (any more), or -1 when the group is not: then nobody would get it.
 */
export const REPLAY_SCRIPT = redisScript(`
if #redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1]) == 0 then return 0 end
local function has_group()
  if redis.call('EXISTS', KEYS[1]) == 0 then return false end
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    for i = 1, #group, 2 do
      if group[i] == 'name' and group[i + 1] == ARGV[2] then return true end
    end
  end
  return false
end
if not has_group() then return -1 end
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 3))
redis.call('XDEL', KEYS[2], ARGV[1])
return id
`);
