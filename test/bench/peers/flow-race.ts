import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline as pipe } from "node:stream/promises";
import Emittery from "emittery";
import { EventEmitter } from "eventemitter3";
import * as fastq from "fastq";
import { filter, map, Subject } from "rxjs";
import { DataPipeline, EventBus, MessageQueue, type MessageQueueOptions, ReactiveStream } from "../../../src/flows/index.ts";
import { RedisServer } from "../../support/redis-server.ts";
import { type PeerMessage, peerHandler, peerMessages } from "../workload.ts";

/** One side of a race of flows, named by the first argument, in a process of its own. Prints how many it did per second, as JSON. */

type Thing = PeerMessage;

/** Made beforehand, so that each side's time is its own. */
const MESSAGES = peerMessages(50_000);
const message = (n: number): Thing => MESSAGES[n % MESSAGES.length] as Thing;

/** What each side's subscriber, last stage or consumer does: zero-work messages of 2 ops, through the lab's own handler. */
const take = peerHandler();

/** Runs rounds of so many until the time is up and gives the best second of them: the compiler has warmed by then. */
async function clock(count: number, round: (count: number) => unknown): Promise<number> {
  let best = 0;
  const until = performance.now() + 3000;
  while (performance.now() < until) {
    const from = performance.now();
    await round(count);
    best = Math.max(best, (count * 1000) / (performance.now() - from));
  }
  return best;
}

/** Several names, each with its subscriber: one alone the compiler would do away with. */
const NAMES = ["opened", "changed", "paid", "closed"] as const;

const BATCH = 100;

/**
 * As many messages through a queue of ours, sent in batches or one by one, handled and acknowledged. In memory it passes on the objects
 * themselves, as its peer does, unless they are to be copied.
 */
async function throughQueue(
  count: number,
  batch: number,
  place: Pick<MessageQueueOptions, "file" | "durability" | "redis" | "values">,
): Promise<void> {
  const queue = MessageQueue.open<Thing>("race", place);
  const done = Promise.withResolvers<void>();
  let handled = 0;
  queue.consume(
    async ({ value }) => {
      take(value);
      if (++handled === count) done.resolve();
    },
    { concurrency: 1 },
  );
  if (batch === 1) {
    if (place.values !== undefined) await Promise.all(Array.from({ length: count }, (_, n) => queue.send(message(n))));
    else for (let n = 0; n < count; n++) await queue.send(message(n));
  } else for (let n = 0; n < count; n += batch) await queue.sendAll(Array.from({ length: batch }, (_, i) => message(n + i)));
  await done.promise;
  await queue.stop();
}

async function onDisk(count: number, batch: number, durability: "process" | "power" = "process"): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lab-tui-race-"));
  await throughQueue(count, batch, { file: join(folder, "q.db"), durability });
  rmSync(folder, { recursive: true });
}

/** Does something with a Redis that keeps nothing on disk. */
async function inRedis<T>(work: (url: string) => Promise<T>): Promise<T> {
  const server = await RedisServer.start();
  try {
    return await work(server.url);
  } finally {
    await server.stop();
  }
}

/** As many messages through BullMQ, added one by one or as many at a time, and as many at work at a time. */
async function bullMq(most: number, batch: number): Promise<number> {
  const { Queue, Worker } = await import("bullmq");
  return inRedis(async (url) => {
    const connection = { host: "127.0.0.1", port: Number(new URL(url).port), maxRetriesPerRequest: null };
    const queue = new Queue("race", { connection });
    await queue.waitUntilReady();
    const rate = await clock(most, async (count) => {
      let handled = 0;
      const done = Promise.withResolvers<void>();
      const handle = async (job: { readonly data: unknown }) => {
        take(job.data as Thing);
        if (++handled === count) done.resolve();
      };
      const worker = new Worker("race", handle, { connection, concurrency: batch });
      const job = (n: number) => ({ name: "thing", data: message(n), opts: { removeOnComplete: true } });
      for (let n = 0; n < count; n += batch) {
        if (batch === 1) await queue.add("thing", message(n), { removeOnComplete: true });
        else await queue.addBulk(Array.from({ length: batch }, (_, i) => job(n + i)));
      }
      await done.promise;
      await worker.close();
    });
    await queue.close();
    return rate;
  });
}

const copy = ({ key, payload }: Thing) => ({ key, payload });
const passes = ({ key }: Thing) => key !== 3;
const next = ({ key, payload }: Thing) => ({ payload, key });

const RACES: Readonly<Record<string, () => Promise<number>>> = {
  bus() {
    const bus = new EventBus<Record<string, Thing>>();
    for (const name of NAMES) bus.subscribe(name, ({ data }) => take(data));
    return clock(200_000, (count) => {
      for (let n = 0; n < count; n++) bus.emit(NAMES[n & 3] ?? "", message(n));
    });
  },
  eventemitter3() {
    const emitter = new EventEmitter();
    for (const name of NAMES) emitter.on(name, (thing: Thing) => take(thing));
    return clock(200_000, (count) => {
      for (let n = 0; n < count; n++) emitter.emit(NAMES[n & 3] ?? "", message(n));
    });
  },
  "bus-published"() {
    const bus = new EventBus<{ thing: Thing }>();
    bus.subscribe("thing", ({ data }) => take(data));
    return clock(50_000, async (count) => {
      for (let n = 0; n < count; n++) await bus.publish("thing", message(n));
    });
  },
  emittery() {
    const emitter = new Emittery<{ thing: Thing }>();
    emitter.on("thing", ({ data }) => take(data));
    return clock(50_000, async (count) => {
      for (let n = 0; n < count; n++) await emitter.emit("thing", message(n));
    });
  },
  "bus-async"() {
    const bus = new EventBus<{ thing: Thing }>();
    bus.subscribe("thing", async ({ data }) => take(data));
    return clock(50_000, async (count) => {
      for (let n = 0; n < count; n++) await bus.publish("thing", message(n));
    });
  },
  "emittery-async"() {
    const emitter = new Emittery<{ thing: Thing }>();
    emitter.on("thing", async ({ data }) => take(data));
    return clock(50_000, async (count) => {
      for (let n = 0; n < count; n++) await emitter.emit("thing", message(n));
    });
  },
  "bus-awaiting"() {
    const bus = new EventBus<{ thing: Thing }>();
    bus.subscribe("thing", async ({ data }) => {
      await null;
      take(data);
    });
    return clock(50_000, async (count) => {
      for (let n = 0; n < count; n++) await bus.publish("thing", message(n));
    });
  },
  "emittery-awaiting"() {
    const emitter = new Emittery<{ thing: Thing }>();
    emitter.on("thing", async ({ data }) => {
      await null;
      take(data);
    });
    return clock(50_000, async (count) => {
      for (let n = 0; n < count; n++) await emitter.emit("thing", message(n));
    });
  },
  stream() {
    const stream = ReactiveStream.of<Thing>("race").transform(copy).filter(passes).transform(next);
    stream.subscribe(take);
    return clock(200_000, (count) => {
      for (let n = 0; n < count; n++) stream.emit(message(n));
    });
  },
  rxjs() {
    const subject = new Subject<Thing>();
    subject.pipe(map(copy), filter(passes), map(next)).subscribe(take);
    return clock(200_000, (count) => {
      for (let n = 0; n < count; n++) subject.next(message(n));
    });
  },
  pipeline() {
    return clock(200_000, async (count) => {
      const pipeline = DataPipeline.of<Thing>("race").stage("first", copy).stage("second", next).stage("third", next).into(take);
      for (let n = 0; n < count; n++) await pipeline.feed(message(n));
      await pipeline.close();
    });
  },
  "node-streams"() {
    const stage = (work: (thing: Thing) => Thing) =>
      new Transform({ objectMode: true, transform: (thing: Thing, _, give) => give(null, work(thing)) });
    return clock(50_000, async (count) => {
      async function* source() {
        for (let n = 0; n < count; n++) yield message(n);
      }
      await pipe(source, stage(copy), stage(next), stage(next), async (things: AsyncIterable<Thing>) => {
        for await (const thing of things) take(thing);
      });
    });
  },
  "queue-memory-batches": () => clock(100_000, (count) => throughQueue(count, BATCH, { values: "shared" })),
  "queue-memory-copies": () => clock(100_000, (count) => throughQueue(count, BATCH, { values: "copied" })),
  queue: () => clock(100_000, (count) => throughQueue(count, 1, { values: "shared" })),
  async fastq() {
    return clock(100_000, async (count) => {
      const queue = fastq.promise(async (thing: Thing) => take(thing), 1);
      await Promise.all(Array.from({ length: count }, (_, n) => queue.push(message(n))));
    });
  },
  "queue-batches": () => clock(50_000, (count) => onDisk(count, BATCH)),
  "queue-power": () => clock(50_000, (count) => onDisk(count, BATCH, "power")),
  "queue-singly": () => clock(5_000, (count) => onDisk(count, 1)),
  "queue-redis": () => inRedis((url) => clock(50_000, (count) => throughQueue(count, BATCH, { redis: url }))),
  "queue-redis-singly": () => inRedis((url) => clock(5_000, (count) => throughQueue(count, 1, { redis: url }))),
  bullmq: () => bullMq(2000, 1),
  "bullmq-batches": () => bullMq(20_000, BATCH),
};

const race = RACES[process.argv[2] ?? ""];
if (race === undefined) throw new Error(`the races are ${Object.keys(RACES).join(", ")}`);
const perSecond = await race();
console.log(JSON.stringify({ perSecond }));
process.exit(0);
