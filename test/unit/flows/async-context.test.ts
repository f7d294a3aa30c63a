import { describe, expect, test } from "bun:test";
import { AsyncLocalStorage } from "node:async_hooks";
import {
  DataPipeline,
  EventBus,
  MessageQueue,
  type MessageQueueOptions,
  ReactiveStream,
  type SendOptions,
  type StageOptions,
} from "../../../src/flows/index.ts";
import { settled, VirtualTimers } from "../../support/virtual-timers.ts";

/** Who gives something; each gives one thing that bears its name. */
const CALLERS = ["ann", "bob", "cem", "dee", "eve", "fay"] as const;
const caller = new AsyncLocalStorage<string>();

/** Gives everything at once, each thing in its caller's context, and hands `given` what that caller gives. */
function eachGives(give: (name: string) => unknown): unknown[] {
  return CALLERS.map((name) => caller.run(name, () => give(name)));
}

/** What was seen in whose context, by the part under test. */
class Witness {
  readonly seen: [what: string, by: string | undefined][] = [];

  see<T>(what: T): T {
    this.seen.push([`${what}`, caller.getStore()]);
    return what;
  }

  get names(): string[] {
    return this.seen.map(([what]) => what).sort();
  }

  get strangers(): [string, string | undefined][] {
    return this.seen.filter(([what, by]) => what !== by);
  }
}

/** A wait that ends in an order of its own, so that things overtake one another. */
const waits = (timers: VirtualTimers, name: string) =>
  new Promise<void>((resolve) => timers.after(1 + ((name.charCodeAt(0) * 7) % 5), resolve));

type Way = (witness: Witness, timers: VirtualTimers) => Promise<unknown> | unknown;

const stageOf = (options: StageOptions<string, string>, more: Partial<{ first: number }> = {}): Way => {
  return (witness, timers) => {
    const pipeline = DataPipeline.of<string>("p", { timers, onFailure: () => {} })
      .stage("first", (name) => waits(timers, name).then(() => name), { concurrency: more.first ?? 1, buffer: 1 })
      .stage(
        "second",
        async (name) => {
          witness.see(name);
          await waits(timers, name);
          return witness.see(name);
        },
        options,
      )
      .into((name) => witness.see(name));
    return Promise.all(eachGives((name) => pipeline.process(name)));
  };
};

const queueOf = (options: MessageQueueOptions, sending?: (name: string) => SendOptions): Way => {
  return async (witness, timers) => {
    const backoff = { baseDelayMs: 1, jitter: "none" as const };
    const queue = MessageQueue.open<string>("q", { timers, backoff, onFailure: ({ subject }) => void witness.see(subject), ...options });
    for (const concurrency of [1, 2])
      queue.consume(
        async ({ value, attempt }) => {
          witness.see(value);
          await waits(timers, value);
          witness.see(value);
          if (attempt === 1) throw new Error("later");
        },
        { concurrency },
      );
    await Promise.all(eachGives((name) => (sending === undefined ? queue.send(name) : queue.sendAll([name], sending))));
    await queue.drained();
    await queue.stop();
  };
};

const WAYS: Readonly<Record<string, Way>> = {
  "bus, published": (witness, timers) => {
    const bus = new EventBus<{ a: string }>({ timers });
    bus.subscribe("a", ({ data }) => waits(timers, witness.see(data)), { concurrency: 2 });
    return Promise.all(eachGives((name) => bus.publish("a", name)));
  },
  "bus, emitted and handled in turn": (witness, timers) => {
    const bus = new EventBus<{ a: string }>({ timers });
    bus.subscribe("a", ({ data }) => waits(timers, data).then(() => void witness.see(data)), { concurrency: 1 });
    eachGives((name) => bus.emit("a", name));
    return waits(timers, "z").then(() => bus.stop());
  },
  "bus, a handler that returns at once after one that waited": (witness, timers) => {
    const bus = new EventBus<{ a: string }>({ timers });
    let first = true;
    const handle = (name: string) => {
      witness.see(name);
      if (!first) return undefined;
      first = false;
      return waits(timers, name);
    };
    bus.subscribe("a", ({ data }) => handle(data), { concurrency: 1 });
    return Promise.all(eachGives((name) => bus.publish("a", name)));
  },
  "bus, what a failure is reported in": (witness, timers) => {
    const bus = new EventBus<{ a: string }>({ timers, onFailure: ({ error }) => void witness.see((error as Error).message) });
    bus.subscribe(
      "a",
      async ({ data }) => {
        await waits(timers, data);
        throw new Error(data);
      },
      { concurrency: 1 },
    );
    return Promise.all(eachGives((name) => bus.publish("a", name)));
  },
  "stage, in turn": stageOf({ buffer: 1 }),
  "stage, several at once, in order": stageOf({ concurrency: 3, buffer: 1 }, { first: 3 }),
  "stage, several at once, in any order": stageOf({ concurrency: 3, ordered: false, buffer: 1 }, { first: 3 }),
  "stage, all at once": stageOf({ concurrency: 9 }, { first: 9 }),
  "stage, with a time limit": stageOf({ timeoutMs: 100 }, { first: 2 }),
  "stage, attempts after the first, then its fallback": (witness, timers) => {
    const pipeline = DataPipeline.of<string>("p", { timers })
      .stage("first", (name) => waits(timers, name).then(() => name), { concurrency: 2 })
      .stage(
        "second",
        (name) => {
          throw new Error(witness.see(name));
        },
        { retry: { max: 1, baseDelay: 2, jitter: "none" }, fallback: (name) => witness.see(name) },
      )
      .discard();
    return Promise.all(eachGives((name) => pipeline.process(name)));
  },
  "pipeline, results that are taken one by one": (witness, timers) => {
    const pipeline = DataPipeline.of<string>("p", { timers })
      .stage("first", (name) => name, { buffer: 0 })
      .into((name) => waits(timers, witness.see(name)));
    return Promise.all(eachGives((name) => pipeline.feed(name))).then(() => pipeline.close());
  },
  "queue, attempt after attempt": queueOf({}),
  "queue, that hands on what it is given": queueOf({ values: "shared" }),
  "queue, senders that wait for room": queueOf({ capacity: 1 }),
  "queue, several sent together, in the order of their keys": queueOf({ order: "key" }, () => ({ key: "k" })),
  "queue, one that takes another's place": queueOf({}, (name) => ({ idempotencyKey: name, replace: true })),
  "queue, a handler that returns at once": async (witness, timers) => {
    const queue = MessageQueue.open<string>("q", { timers });
    queue.consume(({ value }) => void witness.see(value));
    await Promise.all(eachGives((name) => queue.send(name)));
    await queue.drained();
    await queue.stop();
  },
  "stream, a transformer that waits": (witness, timers) => {
    const stream = ReactiveStream.of<string>("s", { timers }).transform((name) => waits(timers, witness.see(name)).then(() => name));
    stream.subscribe((name) => void witness.see(name));
    eachGives((name) => stream.emit(name));
    return waits(timers, "z").then(() => stream.stop());
  },
  "stream, a subscriber that waits": (witness, timers) => {
    const stream = ReactiveStream.of<string>("s", { timers });
    stream.subscribe((name) => waits(timers, name).then(() => void witness.see(name)));
    eachGives((name) => stream.emit(name));
    return waits(timers, "z").then(() => stream.stop());
  },
  "stream, values that are dropped": (witness, timers) => {
    const stream = ReactiveStream.of<string>("s", { timers });
    const next = (name: string) => waits(timers, witness.see(name));
    stream.subscribe({ next, dropped: (name) => void witness.see(name) }, { overflow: "latest" });
    eachGives((name) => stream.emit(name));
    return waits(timers, "z").then(() => stream.stop());
  },
};

describe("F-4 the async context of the caller is the handler's", () => {
  test.each(Object.entries(WAYS))("%s", async (_, way) => {
    const witness = new Witness();
    const timers = new VirtualTimers();
    await timers.run(Promise.resolve(way(witness, timers)));
    expect(witness.strangers).toEqual([]);
    expect([...new Set(witness.names)]).toEqual([...CALLERS]);
  });

  test("a caller without a context is not given another's", async () => {
    const bus = new EventBus<{ a: string }>();
    const seen: unknown[] = [];
    bus.subscribe(
      "a",
      async ({ data }) => {
        seen.push([data, caller.getStore()]);
        await null;
      },
      { concurrency: 1 },
    );
    caller.run("ann", () => bus.emit("a", "ann"));
    bus.emit("a", "nobody");
    await settled();
    expect(seen).toEqual([
      ["ann", "ann"],
      ["nobody", undefined],
    ]);
  });

  test("whoever waits for a result hears of its progress in a context of its own, not that of whoever tells it", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<string>("q", { timers, resultMs: 1000 });
    const seen: unknown[] = [];
    queue.consume(async (message) => {
      await message.progress("half");
      return caller.getStore();
    });
    const { id } = await timers.run(caller.run("ann", () => queue.send("a", { delayMs: 5 })));
    const result = caller.run("bob", () => queue.result(id, { onProgress: (value) => seen.push([value, caller.getStore()]) }));
    expect([await timers.run(result), seen]).toEqual(["ann", [["half", "bob"]]]);
    await timers.run(queue.stop());
  });

  test("a list goes on in the context of its first item, whoever fills it", async () => {
    const seen: unknown[] = [];
    const timers = new VirtualTimers();
    const pipeline = DataPipeline.of<string>("p", { timers })
      .batch({ size: 2, timeoutMs: 5 })
      .into((names) => void seen.push([names, caller.getStore()]));
    for (const name of ["ann", "bob", "cem"]) caller.run(name, () => pipeline.offer(name));
    await timers.advance(5);
    expect(seen).toEqual([
      [["ann", "bob"], "ann"],
      [["cem"], "cem"],
    ]);
  });
});
