import { DataPipeline, EventBus, MessageQueue, ReactiveStream } from "../../../src/flows/index.ts";
import { monotonic } from "../../../src/kernel/clock.ts";
import { Histogram } from "../../../src/kernel/histogram.ts";
import { type PeerMessage, peerHandler, peerMessages } from "../workload.ts";

/**
 * One flow at a given rate, in a process of its own, fed by a timer of a millisecond. Prints the 99th percentile from handing a message
 * in to its end (ms), the share of a core, and what the flow added to the process's memory (bytes), as JSON. Argv: flow, rate.
 */

interface Timed {
  readonly message: PeerMessage;
  readonly at: number;
}

const messages = peerMessages(10_000);
const handle = peerHandler();
const latency = new Histogram();
const end = ({ message, at }: Timed) => {
  handle(message);
  latency.record(monotonic.now() - at);
};
const timed = (n: number): Timed => ({ message: messages[n % messages.length] as PeerMessage, at: monotonic.now() });

const FLOWS: Readonly<Record<string, () => (n: number) => unknown>> = {
  /** What feeding costs by itself. */
  none: () => (n) => end(timed(n)),
  "event-bus"() {
    const bus = new EventBus<{ thing: Timed }>();
    bus.subscribe("thing", ({ data }) => end(data));
    return (n) => bus.emit("thing", timed(n));
  },
  "data-pipeline"() {
    const pipeline = DataPipeline.of<Timed>("floor")
      .stage("validate", (thing) => (thing.at > 0 ? thing : undefined))
      .stage("enrich", async (thing) => thing, { concurrency: 16 })
      .stage("transform", (thing) => thing)
      .into(end);
    return (n) => pipeline.feed(timed(n));
  },
  "reactive-stream"() {
    const stream = ReactiveStream.of<Timed>("floor")
      .transform((thing) => thing)
      .filter(({ at }) => at > 0)
      .transform((thing) => thing);
    stream.subscribe(end);
    return (n) => stream.emit(timed(n));
  },
  "message-queue"() {
    const queue = MessageQueue.open<Timed>("floor");
    queue.consume(async ({ value }) => end(value), { concurrency: 16 });
    return (n) => queue.send(timed(n));
  },
};

const [name = "", rate = "0"] = process.argv.slice(2);
const make = FLOWS[name];
if (make === undefined) throw new Error(`the flows are ${Object.keys(FLOWS).join(", ")}`);
const perSecond = Number(rate);

/** Feeds so many a second for a while. */
async function feed(give: (n: number) => unknown, ms: number): Promise<void> {
  const from = performance.now();
  for (let n = 0; ; ) {
    const passed = performance.now() - from;
    for (const due = (Math.min(passed, ms) * perSecond) / 1000; n < due; n++) give(n);
    if (passed >= ms) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Memory the process holds once garbage is collected and the allocator has given back what it keeps for a while, in bytes. */
async function held(): Promise<number> {
  for (let round = 0; round < 2; round++) {
    Bun.gc(true);
    await Bun.sleep(600);
  }
  return process.memoryUsage().rss;
}

const before = await held();
const give = make();
await feed(give, 1500);
const bytes = (await held()) - before;
latency.clear();
const cpuBefore = process.cpuUsage();
const from = performance.now();
await feed(give, 4000);
await Bun.sleep(50);
const { user, system } = process.cpuUsage(cpuBefore);
console.log(
  JSON.stringify({ p99Ms: latency.summary().p99, cpu: (user + system) / 1000 / (performance.now() - from), bytes, count: latency.count }),
);
process.exit(0);
