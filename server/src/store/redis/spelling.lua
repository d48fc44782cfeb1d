#!lua
-- Renames rooms and upgrades the schema: moves the rooms' data of the older schema to the new names. Does
-- nothing if the schema has changed meanwhile, since another node has done it.
--
-- KEYS: meta, rooms, renamed. ARGV: the older schema, the newer one, the length of the id windows, and the
-- work as JSON: `rooms`, a list of {old name, new name, prefix of the old keys, prefix of the new ones}, and
-- `records`, a list of {hash, field, old value, new value}. Returns 1 if it was done, 0 if not.
local meta, rooms, renamed = KEYS[1], KEYS[2], KEYS[3]
local older, newer, length = ARGV[1], ARGV[2], tonumber(ARGV[3])
if redis.call('HGET', meta, 'schema') ~= older then
  return 0
end
local todo = cjson.decode(ARGV[4])
local time = redis.call('TIME')
local window = math.floor((time[1] * 1000 + math.floor(time[2] / 1000)) / length)
-- Tells a running node of the older version that its epoch has ended, so that it stores nothing here.
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
