-- What a node left is cleared away. If it came back meanwhile, or somebody else was faster, what it has told since may be
-- gone too: then it is not known to be there any more, and tells all of it again when it says so the next time.
--
-- KEYS: the nodes, those that are gone. ARGV: the node.
if redis.call('ZREM', KEYS[2], ARGV[1]) == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
