"""The steps that must be whole or not at all, as Lua that the server runs: nobody sees anything in between.

Keys of one storage, all with the hash tag `{prefix}`, so that on a cluster they lie on one node:

    {prefix}:video:<key>      hash: what is known of a video, with the video's own TTL
    {prefix}:bytes:<gen>:<n>  its bytes in pieces; `gen` is new with each store, so nothing is ever overwritten
    {prefix}:books            hash: key → what is needed to take a video out of the indexes once Redis expired it
    {prefix}:time, :end       sorted sets: key by the microsecond it was stored, and by that of its end
    {prefix}:tag:<tag>        set of keys; {prefix}:tags  hash: tag → videos
    {prefix}:coming:<key>     set: the generations that are on their way to a key the caller chose, as long as they are
    {prefix}:figures          hash: data (bytes of videos), used (with all else); gone when all is cleared

Each step first removes what has ended, so that no index shows it; some of it, as Redis does nothing else meanwhile, and
COUNT is asked until nothing is left of it. The server's clock is everybody's clock. Each step's first write is one that
a full server refuses, or one that frees memory: none ends half-way for want of memory.
"""

from __future__ import annotations

_COMMON = """
local books = KEYS[1]
local p = string.sub(books, 1, -6)

local function text(number) return string.format('%.0f', number) end

local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000000 + t[2]
end

local function pieces(gen, count, act, ...)
  local done = 0
  for from = 0, count - 1, 500 do
    local names = {}
    for n = from, math.min(from + 499, count - 1) do names[#names + 1] = p .. 'bytes:' .. gen .. ':' .. n end
    done = done + redis.call(act, unpack(names))
  end
  return done
end

local function tag(key, tags)
  for _, one in ipairs(tags) do
    redis.call('SADD', p .. 'tag:' .. one, key)
    redis.call('HINCRBY', p .. 'tags', one, 1)
  end
end

local function untag(key, tags)
  for _, one in ipairs(tags) do
    redis.call('SREM', p .. 'tag:' .. one, key)
    if redis.call('HINCRBY', p .. 'tags', one, -1) <= 0 then redis.call('HDEL', p .. 'tags', one) end
  end
end

local function take(key)
  redis.call('ZREM', p .. 'time', key)
  redis.call('ZREM', p .. 'end', key)
  local book = redis.call('HGET', books, key)
  if not book then return 0 end
  local b = cjson.decode(book)
  redis.call('HDEL', books, key)
  untag(key, b.tags)
  redis.call('HINCRBY', p .. 'figures', 'data', text(-b.size))
  redis.call('HINCRBY', p .. 'figures', 'used', text(-b.cost))
  redis.call('UNLINK', p .. 'video:' .. key)
  pieces(b.gen, b.pieces, 'UNLINK')
  return 1
end

local function sweep(at)
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', p .. 'end', '-inf', text(at), 'LIMIT', 0, 500)) do take(key) end
end

local function has_ended(key, at)
  local ends = redis.call('ZSCORE', p .. 'end', key)
  return ends and tonumber(ends) <= at
end

local SECOND = 1000000

local function first_but(spared, from)
  local oldest = redis.call('ZRANGEBYSCORE', p .. 'time', from, '+inf', 'LIMIT', 0, 2)
  if oldest[1] == spared then return oldest[2] end
  return oldest[1]
end

-- What has ended goes first. What is stamped later than now came before the clock was set back, so it is older than
-- what came since.
local function make_room(now, coming, most, spared)
  while tonumber(redis.call('HGET', p .. 'figures', 'used') or 0) + coming > most do
    local ended = redis.call('ZRANGEBYSCORE', p .. 'end', '-inf', text(now), 'LIMIT', 0, 1)
    local first = ended[1] or first_but(spared, text(now + SECOND)) or first_but(spared, '-inf')
    if not first then return end
    take(first)
  end
end

local function newest()
  return tonumber(redis.call('ZREVRANGE', p .. 'time', 0, 0, 'WITHSCORES')[2] or 0)
end

-- An instant that no other video has. A clock that is set back a little leaves the order as it is; one that is set back
-- further is believed, as otherwise nothing would end in time until it is there again.
local function instant(now)
  local at, last = now, newest()
  if at <= last and last < at + SECOND then at = last + 1 end
  while redis.call('ZCOUNT', p .. 'time', text(at), text(at)) > 0 do at = at + 1 end
  return at
end
"""

# key, gen, pieces, ttl or '', size, cost, most, book, then names and values of the video's hash.
# Answers when it was stored; 0: not all pieces are there any more. Asked again with the same gen it changes nothing.
PUBLISH = (
    _COMMON
    + """
local key, gen, count, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local size, cost, most, book = ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
local video, now = p .. 'video:' .. key, clock()
if redis.call('HGET', video, 'gen') == gen then return redis.call('HGET', video, 'at') end
if pieces(gen, count, 'EXISTS') < count then return '0' end
sweep(now)
take(key)
make_room(now, tonumber(cost), most, '')
local at = instant(now)
local ends = ''
if ttl ~= '' then ends = text(at + ttl) end
redis.call('HSET', video, 'gen', gen, 'rev', 1, 'at', text(at), 'updated', text(at), 'ends', ends, unpack(ARGV, 9))
redis.call('HSET', books, key, book)
redis.call('HINCRBY', p .. 'figures', 'data', size)
redis.call('HINCRBY', p .. 'figures', 'used', cost)
redis.call('SREM', p .. 'coming:' .. key, gen)
redis.call('ZADD', p .. 'time', text(at), key)
tag(key, cjson.decode(book).tags)
local ends_ms = ttl ~= '' and text(math.ceil((at + ttl) / 1000))
for n = 0, count - 1 do
  local name = p .. 'bytes:' .. gen .. ':' .. n
  if ends_ms then redis.call('PEXPIREAT', name, ends_ms) else redis.call('PERSIST', name) end
end
if ends_ms then
  redis.call('ZADD', p .. 'end', ends, key)
  redis.call('PEXPIREAT', video, ends_ms)
end
return text(at)
"""
)

# key, gen, rev, cost, most, book, fields, tags. Answers 0 when the video has become another meanwhile.
UPDATE = (
    _COMMON
    + """
local key, cost, book = ARGV[1], tonumber(ARGV[4]), ARGV[6]
local video, now = p .. 'video:' .. key, clock()
sweep(now)
local is = redis.call('HMGET', video, 'gen', 'rev', 'updated')
if is[1] ~= ARGV[2] or is[2] ~= ARGV[3] or has_ended(key, now) then return 0 end
local before = cjson.decode(redis.call('HGET', books, key))
local updated = text(math.max(now, is[3] + 1))
redis.call('HSET', video, 'rev', is[2] + 1, 'updated', updated, 'fields', ARGV[7], 'tags', ARGV[8])
redis.call('HSET', books, key, book)
untag(key, before.tags)
tag(key, cjson.decode(book).tags)
redis.call('HINCRBY', p .. 'figures', 'used', text(cost - before.cost))
make_room(now, 0, tonumber(ARGV[5]), key)
return 1
"""
)

# key, names of the hash, of which the first is always there. Answers the values.
LOOK = (
    _COMMON
    + """
local key, now = ARGV[1], clock()
sweep(now)
local found = redis.call('HMGET', p .. 'video:' .. key, unpack(ARGV, 2))
if not found[1] or has_ended(key, now) then
  if redis.call('HEXISTS', books, key) == 1 then take(key) end
  return false
end
return found
"""
)

# keys. Takes out of the indexes what Redis has lost, as where it evicts by itself.
FORGET_LOST = (
    _COMMON
    + """
for _, key in ipairs(ARGV) do
  if redis.call('EXISTS', p .. 'video:' .. key) == 0 then take(key) end
end
return 0
"""
)

DELETE = (
    _COMMON
    + """
local now = clock()
sweep(now)
local ended = has_ended(ARGV[1], now)
local taken = take(ARGV[1])
return ended and 0 or taken
"""
)

# until. Some of what was stored until then; answers how many are left of it.
CLEAR = (
    _COMMON
    + """
for _, key in ipairs(redis.call('ZRANGEBYSCORE', p .. 'time', '-inf', ARGV[1], 'LIMIT', 0, 200)) do take(key) end
if redis.call('EXISTS', p .. 'time') == 0 then redis.call('DEL', p .. 'figures') end
return redis.call('ZCOUNT', p .. 'time', '-inf', ARGV[1])
"""
)

# Answers the instant, how many there are, data, used, the instant of the newest, and how many of them have ended.
COUNT = (
    _COMMON
    + """
local now = clock()
sweep(now)
local figures = redis.call('HMGET', p .. 'figures', 'data', 'used')
return {text(now), redis.call('ZCARD', p .. 'time'), figures[1] or '0', figures[2] or '0', text(newest()),
  redis.call('ZCOUNT', p .. 'end', '-inf', text(now))}
"""
)

# gen, pieces, milliseconds. Lets pieces that nobody published yet live on; answers how many there are.
RENEW = (
    _COMMON
    + """
local there = 0
for n = 0, tonumber(ARGV[2]) - 1 do
  there = there + redis.call('PEXPIRE', p .. 'bytes:' .. ARGV[1] .. ':' .. n, ARGV[3])
end
return there
"""
)

# key, gen, milliseconds. Notes what begins to come, so that what never becomes whole can be found.
BEGIN = (
    _COMMON
    + """
local coming = p .. 'coming:' .. ARGV[1]
redis.call('SADD', coming, ARGV[2])
return redis.call('PEXPIRE', coming, ARGV[3])
"""
)

# key. Removes what other stores of this key have written and not made it.
DROP_UNFINISHED = (
    _COMMON
    + """
local coming, dropped = p .. 'coming:' .. ARGV[1], 0
local is = redis.call('HGET', p .. 'video:' .. ARGV[1], 'gen')
for _, gen in ipairs(redis.call('SMEMBERS', coming)) do
  local n = 0
  while gen ~= is and redis.call('UNLINK', p .. 'bytes:' .. gen .. ':' .. n) == 1 do n = n + 1 end
  dropped = dropped + n
end
redis.call('UNLINK', coming)
return dropped
"""
)

# key, gen, pieces. Removes what was written, unless it did become the video although no answer came.
ABANDON = (
    _COMMON
    + """
if redis.call('HGET', p .. 'video:' .. ARGV[1], 'gen') == ARGV[2] then return 0 end
redis.call('SREM', p .. 'coming:' .. ARGV[1], ARGV[2])
return pieces(ARGV[2], tonumber(ARGV[3]), 'UNLINK')
"""
)
