#!lua
-- Claims a nickname for a user, unless another user holds it through a claim of any node. Returns whether the
-- user holds it now. The key expires with the latest claim.
--
-- KEYS: the nickname. ARGV: the user, the name, this node's field, and the claim's length in milliseconds.
local key = KEYS[1]
local user, name, node, span = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local holder, latest, mine, past = nil, 0, 0, {}
local fields = redis.call('HGETALL', key)
for i = 1, #fields, 2 do
  local field, value = fields[i], fields[i + 1]
  if field == 'user' then
    holder = value
  elseif string.sub(field, 1, 5) == 'node:' then
    latest = math.max(latest, tonumber(value))
    if field == node then
      mine = tonumber(value)
    elseif tonumber(value) <= now then
      past[#past + 1] = field
    end
  end
end
if holder ~= user then
  if latest > now then
    return 0
  end
  redis.call('DEL', key)
  latest, mine, past = 0, 0, {}
end
mine = math.max(mine, now + span)
redis.call('HSET', key, 'user', user, 'name', name, node, string.format('%.0f', mine))
if #past > 0 then
  redis.call('HDEL', key, unpack(past))
end
redis.call('PEXPIREAT', key, string.format('%.0f', math.max(mine, latest)))
return 1
