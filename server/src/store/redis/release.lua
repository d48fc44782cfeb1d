#!lua flags=allow-oom
-- Lets a user's nickname go by this node's word, after some milliseconds; at once, with no time left, by every node's. It
-- only ever makes less of what lies there, hence the flag.
--
-- KEYS: the nickname. ARGV: the user, this node's field, and the milliseconds.
local key, user, node, span = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
if redis.call('HGET', key, 'user') ~= user then
  return 0
end
if span <= 0 then
  return redis.call('DEL', key)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local latest = 0
local fields = redis.call('HGETALL', key)
for i = 1, #fields, 2 do
  local field, value = fields[i], tonumber(fields[i + 1])
  if string.sub(field, 1, 5) == 'node:' then
    if field == node and value > now + span then
      value = now + span
      redis.call('HSET', key, node, string.format('%.0f', value))
    end
    latest = math.max(latest, value)
  end
end
redis.call('PEXPIREAT', key, string.format('%.0f', latest))
return 1
