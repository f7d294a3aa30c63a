import type { RedisPort } from "../../kernel/redis/port.ts";

/** Longest wait of a read for an order, in seconds: a worker that is to stop notices it that late at most. */
const WAIT_SECONDS = "0.5";

/** The next order in a list, taken from it; null if none came within the wait. Rejects if the server does not answer. */
export async function nextOrder(waiting: RedisPort, list: string): Promise<unknown> {
  const reply = await waiting.send("BLPOP", [list, WAIT_SECONDS]);
  return Array.isArray(reply) ? reply[1] : null;
}
