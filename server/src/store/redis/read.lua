#!lua flags=no-writes
-- Returns a piece of a room's log and its extent, from one snapshot.
--
-- KEYS: state, log, body. ARGV: the generation, the maximum number of messages, the kind of piece, and its
-- two numbers. Returns {'stale'}, or {'done', head, oldest, the seq of the first message, the last seq of the
-- whole piece, and for each message its time and its body}.
local state, log, bodies = unpack(KEYS)
local generation, most, piece = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local a, b = tonumber(ARGV[4]), tonumber(ARGV[5])
local MANY = 4000

local function whole(number)
  return string.format('%.0f', number)
end

local stood = redis.call('HMGET', state, 'head', 'oldest', 'generation')
local head, oldest = tonumber(stood[1] or 0), tonumber(stood[2] or 0)
if tonumber(stood[3] or 0) > generation then
  return {'stale'}
end

local function said_at(seq)
  local entry = redis.call('XRANGE', log, whole(seq) .. '-0', whole(seq) .. '-0')[1]
  return entry and tonumber(entry[2][4])
end

local first, last
if piece == 'between' then
  first, last = a + 1, b
elseif piece == 'latest' then
  last = math.min(a, head)
  first = last - b + 1
elseif piece == 'around' then
  first = math.max(math.min(math.max(a - math.floor(b / 2), 0), math.max(head + 1 - b, 0)), oldest)
  last = first + b - 1
else
  -- Times never decrease in a room, so a binary search finds one.
  first = math.max(oldest, 1)
  local beyond = head + 1
  while first < beyond do
    local middle = math.floor((first + beyond) / 2)
    local said = said_at(middle)
    if not said then
      return redis.error_reply('ERR the log lacks ' .. whole(middle))
    end
    if said >= a then
      beyond = middle
    else
      first = middle + 1
    end
  end
  last = first + b - 1
end
first, last = math.max(first, oldest, 1), math.min(last, head)

local answer = {'done', whole(head), whole(oldest), whole(first), whole(last)}
local upto = math.min(last, first + most - 1)
if upto < first then
  return answer
end
local entries = redis.call('XRANGE', log, whole(first) .. '-0', whole(upto) .. '-0')
for start = first, upto, MANY do
  local stop = math.min(start + MANY - 1, upto)
  local seqs = {}
  for seq = start, stop do
    seqs[#seqs + 1] = whole(seq)
  end
  local found = redis.call('HMGET', bodies, unpack(seqs))
  for i = 1, #seqs do
    local entry = entries[start - first + i]
    if not found[i] or not entry or entry[1] ~= seqs[i] .. '-0' then
      return redis.error_reply('ERR the log lacks ' .. seqs[i])
    end
    answer[#answer + 1] = entry[2][4]
    answer[#answer + 1] = found[i]
  end
end
return answer
