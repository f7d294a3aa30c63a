import { RedisScript } from "../../../kernel/redis/port.ts";
import { dropScript, LIFE, READY_LUA } from "./scripts.ts";

/**
 * The steps of a run whose items keep no order: a lease is that of a batch, so a partition's items may be with many workers at
 * once, and none waits for another. Beside the keys of an ordered run:
 *
 *     part:P        hash: state (r: ready; absent: nothing to take), added, given: the number of the last item that was taken
 *     held          hash: token → partition, first and last number of its batch, 1 if it was given back
 *     leases        sorted set of tokens by the instant at which their batches may be taken over
 *     done          list of the tokens that were committed last
 *
 * A partition is ready while it has items that were never taken. `ADD` is the same.
 */

/** Commits that are remembered, should one be asked for again. */
const REMEMBERED = 4096;

const HELD = `
local function found(P, token)
  local held = redis.call('HGET', P..'held', token)
  if not held then return nil end
  return string.match(held, '^(%d+),(%d+),(%d+),(%d)$')
end
local function entriesOf(P, p, first, last)
  return redis.call('XRANGE', P..'items:'..p, first..'-0', last..'-0')
end
local function free(P, token)
  redis.call('HDEL', P..'held', token)
  redis.call('ZREM', P..'leases', token)
end
`;

/**
 * Takes a batch whose lease ran out, or the first items of the partition that is ready for longest. Replies as for ordered runs. Asked again
 * with the same token, as after a commit whose reply was lost, it replies the same batch.
 */
const TAKE_FUNCTION = `${HELD}
local function numberOf(entry) return string.sub(entry[1], 1, string.find(entry[1], '-', 1, true) - 1) end
local function hold(P, p, entries, claimed, upto, token)
  redis.call('HSET', P..'held', token, p..','..numberOf(entries[1])..','..numberOf(entries[#entries])..',0')
  redis.call('ZADD', P..'leases', upto, token)
  redis.call('EXPIRE', P..'held', ${LIFE})
  redis.call('EXPIRE', P..'leases', ${LIFE})
  local texts = {}
  for i = 1, #entries do texts[i] = entries[i][2][2] end
  return {p, claimed, '', table.concat(texts, '\\n')}
end
local function retaken(P, old, upto, token)
  local p, first, last, back = found(P, old)
  if not p then
    redis.call('ZREM', P..'leases', old)
    return nil
  end
  free(P, old)
  local entries = entriesOf(P, p, first, last)
  if #entries == 0 then return nil end
  return hold(P, p, entries, (old == token or back == '1') and 0 or 1, upto, token)
end
local function take(P, size, claimAfter, token)
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  local batch = retaken(P, token, now + claimAfter, token)
  while not batch do
    local due = redis.call('ZRANGEBYSCORE', P..'leases', '-inf', now, 'LIMIT', 0, 1)
    if not due[1] then break end
    batch = retaken(P, due[1], now + claimAfter, token)
  end
  while not batch do
    local p = redis.call('LPOP', P..'ready')
    if not p then
      local first = redis.call('ZRANGE', P..'leases', 0, 0, 'WITHSCORES')
      if not first[1] then return {false, -1} end
      return {false, math.max(1, first[2] - now)}
    end
    local part = P..'part:'..p
    local from = string.format('%.0f', (redis.call('HGET', part, 'given') or 0) + 1)
    local entries = redis.call('XRANGE', P..'items:'..p, from..'-0', '+', 'COUNT', size + 1)
    if #entries > size then
      entries[#entries] = nil
      ready(P, p, 'RPUSH')
      ring(P)
    else
      redis.call('HDEL', part, 'state')
    end
    if #entries > 0 then
      redis.call('HSET', part, 'given', numberOf(entries[#entries]))
      batch = hold(P, p, entries, 0, now + claimAfter, token)
    end
  end
  return batch
end
`;

const OVER = `if redis.call('EXISTS', P..'closed') == 1 or redis.call('EXISTS', P..'plan') == 0 then return 'OVER' end`;

/** ARGV: most items, milliseconds of the lease, its token. */
export const TAKE_ANY = new RedisScript(`${READY_LUA}${TAKE_FUNCTION}
local P = KEYS[1]
${OVER}
return take(P, tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3])
`);

/**
 * Commits a batch, if it is still that of its token: acknowledgement and record in one. Then takes the next one, if a token for it is given.
 * ARGV and replies as for ordered runs, without states. Asked again after a reply that was lost, it
 * replies the batch that it took then, if it did.
 */
export const COMMIT_ANY = new RedisScript(`${READY_LUA}${TAKE_FUNCTION}
local P, token, following = KEYS[1], ARGV[2], ARGV[6]
${OVER}
local p, first, last = found(P, token)
if p then
  for _, entry in ipairs(entriesOf(P, p, first, last)) do redis.call('XDEL', P..'items:'..p, entry[1]) end
  free(P, token)
  redis.call('XADD', P..'results', '*', 'r', ARGV[3])
  redis.call('EXPIRE', P..'results', ${LIFE})
  redis.call('LPUSH', P..'done', token)
  redis.call('LTRIM', P..'done', 0, ${REMEMBERED - 1})
  redis.call('EXPIRE', P..'done', ${LIFE})
elseif not redis.call('LPOS', P..'done', token) then
  return 'REFUSED'
end
if following == '' then return {} end
return take(P, tonumber(ARGV[4]), tonumber(ARGV[5]), following)
`);

/** Gives a batch back that was taken and not begun: whoever takes next has it. ARGV: partition, token. */
export const RETURN_ANY = new RedisScript(`${READY_LUA}${HELD}
local P, token = KEYS[1], ARGV[2]
local p, first, last = found(P, token)
if not p then return 0 end
redis.call('HSET', P..'held', token, p..','..first..','..last..',1')
redis.call('ZADD', P..'leases', 0, token)
ring(P)
return 1
`);

/** Prolongs leases. ARGV: milliseconds, then partition and token in turn. Replies how many were still held. */
export const EXTEND_ANY = new RedisScript(`
local P = KEYS[1]
local t = redis.call('TIME')
local upto = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[1]
local held = 0
for i = 3, #ARGV, 2 do
  if redis.call('HEXISTS', P..'held', ARGV[i]) == 1 then
    redis.call('ZADD', P..'leases', upto, ARGV[i])
    held = held + 1
  end
end
return held
`);

/** Removes items that were never taken. ARGV and reply as for ordered runs. */
export const DROP_ANY = dropScript(`
local function isTaken(P, p, number)
  return number <= tonumber(redis.call('HGET', P..'part:'..p, 'given') or '0')
end
`);
