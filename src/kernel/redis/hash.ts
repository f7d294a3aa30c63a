import { type RedisPort, RedisScript } from "./port.ts";

/** From a script the fields come as a list in turn with their values, whatever the protocol's version, and whatever they are called. */
const FIELDS = new RedisScript("return redis.call('HGETALL', KEYS[1])");

/** The fields of a hash with their values; none where there is no such key. */
export async function readHash(redis: RedisPort, key: string): Promise<(readonly [field: string, value: string])[]> {
  const flat = await redis.run(FIELDS, [key], []);
  const list = Array.isArray(flat) ? flat.map(String) : [];
  return Array.from({ length: list.length >> 1 }, (_, i) => [list[2 * i] as string, list[2 * i + 1] as string] as const);
}
