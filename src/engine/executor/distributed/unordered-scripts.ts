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
local function remove(P, p, first, last)
  if first == last then return redis.call('XDEL', P..'items:'..p, first..'-0') end
  for _, entry in ipairs(entriesOf(P, p, first, last)) do redis.call('XDEL', P..'items:'..p, entry[1]) end
end
local function free(P, tokens)
  redis.call('HDEL', P..'held', unpack(tokens))
  redis.call('ZREM', P..'leases', unpack(tokens))
end
`;

/**
 * Takes a batch for each token: those whose lease ran out, then the first items of the partitions that are ready for longest. Replies as
 * for ordered runs, a list. Asked again with the same token, as after a commit whose reply was lost, it replies the same batch.
 */
const TAKE_FUNCTION = `${HELD}
local function numberOf(entry) return string.sub(entry[1], 1, string.find(entry[1], '-', 1, true) - 1) end
local function batchOf(p, claimed, entries, from, to)
  local texts = {}
  for i = from, to do texts[#texts + 1] = entries[i][2][2] end
  return {p, claimed, '', table.concat(texts, '\\n')}
end
local function hold(P, held, leases)
  redis.call('HSET', P..'held', unpack(held))
  redis.call('ZADD', P..'leases', unpack(leases))
  redis.call('EXPIRE', P..'held', ${LIFE})
  redis.call('EXPIRE', P..'leases', ${LIFE})
end
local function heldText(p, entries, from, to) return p..','..numberOf(entries[from])..','..numberOf(entries[to])..',0' end
local function retaken(P, old, upto, token)
  local p, first, last, back = found(P, old)
  free(P, {old})
  if not p then return nil end
  local entries = entriesOf(P, p, first, last)
  if #entries == 0 then return nil end
  hold(P, {token, heldText(p, entries, 1, #entries)}, {upto, token})
  return batchOf(p, (old == token or back == '1') and 0 or 1, entries, 1, #entries)
end
local function takeNew(P, p, size, upto, tokens)
  local part = P..'part:'..p
  local most = size * #tokens
  local from = string.format('%.0f', (redis.call('HGET', part, 'given') or 0) + 1)
  local entries = redis.call('XRANGE', P..'items:'..p, from..'-0', '+', 'COUNT', most + 1)
  if #entries > most then
    entries[#entries] = nil
    ready(P, p, 'RPUSH')
    ring(P)
  else
    redis.call('HDEL', part, 'state')
  end
  local batches, held, leases = {}, {}, {}
  for at = 1, #entries, size do
    local to, n = math.min(at + size - 1, #entries), #batches + 1
    batches[n] = batchOf(p, 0, entries, at, to)
    held[2 * n - 1], held[2 * n] = tokens[n], heldText(p, entries, at, to)
    leases[2 * n - 1], leases[2 * n] = upto, tokens[n]
  end
  if #batches > 0 then
    redis.call('HSET', part, 'given', numberOf(entries[#entries]))
    hold(P, held, leases)
  end
  return batches
end
local function take(P, size, claimAfter, tokens)
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  local upto = now + claimAfter
  local batches, open = {}, {}
  for i, token in ipairs(tokens) do
    local again = found(P, token) and retaken(P, token, upto, token)
    if again then batches[i] = again else open[#open + 1] = i end
  end
  while #open > 0 do
    local due = redis.call('ZRANGEBYSCORE', P..'leases', '-inf', now, 'LIMIT', 0, 1)
    if not due[1] then break end
    local batch = retaken(P, due[1], upto, tokens[open[1]])
    if batch then batches[table.remove(open, 1)] = batch end
  end
  while #open > 0 do
    local p = redis.call('LPOP', P..'ready')
    if not p then break end
    local asking = {}
    for i, place in ipairs(open) do asking[i] = tokens[place] end
    for _, batch in ipairs(takeNew(P, p, size, upto, asking)) do batches[table.remove(open, 1)] = batch end
  end
  if #open > 0 then
    local first = redis.call('ZRANGE', P..'leases', 0, 0, 'WITHSCORES')
    local idle = first[1] and math.max(1, first[2] - now) or -1
    for _, place in ipairs(open) do batches[place] = {false, idle} end
  end
  return batches
end
`;

const OVER = `if redis.call('EXISTS', P..'closed') == 1 or redis.call('EXISTS', P..'plan') == 0 then return 'OVER' end`;

/** ARGV: most items, milliseconds of the lease, its token. */
export const TAKE_ANY = new RedisScript(`${READY_LUA}${TAKE_FUNCTION}
local P = KEYS[1]
${OVER}
return take(P, tonumber(ARGV[1]), tonumber(ARGV[2]), {ARGV[3]})[1]
`);

/**
 * Commits batches, each if it is still that of its token: acknowledgement and record in one. Then takes the next ones, for as many as a
 * token is given. ARGV: most items, milliseconds of the next lease, then token, record, and the token of the next or '', in turn. Replies
 * OVER, or what became of each, as for ordered runs. Asked again after a reply that was lost, it replies the batches that it took then, if
 * it did.
 */
export const COMMIT_ANY = new RedisScript(`${READY_LUA}${TAKE_FUNCTION}
local P = KEYS[1]
${OVER}
local replies, done, wanted, whose = {}, {}, {}, {}
for i = 3, #ARGV, 3 do
  local token, following, n = ARGV[i], ARGV[i + 2], #replies + 1
  local p, first, last = found(P, token)
  if p then
    remove(P, p, first, last)
    redis.call('XADD', P..'results', '*', 'r', ARGV[i + 1])
    done[#done + 1] = token
  end
  if p or redis.call('LPOS', P..'done', token) then
    replies[n] = {}
    if following ~= '' then
      wanted[#wanted + 1] = following
      whose[#wanted] = n
    end
  else
    replies[n] = 'REFUSED'
  end
end
if #done > 0 then
  free(P, done)
  redis.call('EXPIRE', P..'results', ${LIFE})
  redis.call('LPUSH', P..'done', unpack(done))
  redis.call('LTRIM', P..'done', 0, ${REMEMBERED - 1})
  redis.call('EXPIRE', P..'done', ${LIFE})
end
if #wanted > 0 then
  for i, batch in ipairs(take(P, tonumber(ARGV[1]), tonumber(ARGV[2]), wanted)) do replies[whose[i]] = batch end
end
return replies
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
