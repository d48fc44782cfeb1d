#!lua flags=allow-oom
-- Renews a node's lease. Returns whether the node was considered live, the live nodes, and the gone nodes
-- whose data this node must clear. Gone nodes stay in the list until that is done. A full memory must not
-- make a node count as gone, hence the flag.
--
-- KEYS: live nodes, gone nodes. ARGV: the node, and the lease in milliseconds.
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
