-- Returns the schema, the epoch and the generation. A server whose replication id differs from the stored one
-- may have lost the latest messages: then all logs start a new epoch.
local meta, fresh, schema = KEYS[1], ARGV[1], ARGV[2]
local stored = redis.call('HGET', meta, 'schema')
if stored and stored ~= schema then
  return {tonumber(stored), '', 0}
end
local info = redis.call('INFO', 'replication')
if string.match(info, 'role:(%w+)') ~= 'master' then
  return redis.error_reply('READONLY it is a replica, which keeps nothing of its own')
end
local replid = string.match(info, 'master_replid:(%w+)')
if redis.call('HGET', meta, 'replid') ~= replid then
  -- Larger than every earlier one, even if this server knows of none.
  local time = redis.call('TIME')
  local known = tonumber(redis.call('HGET', meta, 'generation') or 0)
  local generation = math.max(known + 1, time[1] * 1000 + math.floor(time[2] / 1000))
  redis.call('HSET', meta, 'schema', schema, 'replid', replid, 'epoch', fresh,
    'generation', string.format('%.0f', generation))
end
return {tonumber(schema), redis.call('HGET', meta, 'epoch'), tonumber(redis.call('HGET', meta, 'generation'))}
