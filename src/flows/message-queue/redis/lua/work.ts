import { RedisScript } from "../../../../kernel/redis/port.ts";
import { CHANGES, COMMON, LETTERS, OF_GROUP, ONCE } from "./common.ts";

const ONE_GROUP = `${COMMON}${CHANGES}${OF_GROUP}${ONCE}`;

/** Most bytes of messages, and of dead letters, in the answer to one lease, unless a single one is larger. */
const MOST_BYTES_LEASED = 4_000_000;

/**
 * Leases messages, no more than fit one answer. Takes group, most (-1: all), duration of the lease, token, maxAttempts. Returns the dead
 * letters of leases that had run out too often, and of each message id, attempt and body.
 */
export const LEASE = new RedisScript(`${ONE_GROUP}${LETTERS}
local MOST_BYTES = ${MOST_BYTES_LEASED}
local t, most, span, token, maxAttempts = time(), tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
allowAll()

-- Returns messages, which are leased from now on, and dead letters.
local function lend(died, ids, held, bodies)
  local leases, rows = {}, {}
  for i, id in ipairs(ids) do
    leases[2 * i - 1], leases[2 * i] = t + span, id
    rows[3 * i - 2], rows[3 * i - 1], rows[3 * i] = id, attemptsOf(held[i]), bodies[i]
  end
  many('ZADD', g.leased, leases)
  return {letters(g, died), rows}
end

-- Leased already: what of it is still with this token.
local before = answered()
if before then
  local ids, held = {}, {}
  local found = read('HMGET', g.held, before[2])
  for i, id in ipairs(before[2]) do
    if found[i] and string.match(found[i], ':(.*)$') == token then ids[#ids + 1], held[#held + 1] = id, found[i] end
  end
  return lend(before[1], ids, held, read('HMGET', g.body, ids))
end

-- What is due, and whose lease has run out, some thousands at a time: others use this server too.
local died, buried = {}, 0
local expired = call('ZRANGEBYSCORE', g.leased, '-inf', t, 'LIMIT', 0, 5000)
table.sort(expired)
local holds = read('HMGET', g.held, expired)
for i, id in ipairs(expired) do
  local attempts = attemptsOf(holds[i])
  if attempts < maxAttempts then putBack(g, id, attempts, 0)
  else
    buried = buried + call('HSTRLEN', g.body, id)
    if buried > MOST_BYTES and #died > 0 then break end
    bury(g, id, 'its lease ran out ' .. attempts .. ' times', t)
    died[#died + 1] = id
  end
end
-- Last, since a message that died may have made way for one that is already due.
local due = call('ZRANGEBYSCORE', g.delayed, '-inf', t, 'LIMIT', 0, 5000)
if #due > 0 then
  many('ZREM', g.delayed, due)
  for _, id in ipairs(due) do makeReady(g, id) end
end
local paused = call('HEXISTS', Q, 'paused:' .. g.name) == 1

local ids, bodies, bytes, full = {}, {}, 0, false
-- Takes a message in, unless the answer is full.
local function take(id, body)
  bytes = bytes + #body
  full = full or (bytes > MOST_BYTES and #ids > 0)
  if not full then ids[#ids + 1], bodies[#bodies + 1] = id, body end
  return not full
end
local ready = paused and {} or call('ZRANGE', g.ready, 0, most < 0 and -1 or most - 1)
-- A few at a time: what is read beyond a full answer is read in vain.
for i = 1, #ready, 16 do
  if full then break end
  local some = call('HMGET', g.body, unpack(ready, i, math.min(i + 15, #ready)))
  for j, body in ipairs(some) do take(ready[i + j - 1], body or '') end
end
local heads = #ids
if heads > 0 then many('ZREM', g.ready, ids) end
if ordered then
  -- Later messages of the same keys, as far as there is room.
  for i = 1, heads do
    local left = most < 0 and -1 or most - #ids
    if left == 0 or full then break end
    local key = keyOf(g, ids[i])
    if key then
      for _, id in ipairs(call('ZRANGEBYSCORE', chain(g, key), '(' .. ids[i], '+inf', 'LIMIT', 0, left)) do
        if call('SISMEMBER', active(g, key), id) == 1 or tonumber(call('HGET', g.at, id) or 0) > t then break end
        if not take(id, call('HGET', g.body, id) or '') then break end
        call('SADD', active(g, key), id)
        call('HDEL', g.at, id)
      end
    end
  end
end
local held, changes = read('HMGET', g.held, ids), {}
for i, id in ipairs(ids) do
  held[i] = attemptsOf(held[i]) + 1 .. ':' .. token
  changes[2 * i - 1], changes[2 * i] = id, held[i]
end
many('HSET', g.held, changes)
if #ids + #died > 0 then remember({died, ids}, math.max(1, math.ceil(span))) end
return lend(died, ids, held, bodies)
`);

/**
 * Settles outcomes. Takes group, token, then four lists, each after its length: acknowledged (id, attempt), again (id, attempt, delay), dead
 * (id, attempt, reason), released (id, attempt, delay or -1). Returns the ids that this token does not hold.
 */
export const SETTLE = new RedisScript(`${ONE_GROUP}
local before = answered()
if before then return before end
local t, token, at, lost = time(), ARGV[5], 6, {}
allowAll()
watch(g)
-- The next list, without what this token does not hold: ids, and of each the third field.
local function held(width)
  local ids, wanted, extras = {}, {}, {}
  local count = tonumber(ARGV[at])
  for i = 1, count do
    local from = at + 1 + (i - 1) * width
    ids[i], wanted[i], extras[i] = ARGV[from], ARGV[from + 1] .. ':' .. token, ARGV[from + 2]
  end
  at = at + 1 + count * width
  local found, mine, more = read('HMGET', g.held, ids), {}, {}
  for i, id in ipairs(ids) do
    if found[i] ~= wanted[i] then lost[#lost + 1] = id
    else mine[#mine + 1], more[#more + 1] = id, extras[i] end
  end
  return mine, more
end

local acknowledged = held(2)
local again, delays = held(3)
local dead, reasons = held(3)
local released, waits = held(3)
for i, id in ipairs(dead) do bury(g, id, reasons[i], t) end
forget(g, acknowledged, AT_WORK)
for i, id in ipairs(again) do
  local ends, key = t + tonumber(delays[i]), keyOf(g, id)
  noLongerHeld(g, id, attemptsOf(call('HGET', g.held, id)))
  -- It comes after the one before it, however soon its own time is.
  if key and firstOf(g, key) ~= id then stayBehind(g, id, key, ends) else call('ZADD', g.delayed, ends, id) end
end
for i, id in ipairs(released) do
  local wait = tonumber(waits[i])
  putBack(g, id, attemptsOf(call('HGET', g.held, id)) - 1, wait < 0 and 0 or t + wait)
end
ring(g)
remember(lost, 60000)
return lost
`);

/** Extends leases. Takes group, token, duration, then id and attempt of each. Returns the ids that this token does not hold. */
export const EXTEND_LEASES = new RedisScript(`${ONE_GROUP}
allowAll()
local ids, ends, lost = {}, time() + tonumber(ARGV[6]), {}
for i = 7, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local held, leases = read('HMGET', g.held, ids), {}
for i, id in ipairs(ids) do
  if held[i] == ARGV[6 + 2 * i] .. ':' .. ARGV[5] then
    leases[#leases + 1] = ends
    leases[#leases + 1] = id
  else lost[#lost + 1] = id end
end
many('ZADD', g.leased, leases)
return lost
`);
