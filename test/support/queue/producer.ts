import { MessageQueue } from "../../../src/flows/index.ts";
import { SharedLog } from "./log.ts";

/** Sends numbered messages of ten keys in batches of many sizes, as fast as it can; logs each once it is safe. Argv: file or Redis, log, durability, first number. */
const [file = "", log = "", durability = "process", first = "0"] = process.argv.slice(2);
const queue = MessageQueue.open<{ key: string; n: number }>("killed", {
  ...(file.startsWith("redis:") ? { redis: file } : { file, durability: durability as "process" | "power" }),
  order: "key",
});
const safe = new SharedLog(log);
let n = Number(first);
for (let batch = 0; ; batch++) {
  const size = [1, 3, 10, 40, 100][batch % 5] as number;
  const messages = Array.from({ length: size }, () => ({ key: `k${n % 10}`, n: n++ }));
  await queue.sendAll(messages, ({ key }) => ({ key }));
  safe.write(messages.map((message) => `S ${message.key} ${message.n}`));
  if (batch === 0) console.log("sending");
  // Not further ahead than consumers can follow.
  while ((await queue.depth()).behind > 3000) await Bun.sleep(1);
}
