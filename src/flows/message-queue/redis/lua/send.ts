import { RedisScript } from "../../../../kernel/redis/port.ts";
import { CHANGES, COMMON, ONCE } from "./common.ts";

/**
 * Adds messages to all groups, or none: looks at everything first. Takes capacity (empty: none), rememberMs, agingMs, the highest id that the
 * caller knows of, then each message's terms (empty, or JSON: key, priority, delay, idempotency key, replace) and value. Returns the group
 * that has no room, or what id was the last where the caller knows of a higher one (else -1), and the ids; those of duplicates negative.
 */
export const SEND = new RedisScript(`${COMMON}${CHANGES}${ONCE}
local before = answered()
if before then return before end
local t, rememberMs, aging = time(), tonumber(ARGV[5]), tonumber(ARGV[6])
-- Where this server has lost what it had acknowledged, no id is given twice.
local kept, known = tonumber(call('HGET', Q, 'last')), tonumber(ARGV[7])
local last, lost = math.max(kept, known), kept < known and kept or -1
local groups = {}
for i, name in ipairs(call('ZRANGE', Q .. ':groups', 0, -1)) do groups[i] = watch(keysOf(name)) end
local function idOf(number) return string.format('%016.0f', number) end

local sent = {}
local function remembered(idem)
  if sent[idem] then return sent[idem] end
  local at = call('ZSCORE', Q .. ':known:at', idem)
  if at and tonumber(at) > t - rememberMs then return tonumber(call('HGET', Q .. ':known', idem)) end
end
-- Nobody has begun it.
local function untouched(g, number)
  if number > last then return true end
  local id = idOf(number)
  return call('ZSCORE', g.live, id) and not call('HGET', g.held, id)
end

-- What is to be added, in the order of ids, and where in ARGV it is.
local PLAIN = {key = false, priority = 0, delay = 0}
local messages, places, receipts, added = {}, {}, {}, 0
for i = 8, #ARGV, 2 do
  local m = PLAIN
  if ARGV[i] ~= '' then
    local key, priority, delay, idem, replace = unpack(cjson.decode(ARGV[i]))
    m = {key = ordered and key ~= cjson.null and key, priority = priority, delay = delay, idem = idem ~= cjson.null and idem or nil}
    local before = m.idem and remembered(m.idem)
    if before and replace == 0 then m.duplicate = before end
    if before and replace == 1 then
      m.replaces = {}
      for _, g in ipairs(groups) do
        if untouched(g, before) then
          g.freed = (g.freed or 0) + 1
          m.replaces[#m.replaces + 1] = {g, idOf(before)}
        end
      end
    end
  end
  if m.duplicate then receipts[#receipts + 1] = -m.duplicate
  else
    added = added + 1
    messages[added], places[added], receipts[#receipts + 1] = m, i, last + added
    if m.idem then sent[m.idem] = last + added end
  end
end
if added == 0 then return {lost, receipts} end

if ARGV[4] ~= '' then
  local fullest, most
  for _, g in ipairs(groups) do
    local size = call('ZCARD', g.live) + added - (g.freed or 0)
    if not most or size > most then fullest, most = g.name, size end
  end
  if most and most > tonumber(ARGV[4]) then return fullest end
end

-- The first write: a server whose memory is full refuses it, and nothing is done.
call('HSET', Q, 'last', string.format('%.0f', last + added))
local old = call('ZRANGEBYSCORE', Q .. ':known:at', '-inf', t - rememberMs, 'LIMIT', 0, 1000)
if #old > 0 then
  many('ZREM', Q .. ':known:at', old)
  many('HDEL', Q .. ':known', old)
end

-- What is new of each group is gathered into lists of names and values.
local COMMANDS = {live = 'ZADD', ready = 'ZADD', delayed = 'ZADD', body = 'HSET', rank = 'HSET'}
local function flush()
  for _, g in ipairs(groups) do
    for kind, command in pairs(COMMANDS) do
      if g.new then many(command, g[kind], g.new[kind]) end
    end
    g.new = {live = {}, ready = {}, delayed = {}, body = {}, rank = {}}
  end
end
local function push(list, name, value)
  local n = #list
  list[n + 1], list[n + 2] = name, value
end
local function insert(g, m, id, body)
  local at = m.delay > 0 and t + m.delay or 0
  local rank = aging == 0 and 0 - m.priority or t - m.priority * aging
  push(g.new.live, id, id)
  push(g.new.body, id, body)
  if rank ~= 0 then push(g.new.rank, id, rank) end
  if m.key then
    local behind = call('EXISTS', chain(g, m.key)) == 1
    call('HSET', g.key, id, m.key)
    call('ZADD', chain(g, m.key), id, id)
    if behind then
      if at > 0 then call('HSET', g.at, id, at) end
      return
    end
    call('SADD', active(g, m.key), id)
  end
  if at > 0 then push(g.new.delayed, at, id) else push(g.new.ready, rank, id) end
end

flush()
for n, m in ipairs(messages) do
  if m.replaces then
    flush()
    for _, each in ipairs(m.replaces) do forget(each[1], {each[2]}, WAITING) end
  end
  if m.idem then
    call('ZADD', Q .. ':known:at', t, m.idem)
    call('HSET', Q .. ':known', m.idem, last + n)
  end
  local id, body = idOf(last + n), t .. '\\n' .. ARGV[places[n]] .. '\\n' .. ARGV[places[n] + 1]
  for _, g in ipairs(groups) do insert(g, m, id, body) end
end
flush()
for _, g in ipairs(groups) do ring(g) end
remember({lost, receipts}, 60000)
return {lost, receipts}
`);
