#!lua
-- The keys of logins, of which the first one is made by whoever comes first.
--
-- KEYS: the list. ARGV: fresh keys.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('RPUSH', KEYS[1], unpack(ARGV))
end
return redis.call('LRANGE', KEYS[1], 0, -1)
