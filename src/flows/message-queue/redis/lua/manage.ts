import { RedisScript } from "../../../../kernel/redis/port.ts";
import { CHANGES, COMMON, LETTERS, OF_GROUP, ONCE } from "./common.ts";

const ONE_GROUP = `${COMMON}${CHANGES}${OF_GROUP}${ONCE}`;

/** Version of the keys. */
export const LAYOUT = "1";

/**
 * Lays a queue out where there is none, and adds missing groups. Takes a mark for a new queue, order, agingMs, layout, then groups. Returns
 * the queue's mark.
 */
export const LAY_OUT = new RedisScript(`
local Q, call = KEYS[1], redis.call
local born, order, aging, layout = unpack(ARGV, 1, 4)
-- Before anything is written: others may have keys of these names.
local function check(name, wanted)
  local found = call('TYPE', Q .. ':' .. name).ok
  return found == 'none' or found == wanted
end
local fit = check('groups', 'zset') and check('bell', 'stream') and check('known', 'hash') and check('known:at', 'zset')
for i = 5, #ARGV do fit = fit and check('live:' .. ARGV[i], 'zset') end
if not fit then return redis.error_reply('WRONGTYPE key') end
local kind = call('TYPE', Q).ok
if kind == 'none' then call('HSET', Q, 'layout', layout, 'born', born, 'order', order, 'aging', aging, 'last', '0')
elseif kind ~= 'hash' then return redis.error_reply('FOREIGN key') end
local found = call('HMGET', Q, 'layout', 'born', 'order', 'aging')
if not found[1] or not found[2] then return redis.error_reply('FOREIGN key') end
if found[1] ~= layout then return redis.error_reply('LAYOUT ' .. found[1]) end
if found[3] ~= order then return redis.error_reply('ORDER ' .. found[3]) end
if found[4] ~= aging then return redis.error_reply('AGING ' .. found[4]) end
for i = 5, #ARGV do
  local newest = call('ZRANGE', Q .. ':groups', -1, -1, 'WITHSCORES')[2] or 0
  call('ZADD', Q .. ':groups', 'NX', newest + 1, ARGV[i])
end
return found[2]
`);

/** Deletes messages that are not at work. Takes group, then ids. Returns the ids of those deleted. */
export const REMOVE = new RedisScript(`${ONE_GROUP}
local before = answered()
if before then return before end
allowAll()
watch(g)
local removed = {}
for i = 5, #ARGV do
  local id = ARGV[i]
  if call('ZSCORE', g.live, id) and not call('ZSCORE', g.leased, id) then
    forget(g, {id}, WAITING)
    removed[#removed + 1] = id
  elseif exhume(g, id) then
    for _, kind in ipairs({'body', 'rank', 'key'}) do call('HDEL', g[kind], id) end
    removed[#removed + 1] = id
  end
end
ring(g)
remember(removed, 60000)
return removed
`);

/** Makes dead letters available again. Takes group, then ids, or none for all. Returns their number. */
export const REDRIVE = new RedisScript(`${ONE_GROUP}
local before = answered()
if before then return before end
allowAll()
watch(g)
local ids, count = ARGV[5] == 'all' and call('ZRANGE', g.dead, 0, -1) or {}, 0
for i = 6, #ARGV do ids[#ids + 1] = ARGV[i] end
-- Whether it may be the first of its key: none of the key is at work, and those sent later give way.
local function mayGoFirst(id, key)
  local first = firstOf(g, key)
  if first and first < id then return false end
  local others = call('SMEMBERS', active(g, key))
  for _, other in ipairs(others) do
    if call('ZSCORE', g.leased, other) then return false end
  end
  for _, other in ipairs(others) do
    local at = call('ZSCORE', g.delayed, other)
    if at then call('HSET', g.at, other, at) end
    call('ZREM', g.delayed, other)
    call('ZREM', g.ready, other)
    call('SREM', active(g, key), other)
  end
  return true
end
for _, id in ipairs(ids) do
  if exhume(g, id) then
    local key = keyOf(g, id)
    local first = not key or mayGoFirst(id, key)
    call('ZADD', g.live, id, id)
    if key then call('ZADD', chain(g, key), id, id) end
    if key and first then call('SADD', active(g, key), id) end
    if first then makeReady(g, id) end
    count = count + 1
  end
end
ring(g)
remember(count, 60000)
return count
`);

/** Pauses a group (1) or resumes it (0). Takes group and which. */
export const PAUSE = new RedisScript(`${ONE_GROUP}
allowAll()
if ARGV[5] == '1' then call('HSET', Q, 'paused:' .. g.name, 1)
else
  call('HDEL', Q, 'paused:' .. g.name)
  ring(g, true)
end
return 1
`);

/** Deletes a group with all it has. Takes group. */
export const DROP_GROUP = new RedisScript(`${ONE_GROUP}
for _, key in ipairs(call('HVALS', g.key)) do call('UNLINK', chain(g, key), active(g, key)) end
for _, kind in ipairs(KINDS) do call('UNLINK', g[kind]) end
call('HDEL', Q, 'paused:' .. g.name)
call('ZREM', Q .. ':groups', g.name)
return 1
`);

/** The names of all groups, each followed by the number of its live messages. */
export const SIZES = new RedisScript(`${COMMON}
local sizes = {}
for _, name in ipairs(call('ZRANGE', Q .. ':groups', 0, -1)) do
  sizes[#sizes + 1] = name
  sizes[#sizes + 1] = call('ZCARD', Q .. ':live:' .. name)
end
return sizes
`);

/** Takes group. Returns when something becomes available by time (-1: never), and the time. */
export const NEXT_AT = new RedisScript(`${COMMON}${OF_GROUP}
return {nextAt(g) or -1, time()}
`);

/** Takes group. Returns the numbers of ready, delayed, leased, live and dead messages, whether it is paused, when its oldest ready one was sent (-1: none), the time. */
export const SURVEY = new RedisScript(`${COMMON}${OF_GROUP}
-- The ready message with the lowest id: the first, where all have one rank; else the first of all that is ready.
local function oldest()
  local first, last = call('ZRANGE', g.ready, 0, 0, 'WITHSCORES'), call('ZRANGE', g.ready, -1, -1, 'WITHSCORES')
  if #first == 0 or first[2] == last[2] then return first[1] end
  for from = 0, math.huge, 500 do
    local ids = call('ZRANGE', g.live, from, from + 499)
    for i, rank in ipairs(call('ZMSCORE', g.ready, unpack(ids))) do
      if rank then return ids[i] end
    end
  end
end
local id = oldest()
local sent = id and string.match(call('HGET', g.body, id), '^%d+') or -1
return {call('ZCARD', g.ready), call('ZCARD', g.delayed), call('ZCARD', g.leased), call('ZCARD', g.live), call('ZCARD', g.dead),
  call('HEXISTS', Q, 'paused:' .. g.name), sent, time()}
`);

/** Takes group and id. Returns ready, delayed, leased, behind, dead, done or unknown. */
export const STATE_OF = new RedisScript(`${COMMON}${OF_GROUP}
for _, kind in ipairs({'ready', 'delayed', 'leased', 'dead'}) do
  if call('ZSCORE', g[kind], ARGV[5]) then return kind end
end
if call('ZSCORE', g.live, ARGV[5]) then return 'behind' end
return tonumber(ARGV[5]) <= tonumber(call('HGET', Q, 'last')) and 'done' or 'unknown'
`);

/**
 * Takes group, live states (JSON: ready, delayed, leased, behind), the id to begin after, and most. Looks through some thousands at a time.
 * Returns the last id looked at (empty: there are no more), and of each message id, state, attempts and body.
 */
export const LIST = new RedisScript(`${COMMON}${OF_GROUP}
local wanted, after, most, rows = {}, ARGV[6], tonumber(ARGV[7]), {}
for _, state in ipairs(cjson.decode(ARGV[5])) do wanted[state] = true end
for look = 1, 20 do
  local ids = call('ZRANGEBYSCORE', g.live, '(' .. after, '+inf', 'LIMIT', 0, 500)
  if #ids == 0 then return {'', rows} end
  local scores = {}
  for _, kind in ipairs({'ready', 'delayed', 'leased'}) do scores[kind] = call('ZMSCORE', g[kind], unpack(ids)) end
  for i, id in ipairs(ids) do
    local state = scores.ready[i] and 'ready' or scores.delayed[i] and 'delayed' or scores.leased[i] and 'leased' or 'behind'
    if wanted[state] then rows[#rows + 1] = {id, state, attemptsOf(call('HGET', g.held, id)), call('HGET', g.body, id)} end
    if #rows == most then return {'', rows} end
  end
  after = ids[#ids]
end
return {after, rows}
`);

/** Takes group, `died` or `sent` for the order, the id to begin after (for `sent`), and most (-1: all). Returns dead letters. */
export const DEAD_LETTERS = new RedisScript(`${COMMON}${OF_GROUP}${LETTERS}
if ARGV[5] == 'died' then return letters(g, call('ZRANGE', g.dead, 0, ARGV[7] == '-1' and -1 or ARGV[7] - 1)) end
return letters(g, call('ZRANGEBYSCORE', g.buried, '(' .. ARGV[6], '+inf', 'LIMIT', 0, ARGV[7]))
`);
