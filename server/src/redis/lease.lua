#!lua flags=allow-oom
-- A node says that it is there. Gives whether it was taken to be there, which nodes are, and which of them had to be
-- struck off, for this node to clear away what they left. A full memory is no reason to be taken for gone, hence the
-- flag.
local nodes, node, lease = KEYS[1], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('ZSCORE', nodes, node) and 1 or 0
redis.call('ZADD', nodes, now + lease, node)
local gone = redis.call('ZRANGE', nodes, '-inf', '(' .. now, 'BYSCORE')
for _, other in ipairs(gone) do
  redis.call('ZREM', nodes, other)
end
return {known, redis.call('ZRANGE', nodes, 0, -1), gone}
