/**
 * Lua, to stand at the head of a script. `bounds_of(stream)` lists the groups of a stream, each with `name`, `pending`,
 * `consumers`, `lag` (false when Redis does not know it), `oldest_pending`, `undelivered` (ids, false when there is none) and
 * `bound`: the older of the two, below which the group has finished everything.
 *
 * A stream that does not exist has no groups. `undelivered` is the first entry behind the last one delivered, not that id plus one: numbers of Lua are too short for ids.
 */
export const GROUP_BOUNDS = `
local function before(a, b)
  local a_ms, a_seq = string.match(a, '^(%d+)-(%d+)$')
  local b_ms, b_seq = string.match(b, '^(%d+)-(%d+)$')
  if #a_ms ~= #b_ms then return #a_ms < #b_ms end
  if a_ms ~= b_ms then return a_ms < b_ms end
  if #a_seq ~= #b_seq then return #a_seq < #b_seq end
  return a_seq < b_seq
end
local function older(a, b)
  if not a then return b end
  if not b then return a end
  return before(a, b) and a or b
end
local function bounds_of(stream)
  local groups, rows = {}, redis.pcall('XINFO', 'GROUPS', stream)
  if rows.err and string.find(rows.err, 'no such key', 1, true) then return groups end
  if rows.err then redis.call('XINFO', 'GROUPS', stream) end
  for _, flat in ipairs(rows) do
    local row = {}
    for i = 1, #flat, 2 do row[flat[i]] = flat[i + 1] end
    local oldest = redis.call('XPENDING', stream, row.name, '-', '+', 1)[1]
    local new = redis.call('XRANGE', stream, '(' .. row['last-delivered-id'], '+', 'COUNT', 1)[1]
    local group = {name = row.name, pending = row.pending, consumers = row.consumers, lag = row.lag or false}
    group.oldest_pending = oldest and oldest[1] or false
    group.undelivered = new and new[1] or false
    group.bound = older(group.oldest_pending, group.undelivered)
    groups[#groups + 1] = group
  end
  return groups
end
`;
