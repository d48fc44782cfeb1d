-- Removes a cleared node from the list of gone nodes. If the node came back meanwhile, or another node
-- cleared it first, data it published since may be gone too: then it is removed from the live nodes, and
-- publishes everything again at its next heartbeat.
--
-- KEYS: live nodes, gone nodes. ARGV: the node.
if redis.call('ZREM', KEYS[2], ARGV[1]) == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
