#!lua flags=no-writes
-- Whether a user has a nickname now, by the word of any node. Answers even while nothing can be written.
--
-- KEYS: the nickname. ARGV: the user.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local holds, held = false, false
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  if fields[i] == 'user' then
    holds = fields[i + 1] == ARGV[1]
  elseif string.sub(fields[i], 1, 5) == 'node:' and tonumber(fields[i + 1]) > now then
    held = true
  end
end
return holds and held and 1 or 0
