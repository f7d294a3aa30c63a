import { RedisConnection } from "../../../kernel/redis/connection.ts";
import { QueueError } from "../store.ts";
import { BELL_WAIT_MS } from "./bell.ts";
import { redisQueueError } from "./errors.ts";
import { RedisStore, type RedisStoreOptions } from "./store.ts";

/** Longest wait for an answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** Opens a store on two connections: one for operations, one that hears of other processes. Throws `QueueError` when the address is not one. */
export function openRedisStore(url: string, options: Omit<RedisStoreOptions, "port" | "bellPort">): RedisStore {
  if (process.versions.bun === undefined)
    throw new QueueError("unusable", "a queue in Redis needs Bun (https://bun.com): it uses its client");
  try {
    const port = new RedisConnection(url, { answerMs: ANSWER_MS });
    const bellPort = new RedisConnection(url, { answerMs: BELL_WAIT_MS + ANSWER_MS });
    return new RedisStore({ ...options, port, bellPort });
  } catch (error) {
    throw redisQueueError(error, options.queue);
  }
}
