import { RedisScript } from "../../../kernel/redis/port.ts";

/**
 * The steps of a run in Redis, each of them whole or not at all. KEYS[1] is the prefix of the run's keys, `lab-tui:{RUN}:`; the braces keep
 * them all in one slot of a cluster.
 *
 *     plan          JSON; its absence means that the run is gone
 *     closed        exists once nothing is committed any more
 *     items:P       stream of partition P: `N-0` is its N-th item, in tape order
 *     part:P        hash: state (r: ready, l: leased; absent: empty), added, token, last, version: the token of the last commit
 *     states:P      hash: name of a machine → JSON of its state
 *     ready         list of the partitions that wait for a worker, the one that waits longest first
 *     leases        sorted set of leased partitions by the instant at which they may be taken over, in milliseconds of Redis
 *     bell          list that waiting workers block on
 *     dropped       number of the last DROP, a colon, what it replied
 *     results       stream of batch records
 *
 * These are for items that keep the order of their partition, which one worker has at a time; see `unordered-scripts.ts` for the others.
 */

/** Most rings that are kept for workers that are about to wait. */
const RINGS = 64;

/** Seconds after which the keys of a run are gone whose runner gives no sign of life. */
export const LIFE = 120;

/** Keys that are emptied and made again lose their expiry with that. */
export const READY_LUA = `
local function ready(P, p, where)
  redis.call(where, P..'ready', p)
  redis.call('EXPIRE', P..'ready', ${LIFE})
end
local function ring(P)
  redis.call('LPUSH', P..'bell', '1')
  redis.call('LTRIM', P..'bell', 0, ${RINGS - 1})
  redis.call('EXPIRE', P..'bell', ${LIFE})
end
`;

/**
 * Takes a partition whose lease ran out, with all that its holder had, or the one that is ready for longest, with its first items.
 * Replies: partition, 1 if taken over, version of its states, its items' texts by lines; or `false` and milliseconds to the next expiry.
 */
const TAKE_FUNCTION = `
local function take(P, size, claimAfter, token)
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  local claimed, p, entries = 0, nil, nil
  local due = redis.call('ZRANGEBYSCORE', P..'leases', '-inf', now, 'LIMIT', 0, 1)
  if due[1] then
    p = due[1]
    claimed = 1
    entries = redis.call('XRANGE', P..'items:'..p, '-', redis.call('HGET', P..'part:'..p, 'last')..'-0')
    if #entries == 0 then
      redis.call('ZREM', P..'leases', p)
      redis.call('HSET', P..'part:'..p, 'state', 'r')
      ready(P, p, 'RPUSH')
      p = nil
      claimed = 0
    end
  end
  while not p do
    p = redis.call('LPOP', P..'ready')
    if not p then
      local first = redis.call('ZRANGE', P..'leases', 0, 0, 'WITHSCORES')
      if not first[1] then return {false, -1} end
      return {false, math.max(1, first[2] - now)}
    end
    entries = redis.call('XRANGE', P..'items:'..p, '-', '+', 'COUNT', size)
    if #entries == 0 then
      redis.call('HDEL', P..'part:'..p, 'state')
      p = nil
    end
  end
  local last = entries[#entries][1]
  redis.call('HSET', P..'part:'..p, 'state', 'l', 'token', token, 'last', string.sub(last, 1, string.find(last, '-', 1, true) - 1))
  redis.call('ZADD', P..'leases', now + claimAfter, p)
  redis.call('EXPIRE', P..'leases', ${LIFE})
  local texts = {}
  for i = 1, #entries do texts[i] = entries[i][2][2] end
  return {p, claimed, redis.call('HGET', P..'part:'..p, 'version') or '', table.concat(texts, '\\n')}
end
`;

/**
 * Appends items: for each partition, its number, the number of the first item, how many, and their texts, each with a line end; an empty
 * text stands for an item that was dropped. Items that are there already are left: sending twice adds nothing. Replies how many were added; GAP where items before
 * them are missing.
 */
export const ADD = new RedisScript(`${READY_LUA}
local P = KEYS[1]
if redis.call('EXISTS', P..'plan') == 0 then return redis.error_reply('GONE the run is gone') end
local appended = 0
for i = 1, #ARGV, 4 do
  local p, first, count = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local part, stream = P..'part:'..p, P..'items:'..p
  local found = redis.call('HMGET', part, 'added', 'state')
  local added = tonumber(found[1] or '0')
  local last = first + count - 1
  if first > added + 1 then return redis.error_reply('GAP '..p..' '..string.format('%.0f', added)) end
  local n = first
  for text in string.gmatch(ARGV[i + 3], '([^\\n]*)\\n') do
    local id = string.format('%.0f', n)..'-0'
    if text == '' then
      if n <= added then redis.call('XDEL', stream, id) end
    elseif n > added then
      redis.call('XADD', stream, id, 'm', text)
      appended = appended + 1
    end
    n = n + 1
  end
  if last > added then
    if found[2] then
      redis.call('HSET', part, 'added', string.format('%.0f', last))
    else
      redis.call('HSET', part, 'added', string.format('%.0f', last), 'state', 'r')
      ready(P, p, 'RPUSH')
      ring(P)
    end
    if added == 0 then
      redis.call('EXPIRE', part, ${LIFE})
      redis.call('EXPIRE', stream, ${LIFE})
    end
  end
end
return appended
`);

/** ARGV: most items, milliseconds of the lease, its token. Replies OVER once the run is closed or gone. */
export const TAKE = new RedisScript(`${READY_LUA}${TAKE_FUNCTION}
local P = KEYS[1]
if redis.call('EXISTS', P..'closed') == 1 or redis.call('EXISTS', P..'plan') == 0 then return 'OVER' end
return take(P, tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3])
`);

/**
 * Commits a batch, if the lease is still that of its token: states, acknowledgement and record in one. Then takes the next batch, if a token
 * for it is given. ARGV: partition, token, record, most items, milliseconds of the next lease, its token or '', then names and states in
 * turn. Replies REFUSED or OVER, or what TAKE replies. Asked again after a reply that was lost, it takes nothing: what it took then is
 * taken over once its lease runs out.
 */
export const COMMIT = new RedisScript(`${READY_LUA}${TAKE_FUNCTION}
local P, p = KEYS[1], ARGV[1]
if redis.call('EXISTS', P..'closed') == 1 or redis.call('EXISTS', P..'plan') == 0 then return 'OVER' end
local part, stream = P..'part:'..p, P..'items:'..p
local held = redis.call('HMGET', part, 'state', 'token', 'last', 'version')
if held[1] ~= 'l' or held[2] ~= ARGV[2] then
  if held[4] ~= ARGV[2] then return 'REFUSED' end
  return ARGV[6] == '' and {} or {false, -1}
end
for i = 7, #ARGV, 2 do redis.call('HSET', P..'states:'..p, ARGV[i], ARGV[i + 1]) end
redis.call('XTRIM', stream, 'MINID', string.format('%.0f', held[3] + 1)..'-0')
-- No number: after a restart that lost commits it would come again for other states.
redis.call('HSET', part, 'version', ARGV[2])
redis.call('HDEL', part, 'token', 'last')
redis.call('ZREM', P..'leases', p)
redis.call('XADD', P..'results', '*', 'r', ARGV[3])
redis.call('EXPIRE', P..'states:'..p, ${LIFE})
redis.call('EXPIRE', P..'results', ${LIFE})
if redis.call('XLEN', stream) > 0 then
  redis.call('HSET', part, 'state', 'r')
  ready(P, p, 'RPUSH')
  if ARGV[6] == '' then ring(P) end
else
  redis.call('HDEL', part, 'state')
end
if ARGV[6] == '' then return {} end
return take(P, tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6])
`);

/** Gives a batch back that was taken and not begun. ARGV: partition, token. */
export const RETURN = new RedisScript(`${READY_LUA}
local P, p = KEYS[1], ARGV[1]
local held = redis.call('HMGET', P..'part:'..p, 'state', 'token')
if held[1] ~= 'l' or held[2] ~= ARGV[2] then return 0 end
redis.call('HDEL', P..'part:'..p, 'token', 'last')
redis.call('HSET', P..'part:'..p, 'state', 'r')
redis.call('ZREM', P..'leases', p)
ready(P, p, 'LPUSH')
ring(P)
return 1
`);

/** Prolongs leases. ARGV: milliseconds, then partition and token in turn. Replies how many were still held. */
export const EXTEND = new RedisScript(`
local P = KEYS[1]
local t = redis.call('TIME')
local upto = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[1]
local held = 0
for i = 2, #ARGV, 2 do
  local found = redis.call('HMGET', P..'part:'..ARGV[i], 'state', 'token')
  if found[1] == 'l' and found[2] == ARGV[i + 1] then
    redis.call('ZADD', P..'leases', upto, ARGV[i])
    held = held + 1
  end
end
return held
`);

/**
 * Removes items that no worker has. ARGV: number of this call, how many at most, then partition and number of the candidates in turn, the
 * oldest first. Replies the indices of the removed candidates, from 0, by commas; asked again with the same number, the same, and does
 * nothing after a call with a later one.
 */
export const DROP = dropScript(`
local function isTaken(P, p, number)
  local found = redis.call('HMGET', P..'part:'..p, 'state', 'last')
  return found[1] == 'l' and number <= tonumber(found[2])
end
`);

/** `isTaken`: the Lua function of that name, of the prefix, a partition, and the number of an item. */
export function dropScript(isTaken: string): RedisScript {
  return new RedisScript(`${isTaken}
local P, call, need = KEYS[1], ARGV[1], tonumber(ARGV[2])
local last, answer = string.match(redis.call('GET', P..'dropped') or '', '^(%d+):(.*)$')
if last == call then return answer end
-- Late, over a connection that broke: nobody would hear what it dropped.
if last and tonumber(last) > tonumber(call) then return '' end
local dropped = {}
for i = 3, #ARGV, 2 do
  if #dropped == need then break end
  local free = not isTaken(P, ARGV[i], tonumber(ARGV[i + 1]))
  if free and redis.call('XDEL', P..'items:'..ARGV[i], ARGV[i + 1]..'-0') == 1 then dropped[#dropped + 1] = string.format('%.0f', (i - 3) / 2) end
end
local reply = table.concat(dropped, ',')
redis.call('SET', P..'dropped', call..':'..reply, 'EX', ${LIFE})
return reply
`);
}

/** Ends the run for its workers: nothing is committed after it. Replies the id of the last record. ARGV: seconds that this is remembered. */
export const CLOSE = new RedisScript(`
local P = KEYS[1]
redis.call('SET', P..'closed', '1', 'EX', tonumber(ARGV[1]))
local last = redis.call('XREVRANGE', P..'results', '+', '-', 'COUNT', 1)
return last[1] and last[1][1] or '0-0'
`);

/** A sign of life of a worker, in the list of all: KEYS[1]; ARGV: its id, JSON. Replies the time of Redis. */
export const BEAT = new RedisScript(`
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], (t[1] * 1000 + math.floor(t[2] / 1000))..' '..ARGV[2])
return t
`);

/** Adds to the life of a run's keys. KEYS[1]: prefix; ARGV: seconds, then the rest of each name. */
export const KEEP = new RedisScript(`
for i = 2, #ARGV do redis.call('EXPIRE', KEYS[1]..ARGV[i], ARGV[1]) end
return 1
`);
