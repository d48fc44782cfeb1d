#!lua
-- Gives rooms other names: what was kept of them in an older schema lies under the new ones then, and the schema is the
-- newer one. Nothing is done if the schema was changed meanwhile: another node did it.
--
-- KEYS: meta, rooms, renamed.
-- ARGV: the older schema, the newer one, how long the windows of ids are, what is to be done as JSON: `rooms`, a list of
-- {old name, new name, prefix of the old keys, prefix of the new ones}, and `records`, a list of {hash, field, the value as
-- it was, the new value}.
-- Gives 1 if it was done, 0 if not.
local meta, rooms, renamed = KEYS[1], KEYS[2], KEYS[3]
local older, newer, length = ARGV[1], ARGV[2], tonumber(ARGV[3])
if redis.call('HGET', meta, 'schema') ~= older then
  return 0
end
local todo = cjson.decode(ARGV[4])
local time = redis.call('TIME')
local window = math.floor((time[1] * 1000 + math.floor(time[2] / 1000)) / length)
-- A node of the older version that still runs is told that its logs have ended, so that it keeps nothing here.
local NEVER = '9007199254740991'
for _, room in ipairs(todo.rooms) do
  local old, new, from, to = unpack(room)
  local parts = {'state', 'log', 'body'}
  for ids = window - 2, window + 1 do
    parts[#parts + 1] = 'ids:' .. string.format('%.0f', ids)
  end
  for _, part in ipairs(parts) do
    if redis.call('EXISTS', from .. part) == 1 then
      redis.call('RENAME', from .. part, to .. part)
    end
  end
  redis.call('DEL', from .. 'members')
  redis.call('HSET', from .. 'state', 'generation', NEVER)
  redis.call('PEXPIRE', from .. 'state', 2 * length)
  redis.call('SREM', rooms, old)
  redis.call('SADD', rooms, new)
  redis.call('HSET', renamed, old, new)
end
for _, record in ipairs(todo.records) do
  local hash, field, was, value = unpack(record)
  if redis.call('HGET', hash, field) == was then
    redis.call('HSET', hash, field, value)
  end
end
redis.call('HSET', meta, 'schema', newer)
return 1
