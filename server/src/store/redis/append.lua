#!lua
-- Appends messages to a room's log in the given order: all of them, or none. It has no flags, so that Redis
-- refuses it before it starts while nothing can be written; every other check that can fail comes before the
-- first write.
--
-- KEYS: state, log, body, the ids of the previous window, and the ids of the current one. ARGV: epoch,
-- generation, retention limit (0: none), channel, window, window length, the maximum number of messages to
-- trim beyond those that make room; then for each message its author with its id, its digest, its body, and
-- its author's name. Returns {'stale'}, {'window', n}, or {'done'} and for each message {'new', seq, at},
-- {'known', seq, at, name} or {'reused'}.
local state, log, bodies, before, ids = unpack(KEYS)
local epoch, generation, retain, channel = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local window, length, extra = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local FIRST, WIDTH, MANY = 8, 4, 4000

local function whole(number)
  return string.format('%.0f', number)
end

-- Lua's unpack accepts only a few thousand values at once.
local function in_parts(command, key, list)
  for first = 1, #list, MANY do
    redis.call(command, key, unpack(list, first, math.min(first + MANY - 1, #list)))
  end
end

local stood = redis.call('HMGET', state, 'head', 'oldest', 'at', 'generation')
local head, oldest = tonumber(stood[1] or 0), tonumber(stood[2] or 0)
if tonumber(stood[4] or 0) > generation then
  return {'stale'}
end
local time = redis.call('TIME')
local at = math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(stood[3] or 0))
if math.floor(at / length) ~= window then
  return {'window', math.floor(at / length)}
end

local authors = {}
for i = FIRST, #ARGV, WIDTH do
  authors[#authors + 1] = ARGV[i]
end
local remembered = {}
for _, key in ipairs({before, ids}) do
  for first = 1, #authors, MANY do
    local last = math.min(first + MANY - 1, #authors)
    local found = redis.call('HMGET', key, unpack(authors, first, last))
    for i = first, last do
      remembered[authors[i]] = found[i - first + 1] or remembered[authors[i]]
    end
  end
end
-- Fails if the key has another type; XADD, the first write, checks its own key.
redis.call('HLEN', bodies)

local answers = {'done'}
local fresh, new_bodies, new_ids = {}, {}, {}
local seq = head
for i = FIRST, #ARGV, WIDTH do
  local author, digest, body, name = unpack(ARGV, i, i + WIDTH - 1)
  local was = remembered[author]
  if was then
    local was_seq, was_at, rest = string.match(was, '^(%d+) (%d+) (.*)$')
    if string.sub(rest, 1, #digest) == digest then
      answers[#answers + 1] = {'known', was_seq, was_at, string.sub(rest, #digest + 1)}
    else
      answers[#answers + 1] = {'reused'}
    end
  else
    seq = seq + 1
    fresh[#fresh + 1] = body
    new_bodies[#new_bodies + 1] = whole(seq)
    new_bodies[#new_bodies + 1] = body
    remembered[author] = whole(seq) .. ' ' .. whole(at) .. ' ' .. digest .. name
    new_ids[#new_ids + 1] = author
    new_ids[#new_ids + 1] = remembered[author]
    answers[#answers + 1] = {'new', whole(seq), whole(at)}
  end
end
if #fresh == 0 then
  return answers
end

if oldest == 0 then
  oldest = 1
end
local goes = retain > 0 and math.min(seq - retain, oldest - 1 + #fresh + extra) or 0
for i = 1, #fresh do
  redis.call('XADD', log, whole(head + i) .. '-0', 'kind', 'message', 'at', whole(at))
end
in_parts('HSET', bodies, new_bodies)
in_parts('HSET', ids, new_ids)
redis.call('PEXPIREAT', ids, whole((window + 2) * length))
if goes >= oldest then
  local gone = {}
  for trimmed = oldest, goes do
    gone[#gone + 1] = whole(trimmed)
  end
  in_parts('HDEL', bodies, gone)
  oldest = goes + 1
  redis.call('XTRIM', log, 'MINID', '=', whole(oldest) .. '-0')
end
redis.call('HSET', state, 'head', whole(seq), 'oldest', whole(oldest), 'at', whole(at), 'epoch', epoch,
  'generation', whole(generation))
for i = 1, #fresh do
  redis.call('PUBLISH', channel,
    'm' .. epoch .. ' ' .. whole(head + i) .. ' ' .. whole(at) .. ' ' .. fresh[i])
end
return answers
