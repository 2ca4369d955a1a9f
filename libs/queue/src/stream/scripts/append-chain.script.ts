import { redisScript } from '../redis-script.js';

/**
 * Appends entries in order, up to the first that is refused: a pipeline would go on after it, and the order would be lost. KEYS:
 * stream. ARGV: the field's name, then its value for each entry. Replies with the ids of what was appended and, if not all
 * were, the reason; with the error itself where nothing was.
 */
export const APPEND_CHAIN_SCRIPT = redisScript(`
local ids = {}
for i = 2, #ARGV do
  local id = redis.pcall('XADD', KEYS[1], '*', ARGV[1], ARGV[i])
  if type(id) == 'table' then
    if #ids == 0 then return id end
    return {ids, id.err}
  end
  ids[#ids + 1] = id
end
return {ids}
`);
