#!lua
-- Returns the login keys; the first caller creates them.
--
-- KEYS: the list. ARGV: fresh keys.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('RPUSH', KEYS[1], unpack(ARGV))
end
return redis.call('LRANGE', KEYS[1], 0, -1)
