#!lua
-- The keys of logins, of which the first one is made by whoever comes first.
--
-- KEYS: the list. ARGV: a fresh key.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('RPUSH', KEYS[1], ARGV[1])
end
return redis.call('LRANGE', KEYS[1], 0, -1)
