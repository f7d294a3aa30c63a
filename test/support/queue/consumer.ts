import { MessageQueue } from "../../../src/flows/index.ts";
import { openRedisStore } from "../../../src/flows/message-queue/redis/open.ts";
import { SqliteStore } from "../../../src/flows/message-queue/sqlite/store.ts";
import type { QueueStore, Settlement } from "../../../src/flows/message-queue/store.ts";
import { SharedLog } from "./log.ts";

/**
 * Works messages off, logging each when it is handled (P) and once its acknowledgement is safe (A); with `drain` it ends when nothing
 * is left. Argv: file or Redis, log, durability, batch, drain?
 */
const [file = "", log = "", durability = "process", batch = "10", drain = ""] = process.argv.slice(2);
const lines = new SharedLog(log);
const VISIBILITY_MS = 400;

const options = {
  groups: ["default"],
  order: "key",
  capacity: Number.POSITIVE_INFINITY,
  // Killed consumers are no message's fault.
  maxAttempts: 1000,
  rememberMs: 1000,
} as const;
const onFile = { file, durability: durability as "process" | "power", busyMs: 5000, maxBytes: Number.POSITIVE_INFINITY };
const store: QueueStore = file.startsWith("redis:")
  ? openRedisStore(file, { ...options, queue: "killed" })
  : new SqliteStore({ ...options, ...onFile });
const settle = store.settle.bind(store);
store.settle = async (group: string, token: number, settlement: Settlement, now: number): Promise<number[]> => {
  const lost = new Set(await settle(group, token, settlement, now));
  lines.write(settlement.acknowledged.filter(({ id }) => !lost.has(id)).map(({ id }) => `A ${id}`));
  return [...lost];
};
const queue = new MessageQueue<{ key: string; n: number }>("killed", store, { ...options, visibilityMs: VISIBILITY_MS, pollMs: 5 });
queue.consume(
  async ({ id, value, attempt }) => {
    lines.write([`P ${id} ${value.key} ${value.n} ${attempt}`]);
    if (value.n % 7 === 0) await Bun.sleep(1);
  },
  { batch: Number(batch), concurrency: 4 },
);
console.log("consuming");
if (drain === "drain") {
  for (;;) {
    const { ready, delayed, leased, behind } = await queue.depth();
    if (ready + delayed + leased + behind === 0) break;
    await Bun.sleep(20);
  }
  await queue.stop();
}
