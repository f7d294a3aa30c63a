import { RedisScript } from "../../../../kernel/redis/port.ts";
import { CHANGES, COMMON, OF_GROUP } from "./common.ts";

/**
 * Keeps notes on leased messages. Takes group, token, duration, then id, attempt, subject and text of each. `notes` holds, by subject and id,
 * the number of notes so far and the latest text; `noted`: until when.
 */
export const NOTE = new RedisScript(`${COMMON}${CHANGES}${OF_GROUP}
local t, token, span = time(), ARGV[5], tonumber(ARGV[6])
local old = call('ZRANGEBYSCORE', g.noted, '-inf', t, 'LIMIT', 0, 1000)
for i = 7, #ARGV, 4 do
  local id, attempt, subject, text = unpack(ARGV, i, i + 3)
  if call('HGET', g.held, id) == attempt .. ':' .. token then
    local name = subject .. ' ' .. id
    local ends = tonumber(call('ZSCORE', g.noted, name) or '0')
    local before = ends > t and call('HGET', g.notes, name) or '0 '
    -- The first write: a server whose memory is full refuses it.
    call('HSET', g.notes, name, string.match(before, '^%d+') + 1 .. ' ' .. text)
    call('ZADD', g.noted, t + span, name)
  end
end
for _, name in ipairs(old) do
  if tonumber(call('ZSCORE', g.noted, name)) <= t then
    call('ZREM', g.noted, name)
    call('HDEL', g.notes, name)
  end
end
return 1
`);

/** Takes group and what is asked for: subject and id. Returns the number of notes so far and the latest text; empty: there is none. */
export const NOTED = new RedisScript(`${COMMON}${OF_GROUP}
local ends = tonumber(call('ZSCORE', g.noted, ARGV[5]) or '-1')
return ends > time() and call('HGET', g.notes, ARGV[5]) or ''
`);

/** Takes group, bucket, tokens a second, capacity, and most to take. Returns the tokens taken, and the wait for one in milliseconds. */
export const TAKE_TOKENS = new RedisScript(`${COMMON}${CHANGES}${OF_GROUP}
allowAll()
local t, perSecond, burst, want = time(), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local bucket = Q .. ':bucket:' .. #g.name .. ':' .. g.name .. ':' .. ARGV[5]
local before, at = string.match(call('GET', bucket) or '', '^(%S+) (%S+)$')
local tokens = before and math.min(burst, before + math.max(0, t - at) * perSecond / 1000) or burst
local taken = math.min(want, math.floor(tokens))
if taken == 0 then return {0, tostring((1 - tokens) * 1000 / perSecond)} end
-- One that is full again need not be known.
local full = math.ceil(burst * 1000 / perSecond)
call('SET', bucket, string.format('%.17g %.0f', tokens - taken, t), 'PX', math.max(60000, full))
return {taken, '0'}
`);
