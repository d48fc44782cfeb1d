#!lua flags=allow-oom
-- A node says that it is there. Gives whether it was taken to be there, which nodes are, and which are gone, for this node
-- to clear away what they left. Those stay in the list of who is gone until that is done. A full memory is no
-- reason to be taken for gone, hence the flag.
--
-- KEYS: the nodes, those that are gone. ARGV: the node, and for how many milliseconds it is taken to be there.
local nodes, gone, node, lease = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('ZSCORE', nodes, node) and 1 or 0
redis.call('ZADD', nodes, now + lease, node)
redis.call('ZREM', gone, node)
for _, other in ipairs(redis.call('ZRANGE', nodes, '-inf', '(' .. now, 'BYSCORE')) do
  redis.call('ZREM', nodes, other)
  redis.call('ZADD', gone, now, other)
end
return {known, redis.call('ZRANGE', nodes, 0, -1), redis.call('ZRANGE', gone, '-inf', now, 'BYSCORE')}
