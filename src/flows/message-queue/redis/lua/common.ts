/**
 * What the scripts of a queue have in common. Each is called with the queue's own key, and with ARGV:
 *
 *     1  the mark with which the queue was laid out      2  the time in milliseconds since 1970; empty: that of Redis
 *     3  the caller, whom the bell need not wake, and what identifies the call (see ONCE)     4… what the script takes
 *
 * Keys, each beginning with the queue's own (`lab-tui:queue:{NAME}`), which is a hash: layout, born, order, aging, last, paused:GROUP
 *
 *     groups     all groups, in the order of their making     known, known:at   idempotency keys: id, and when remembered
 *     bell       a stream with one entry: something has become available, or will sooner than was known
 *     answered:… the last answer to a caller, for a while
 *
 * and for each group, with the ids of messages as sixteen digits, so that equal scores are in the order of sending:
 *
 *     live       id → id, all that are not dead     ready    id → rank       delayed, leased   id → when that ends
 *     body       id → time sent, terms, value       held     id → "attempts:token", the token while it is leased
 *     rank       id → rank, where that is not 0     dead, buried   id → when it died, id → id      reason   id → why it died
 *
 *     notes, noted   see NOTE        bucket   for each bucket of the rate limit: tokens, and when there were so many
 *
 *   and where keys are kept in order:
 *
 *     key        id → its key                       at       id → when its delay ends, of one that is behind another
 *     chain      for each key: id → id, all its live messages          active   for each key: those of them that are not behind
 *
 * A message that is live and neither ready, delayed nor leased is behind another of its key (the states are those of `state.ts`).
 */
export const COMMON = `
local Q, call = KEYS[1], redis.call
local about = call('HMGET', Q, 'born', 'order')
if about[1] ~= ARGV[1] then return redis.error_reply((about[1] and 'REPLACED' or 'REMOVED') .. ' while open') end
local ordered = about[2] == 'key'
local caller, kind, serial = string.match(ARGV[3], '^(%S+) (%S+) (%d+)$')

local function time()
  if ARGV[2] ~= '' then return tonumber(ARGV[2]) end
  local t = call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local KINDS = {'live', 'ready', 'delayed', 'leased', 'body', 'held', 'rank', 'dead', 'buried', 'reason', 'key', 'at', 'notes', 'noted'}
local function keysOf(name)
  local g = {name = name}
  for _, kind in ipairs(KINDS) do g[kind] = Q .. ':' .. kind .. ':' .. name end
  return g
end

-- Calls a command of any number of values; unpack takes some thousands at a time.
local function many(command, key, values)
  for i = 1, #values, 4000 do call(command, key, unpack(values, i, math.min(i + 3999, #values))) end
end
local function read(command, key, fields)
  if #fields <= 4000 then return #fields == 0 and {} or call(command, key, unpack(fields)) end
  local all = {}
  for i = 1, #fields, 4000 do
    for _, value in ipairs(call(command, key, unpack(fields, i, math.min(i + 3999, #fields)))) do all[#all + 1] = value end
  end
  return all
end

local function chain(g, key) return Q .. ':chain:' .. #g.name .. ':' .. g.name .. ':' .. key end
local function active(g, key) return Q .. ':active:' .. #g.name .. ':' .. g.name .. ':' .. key end
-- The key by which a message is kept in order; false: none.
local function keyOf(g, id) return ordered and call('HGET', g.key, id) end
local function firstOf(g, key) return call('ZRANGE', chain(g, key), 0, 0)[1] end
local function attemptsOf(held) return held and tonumber(string.match(held, '^%d+')) or 0 end

-- When something becomes available by time; nil: never.
local function nextAt(g)
  local first
  for _, key in ipairs({g.delayed, g.leased}) do
    local at = tonumber(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
    if at and (not first or at < first) then first = at end
  end
  return first
end
`;

/** Changes of state, for scripts that make them. Not part of those that only read. */
export const CHANGES = `
-- A first write that a server whose memory is full allows, and after which it allows all others: a full queue can be emptied.
local function allowAll() call('DEL', Q .. ':touched') end

local function watch(g)
  g.waited, g.next = call('EXISTS', g.ready) == 1, nextAt(g)
  return g
end
-- Tells others that wait for messages, where one has become available, or will sooner than they know.
local function ring(g, always)
  local next = nextAt(g)
  local sooner = next and (not g.next or next < g.next)
  if always or sooner or (not g.waited and call('EXISTS', g.ready) == 1) then
    call('XADD', Q .. ':bell', 'MAXLEN', '1', '*', 'by', caller)
  end
end

local function makeReady(g, id) call('ZADD', g.ready, call('HGET', g.rank, id) or '0', id) end
local function available(g, id, at)
  if at > 0 then call('ZADD', g.delayed, at, id) else makeReady(g, id) end
end

-- Makes the first of a key available, where none of that key is.
local function promote(g, key)
  if not key or call('SCARD', active(g, key)) > 0 then return end
  local id = firstOf(g, key)
  if not id then return end
  call('SADD', active(g, key), id)
  local at = tonumber(call('HGET', g.at, id) or 0)
  if at > 0 then call('HDEL', g.at, id) end
  available(g, id, at)
end

local function stayBehind(g, id, key, at)
  call('SREM', active(g, key), id)
  if at > 0 then call('HSET', g.at, id, at) end
  promote(g, key)
end

local function noLongerHeld(g, id, attempts)
  call('ZREM', g.leased, id)
  if attempts > 0 then call('HSET', g.held, id, attempts .. ':') else call('HDEL', g.held, id) end
end

-- Returns a leased message to its group, available at a time if that is not 0.
local function putBack(g, id, attempts, at)
  noLongerHeld(g, id, attempts)
  local key = keyOf(g, id)
  if key and firstOf(g, key) ~= id then stayBehind(g, id, key, at) else available(g, id, at) end
end

local function leaveChain(g, id, key)
  if not key then return end
  call('ZREM', chain(g, key), id)
  call('SREM', active(g, key), id)
end

-- Deletes live messages, which are in one of some states.
local WAITING, AT_WORK = {'live', 'ready', 'delayed'}, {'live', 'leased'}
local function forget(g, ids, states)
  if #ids == 0 then return end
  local keys = ordered and read('HMGET', g.key, ids) or {}
  for _, kind in ipairs(states) do many('ZREM', g[kind], ids) end
  many('HDEL', g.body, ids)
  many('HDEL', g.held, ids)
  if call('EXISTS', g.rank) == 1 then many('HDEL', g.rank, ids) end
  if not ordered then return end
  many('HDEL', g.key, ids)
  many('HDEL', g.at, ids)
  for i, id in ipairs(ids) do leaveChain(g, id, keys[i]) end
  for _, key in ipairs(keys) do promote(g, key) end
end

-- Makes a leased message a dead letter.
local function bury(g, id, reason, t)
  local attempts, key = attemptsOf(call('HGET', g.held, id)), keyOf(g, id)
  noLongerHeld(g, id, attempts)
  call('ZREM', g.live, id)
  call('ZADD', g.dead, t, id)
  call('ZADD', g.buried, id, id)
  call('HSET', g.reason, id, reason)
  leaveChain(g, id, key)
  promote(g, key)
end

-- Deletes a dead letter, but for its body, rank and key; false: there is none.
local function exhume(g, id)
  if call('ZREM', g.dead, id) == 0 then return false end
  call('ZREM', g.buried, id)
  call('HDEL', g.reason, id)
  call('HDEL', g.held, id)
  return true
end
`;

/** For scripts that are sent again where their answer did not arrive: of one caller and kind a call has the same serial as the one before only then. */
export const ONCE = `
local memo = Q .. ':answered:' .. caller .. ':' .. kind
-- What was answered to this call when it was done; nil: it was not.
local function answered()
  local number, answer = string.match(call('GET', memo) or '', '^(%d+) (.*)$')
  return number == serial and cjson.decode(answer) or nil
end
local function remember(answer, ms) call('SET', memo, serial .. ' ' .. cjson.encode(answer), 'PX', ms) end
`;

/** Dead letters as they are returned: id, attempts, when they died, reason, body. */
export const LETTERS = `
local function letters(g, ids)
  local held, reasons, bodies = read('HMGET', g.held, ids), read('HMGET', g.reason, ids), read('HMGET', g.body, ids)
  local rows = {}
  for i, id in ipairs(ids) do
    rows[i] = {id, attemptsOf(held[i]), call('ZSCORE', g.dead, id), reasons[i], bodies[i]}
  end
  return rows
end
`;

/** For scripts of one group, which is ARGV[4]. */
export const OF_GROUP = `
if not call('ZSCORE', Q .. ':groups', ARGV[4]) then return redis.error_reply('NOGROUP of this name') end
local g = keysOf(ARGV[4])
`;
