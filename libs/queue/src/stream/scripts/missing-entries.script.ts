import { redisScript } from '../redis-script.js';

/** Says which entries are not in the stream, without sending their content. KEYS: stream. ARGV: ids. Replies with those ids. */
export const MISSING_ENTRIES_SCRIPT = redisScript(`
local missing = {}
for i = 1, #ARGV do
  if #redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i]) == 0 then missing[#missing + 1] = ARGV[i] end
end
return missing
`);
