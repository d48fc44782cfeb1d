#!lua flags=allow-oom
-- Releases this node's claim to a nickname after some milliseconds; with no time left, the claims of all
-- nodes at once. It only ever reduces the stored data, hence the flag.
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
