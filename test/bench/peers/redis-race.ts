/**
 * What else is done with Redis from Bun: messages per second added and done, by two consumers in processes of their own, printed as JSON.
 * Arguments: `group` or `bullmq`, the server's address, seconds.
 */
import { RedisClient } from "bun";

const [kind = "group", url = "", seconds = "3", role = "all"] = process.argv.slice(2);
const BATCH = 100;
const LINE = '[1,2,3,[0,0,[null,0,[[0,"counter",1],[1,"status","idle"]]]]]';
const UNDER_WAY = 10_000;

async function main(): Promise<void> {
  if (role === "consume") return kind === "bullmq" ? consumeJobs() : consumeGroup();
  const own = Bun.fileURLToPath(import.meta.url);
  const consumers = [0, 1].map((i) =>
    Bun.spawn([process.execPath, own, kind, url, seconds, "consume", String(i)], { stdout: "pipe", stderr: "ignore" }),
  );
  const done = kind === "bullmq" ? await produceJobs() : await produceGroup();
  for (const consumer of consumers) consumer.kill("SIGKILL");
  process.stdout.write(JSON.stringify({ perSecond: done }));
  process.exit(0);
}

/** A stream with a group: a counter in Redis says how many are done, so that no more than so many wait. */
async function produceGroup(): Promise<number> {
  const redis = new RedisClient(url);
  await redis.connect();
  await redis.send("XGROUP", ["CREATE", "stream", "group", "$", "MKSTREAM"]).catch(() => {});
  while (Number((await redis.send("GET", ["ready"])) ?? 0) < 2) await Bun.sleep(10);
  const began = performance.now();
  let added = 0;
  let done = 0;
  while (performance.now() - began < Number(seconds) * 1000) {
    if (added - done < UNDER_WAY) {
      const adding = Array.from({ length: 10 * BATCH }, () => redis.send("XADD", ["stream", "*", "m", LINE]));
      added += adding.length;
      await Promise.all(adding);
    }
    done = Number((await redis.send("GET", ["done"])) ?? 0);
  }
  return (done / (performance.now() - began)) * 1000;
}

async function consumeGroup(): Promise<void> {
  const redis = new RedisClient(url);
  await redis.connect();
  const name = `consumer-${process.argv[6] ?? 0}`;
  await redis.send("XGROUP", ["CREATE", "stream", "group", "$", "MKSTREAM"]).catch(() => {});
  await redis.send("INCR", ["ready"]);
  for (;;) {
    const reply = (await redis.send("XREADGROUP", [
      "GROUP",
      "group",
      name,
      "COUNT",
      String(BATCH),
      "BLOCK",
      "100",
      "STREAMS",
      "stream",
      ">",
    ])) as unknown;
    const entries = entriesOf(reply);
    if (entries.length === 0) continue;
    for (const [, fields] of entries) JSON.parse(fields[1] ?? "null");
    const ids = entries.map(([id]) => id);
    await Promise.all([
      redis.send("XACK", ["stream", "group", ...ids]),
      redis.send("XDEL", ["stream", ...ids]),
      redis.send("INCRBY", ["done", String(ids.length)]),
    ]);
  }
}

function entriesOf(reply: unknown): readonly (readonly [string, readonly string[]])[] {
  if (reply === null || typeof reply !== "object") return [];
  const list = Array.isArray(reply) ? (reply[0] as readonly unknown[])?.[1] : Object.values(reply)[0];
  return (list ?? []) as readonly (readonly [string, readonly string[]])[];
}

async function connection() {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port), maxRetriesPerRequest: null };
}

async function produceJobs(): Promise<number> {
  const { Queue } = await import("bullmq");
  const queue = new Queue("race", { connection: await connection() });
  const redis = new RedisClient(url);
  while (Number((await redis.send("GET", ["ready"])) ?? 0) < 2) await Bun.sleep(10);
  const began = performance.now();
  let added = 0;
  let done = 0;
  while (performance.now() - began < Number(seconds) * 1000) {
    if (added - done < UNDER_WAY) {
      await queue.addBulk(Array.from({ length: 10 * BATCH }, () => ({ name: "m", data: LINE, opts: { removeOnComplete: true } })));
      added += 10 * BATCH;
    }
    done = Number((await redis.send("GET", ["done"])) ?? 0);
  }
  return (done / (performance.now() - began)) * 1000;
}

async function consumeJobs(): Promise<void> {
  const { Worker } = await import("bullmq");
  const redis = new RedisClient(url);
  let done = 0;
  setInterval(() => {
    if (done > 0) void redis.send("INCRBY", ["done", String(done)]);
    done = 0;
  }, 20);
  const worker = new Worker(
    "race",
    async (job) => {
      JSON.parse(job.data as string);
      done++;
    },
    { connection: await connection(), concurrency: BATCH },
  );
  await worker.waitUntilReady();
  await redis.send("INCR", ["ready"]);
}

await main();
