import { MessageQueue } from "../../../src/flows/index.ts";

/** Works messages off beside others; told to end (SIGTERM), it says how many it has done and how many leases it has lost. Argv: file or Redis, visibility. */
const [place = "", visibilityMs = ""] = process.argv.slice(2);
const where = place.startsWith("redis:") ? { redis: place } : { file: place };
const queue = MessageQueue.open<number>("neighbours", { ...where, visibilityMs: Number(visibilityMs), pollMs: 5, maxAttempts: 1000 });
queue.consume(({ value }) => Bun.sleep(value % 5 === 0 ? 100 : 5), { concurrency: 4 });
process.once("SIGTERM", async () => {
  await queue.stop();
  const { acknowledged, lost } = queue.stats();
  console.log(JSON.stringify({ acknowledged, lost }));
  process.exit(0);
});
console.log("consuming");
