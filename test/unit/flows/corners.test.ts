import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  Channel,
  DataPipeline,
  EventBus,
  type FlowFailure,
  FlowOrchestrator,
  GiveUp,
  MessageQueue,
  type Part,
  ReactiveStream,
  Stopped,
  type Subscription,
} from "../../../src/flows/index.ts";
import type { Lent } from "../../../src/flows/message-queue/store.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { settled, VirtualTimers } from "../../support/virtual-timers.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const file = () => join(folder, `c${++files}.db`);
const quiet = { onFailure: () => {} };

describe("what iterations lose is in the figures of who lost it", () => {
  test.each(["drop-oldest", "drop-newest"] as const)("%s", async (overflow) => {
    const stream = ReactiveStream.of<number>("s");
    const bus = new EventBus<{ a: number }>();
    const values = stream.values({ buffer: 2, overflow });
    const events = bus.events("a", { buffer: 2, overflow });
    for (let i = 0; i < 10; i++) {
      stream.emit(i);
      bus.emit("a", i);
    }
    await settled();
    expect(stream.stats().subscribers).toMatchObject([{ offered: 10, handled: 2, dropped: 8, waiting: 0 }]);
    expect(bus.stats()).toMatchObject({ delivered: 10, handled: 2, dropped: 8 });
    const kept = overflow === "drop-oldest" ? [8, 9] : [0, 1];
    expect([(await values.next()).value, (await values.next()).value]).toEqual(kept);
    expect([(await events.next()).value?.data, (await events.next()).value?.data]).toEqual(kept);
  });

  test("latest", async () => {
    const stream = ReactiveStream.of<number>("s");
    const values = stream.values({ overflow: "latest" });
    for (let i = 0; i < 10; i++) stream.emit(i);
    expect(stream.stats().subscribers).toMatchObject([{ handled: 1, dropped: 9 }]);
    expect((await values.next()).value).toBe(9);
  });
});

describe("what nobody expects of a handler", () => {
  // biome-ignore lint/suspicious/noThenProperty: what this is about
  const hostile = Object.defineProperty({}, "then", {
    get() {
      throw new Error("do not look");
    },
  });

  test("an answer that will not be looked at is an answer like any other", async () => {
    const bus = new EventBus<{ a: number }>();
    const told: number[] = [];
    bus.subscribe("a", () => hostile);
    bus.subscribe("a", ({ data }) => void told.push(data));
    expect(bus.emit("a", 1)).toMatchObject({ type: "a", data: 1, sequence: 1 });
    expect(told).toEqual([1]);
    const stream = ReactiveStream.of<number>("s").transform(() => hostile);
    stream.emit(1);
    expect(stream.stats()).toMatchObject({ delivered: 1, inside: 0 });
    const pipeline = DataPipeline.of<number>("p")
      .stage("odd", () => hostile)
      .discard();
    await pipeline.feed(1);
    await pipeline.close();
    expect(pipeline.stats()).toMatchObject({ delivered: 1, inside: 0 });
  });

  test("no fallback is asked for an item that was abandoned", async () => {
    const timers = new VirtualTimers();
    let fallbacks = 0;
    const pipeline = DataPipeline.of<number>("p", { timers })
      .stage(
        "stuck",
        (_, { signal }) => new Promise<number>((_, reject) => signal.addEventListener("abort", () => reject(new Error("broken off")))),
        { timeoutMs: 60_000, fallback: () => ++fallbacks },
      )
      .discard();
    await pipeline.feed(1);
    const stopping = pipeline.stop({ deadlineMs: 10 });
    await timers.advance(10);
    await stopping;
    await settled();
    expect([fallbacks, pipeline.stats().abandoned]).toEqual([0, 1]);
  });

  test("a transformer or an output that never returns makes its part degraded", async () => {
    const timers = new VirtualTimers();
    const never = () => new Promise<number>(() => {});
    const stream = ReactiveStream.of<number>("s", { timers }).transform(never);
    stream.emit(1);
    const pipeline = DataPipeline.of<number>("p", { timers }).stage("same", (value) => value);
    pipeline.into(never);
    await pipeline.feed(1);
    await timers.advance(31_000);
    expect(stream.health()).toEqual({ status: "degraded", detail: "a transformer has been at one value for 31 s" });
    expect(pipeline.health()).toEqual({ status: "degraded", detail: "the output has been at one item for 31 s" });
  });
});

describe("options that make no sense are refused with a sentence", () => {
  const queue = (options: object) => () => MessageQueue.open("q", options);
  const stage = (options: object) => () =>
    DataPipeline.of<number>("p")
      .stage("s", (value) => value, options)
      .discard()
      .stats();
  test.each([
    ["history", () => new EventBus({ history: -5 })],
    ["history", () => new EventBus({ history: Number.NaN })],
    ["retry.max", stage({ retry: { max: Number.NaN } })],
    ["failureThreshold", stage({ circuitBreaker: { failureThreshold: 0, openForMs: 5 } })],
    ["openForMs", stage({ circuitBreaker: { failureThreshold: 1, openForMs: -1 } })],
    ["maxBytes", queue({ maxBytes: -1 })],
    ["durability", queue({ file: join(folder, "never.db"), durability: "powr" })],
    ["order", queue({ order: "keys" })],
    ["groups", queue({ groups: ["a", "a"] })],
  ])("%s", (field, make) => {
    expect(make).toThrow(RangeError);
    expect(make).toThrow(field);
    expect(existsSync(join(folder, "never.db"))).toBe(false);
  });
});

describe("F-3 a stream and where it comes from", () => {
  test("its end, well or not, is told to who subscribes later, and its source is left", async () => {
    const stream = ReactiveStream.of<number>("s", quiet);
    stream.endWith(new Error("boom"));
    await settled();
    const heard: string[] = [];
    stream.subscribe({ complete: () => heard.push("complete"), error: (error) => heard.push(String(error)) });
    expect(heard).toEqual(["Error: boom"]);
    expect(stream.values().next()).rejects.toThrow("boom");

    let left = 0;
    const observable = { subscribe: () => ({ unsubscribe: () => void left++ }), [Symbol.observable]: () => observable };
    const followed = ReactiveStream.from<number>("s", observable as never, quiet);
    await settled();
    followed.endWith(new Error("enough"));
    await followed.stop();
    expect(left).toBe(1);
  });

  test("an iterator that fails as it is left is a failure of the stream, not of the application", async () => {
    const failures: FlowFailure[] = [];
    async function* source() {
      try {
        yield 1;
        await new Promise<void>((resolve) => setTimeout(resolve, 5));
        yield 2;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: what this is about
        throw new Error("cleaning up failed");
      }
    }
    const stream = ReactiveStream.from("s", source(), { onFailure: (failure) => failures.push(failure) });
    await settled();
    stream.complete();
    await Bun.sleep(20);
    expect(failures.map(({ place, error }) => [place, String(error)])).toEqual([["source", "Error: cleaning up failed"]]);
  });
});

describe("F-1 bus, in a corner", () => {
  test("what a replay sets going comes after it, and a signal aborted in it leaves nobody behind", () => {
    const bus = new EventBus<{ a: number }>();
    bus.emit("a", 1);
    const got: number[] = [];
    bus.subscribe(
      "a",
      ({ data }) => {
        got.push(data);
        if (data < 3) bus.emit("a", data + 2);
      },
      { replay: true },
    );
    bus.emit("a", 9);
    expect(got).toEqual([1, 3, 9]);
    for (let i = 0; i < 3; i++) {
      const abort = new AbortController();
      bus.subscribe("a", () => abort.abort(), { replay: true, signal: abort.signal });
    }
    const { subscribers, handled, abandoned, delivered } = bus.stats();
    expect([subscribers.length, handled, abandoned, delivered]).toEqual([1, 6, 6, 12]);
  });

  test("a handler that ends its own subscription has handled its event, and publish knows", async () => {
    const bus = new EventBus<{ a: number }>();
    const once: Subscription = bus.subscribe("a", () => once.unsubscribe());
    expect(await bus.publish("a", 1)).toMatchObject({ handled: 1 });
    const never = bus.subscribe("a", async () => {
      never.unsubscribe();
      await new Promise(() => {});
    });
    expect(await bus.publish("a", 2)).toMatchObject({ handled: 0, abandoned: 1 });
    expect(bus.stats()).toMatchObject({ delivered: 2, handled: 1, abandoned: 1, inFlight: 0, waiting: 0 });
  });

  test("stopping twice at once waits once; ended subscriptions leave nothing on their signal", async () => {
    const timers = new VirtualTimers();
    const bus = new EventBus<{ a: number }>({ timers });
    bus.subscribe("a", () => new Promise<void>((resolve) => timers.after(30, resolve)));
    bus.emit("a", 1);
    await timers.run(Promise.all([bus.stop({ deadlineMs: 1500 }), bus.stop({ deadlineMs: 1500 })]));
    expect(timers.now()).toBe(30);
    const other = new EventBus<{ a: number }>();
    const { signal } = new AbortController();
    let listeners = 0;
    signal.addEventListener = () => void listeners++;
    signal.removeEventListener = () => void listeners--;
    for (let i = 0; i < 10; i++) other.subscribe("a", () => {}, { signal }).unsubscribe();
    expect(listeners).toBe(0);
  });

  test("published events are never dropped for emitted ones; names from outside do not pile up", async () => {
    const bus = new EventBus<Record<string, number>>();
    const gate = Promise.withResolvers<void>();
    bus.subscribe("a", () => gate.promise, { concurrency: 1, buffer: 1, overflow: "drop-oldest" });
    bus.emit("a", 1);
    const published = bus.publish("a", 2);
    for (let i = 0; i < 3; i++) bus.emit("a", i);
    gate.resolve();
    expect(await published).toMatchObject({ handled: 1 });
    bus.subscribe("*", () => {});
    for (let i = 0; i < 5000; i++) bus.emit(`name ${i}`, i);
    expect(Object.keys((bus as unknown as { routes: object }).routes).length).toBeWithin(1, 1001);
  });
});

describe("F-2 pipeline, in a corner", () => {
  test("an end that feeds its own pipeline goes on and on without going deeper", () => {
    const pipeline = DataPipeline.of<number>("p")
      .stage("s", (x) => x)
      .into((x) => {
        if (x < 50_000) pipeline.offer(x + 1);
      });
    pipeline.offer(0);
    expect(pipeline.stats()).toMatchObject({ fed: 50_001, delivered: 50_001, failed: 0, inside: 0 });
  });

  test("a function that stops its own pipeline: its item is abandoned, and nothing runs any more", async () => {
    const pipeline: DataPipeline<number> = DataPipeline.of<number>("p", quiet).stage("s", (x) => {
      void pipeline.output.return?.();
      return x;
    });
    expect(pipeline.process(1)).rejects.toThrow("p was stopped");
    expect(pipeline.stats()).toMatchObject({ fed: 1, delivered: 0, abandoned: 1, inside: 0, stages: [{ running: 0 }] });
  });

  test("an ordered stage that is done at once, before a batch that is full, goes on when there is room", async () => {
    for (const concurrency of [2, 20]) {
      let delivered = 0;
      const pipeline = DataPipeline.of<number>("p")
        .stage("s", (value) => value, { concurrency, buffer: 4 })
        .batch({ size: 100 })
        .into(async (values) => {
          await settled();
          delivered += values.length;
        });
      await Promise.all(Array.from({ length: 2000 }, (_, i) => pipeline.feed(i)));
      await pipeline.close();
      expect(delivered).toBe(2000);
    }
  });

  test("started again after a stop it gives its results to the same function; failures are told to all who listen", async () => {
    const out: number[] = [];
    const told: FlowFailure[] = [];
    const pipeline = DataPipeline.of<number>("p", { outputBuffer: 2, onFailure: (failure) => told.push(failure) })
      .stage("s", (value) => {
        if (value < 0) throw null;
        return value;
      })
      .into((value) => void out.push(value));
    const errors = pipeline.errors;
    for (let round = 0; round < 3; round++) {
      pipeline.start();
      for (let i = 0; i < 5; i++) await pipeline.feed(i);
      await pipeline.feed(-1);
      await pipeline.stop();
    }
    expect([out.length, told.length]).toEqual([15, 3]);
    expect((await errors.next()).value).toMatchObject({ value: -1, stage: "s" });
  });

  test("errors asked for after close are told as long as something is inside; leaving run lets its source go", async () => {
    const gate = Promise.withResolvers<void>();
    const pipeline = DataPipeline.of<number>("p", quiet)
      .stage("s", () => gate.promise.then(() => Promise.reject<number>(new Error("late"))))
      .discard();
    await pipeline.feed(1);
    const closing = pipeline.close();
    const errors = pipeline.errors;
    gate.resolve();
    await closing;
    expect((await errors.next()).value).toMatchObject({ error: { message: "late" } });
    let left = false;
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => {
        let n = 0;
        return {
          next: () => (n++ < 2 ? Promise.resolve({ done: false as const, value: n }) : new Promise(() => {})),
          return: () => {
            left = true;
            return Promise.resolve({ done: true as const, value: undefined });
          },
        };
      },
    };
    for await (const _ of DataPipeline.of<number>("q")
      .stage("s", (value) => value)
      .run(source))
      break;
    expect(left).toBe(true);
  });
});

describe("F-3 stream, in a corner", () => {
  test("stopped by its deadline and started again it goes on for whoever subscribes then", async () => {
    const timers = new VirtualTimers();
    const stream = ReactiveStream.of<number>("s", { timers, ...quiet }).transform((x) => (x === 0 ? new Promise<number>(() => {}) : x));
    stream.emit(0);
    await timers.run(stream.stop({ deadlineMs: 10 }));
    stream.start();
    const got: unknown[] = [];
    stream.subscribe({ next: (value) => got.push(value), complete: () => got.push("complete") });
    for (const value of [1, 2, 3]) stream.emit(value);
    await timers.advance(10);
    expect(got).toEqual([1, 2, 3]);
  });

  test("it may be completed from inside a subscriber, and a loop over it ends, also when a stop meets its deadline", async () => {
    const stream = ReactiveStream.of<number>("s");
    stream.subscribe((value) => {
      if (value === 1) stream.complete();
    });
    const seen: number[] = [];
    const loop = (async () => {
      for await (const value of stream) seen.push(value);
    })();
    stream.emit(1);
    await loop;
    expect(seen).toEqual([1]);
    const timers = new VirtualTimers();
    const stuck = ReactiveStream.of<number>("stuck", { timers }).transform(() => new Promise<number>(() => {}));
    const reading = stuck.values().next();
    stuck.emit(1);
    await timers.run(stuck.stop({ deadlineMs: 50 }));
    expect(await reading).toEqual({ done: true, value: undefined });
  });

  test("an error comes after what was emitted before it; a long wait is worked off without a deep stack", async () => {
    const stream = ReactiveStream.of<number>("s");
    const told: unknown[] = [];
    stream.subscribe({ next: async (value) => void told.push(value), error: (error) => void told.push(error) });
    for (let i = 0; i < 4; i++) stream.emit(i);
    stream.endWith("over");
    await settled();
    expect(told).toEqual([0, 1, 2, 3, "over"]);
    const deep = ReactiveStream.of<number>("deep");
    let first = true;
    const subscriber = deep.subscribe(
      () => {
        if (!first) return;
        first = false;
        return settled();
      },
      { buffer: 200_000 },
    );
    for (let i = 0; i < 100_000; i++) deep.emit(i);
    await settled();
    await settled();
    expect(subscriber.stats()).toMatchObject({ handled: 100_000, waiting: 0 });
  });

  test("what a transformer says after a stop is not heard by the next run", async () => {
    const timers = new VirtualTimers();
    const stream = ReactiveStream.of<number>("s", { timers }).transform(
      (ms) => new Promise<number>((resolve) => timers.after(ms, () => resolve(ms))),
    );
    stream.emit(60);
    await timers.run(stream.stop({ deadlineMs: 5 }));
    stream.start();
    stream.emit(200);
    await timers.advance(100);
    expect(stream.stats()).toMatchObject({ emitted: 2, delivered: 0, abandoned: 1, inside: 1 });
  });

  test("a source that is broken, silent or already at its end is dealt with", async () => {
    const failing = ReactiveStream.from<number>("f", {
      subscribe: () => {
        throw new Error("cannot");
      },
    });
    const told: unknown[] = [];
    failing.subscribe({ error: (error) => void told.push((error as Error).message) });
    let left = 0;
    const silent = ReactiveStream.from<number>("s", { subscribe: () => ({ unsubscribe: () => void left++ }) });
    await settled();
    await silent.stop({ deadlineMs: 0 });
    expect([told, left]).toEqual([["cannot"], 1]);
    expect(() => ReactiveStream.from("x", {} as never)).toThrow("x: must be made from an observable or an async iterable");
  });
});

describe("F-4 queue, in a corner", () => {
  test("who says nothing of batches leases more as long as they are done quickly, and goes back when one is not", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, ...quiet });
    const asked: number[] = [];
    const { store } = queue as unknown as { store: { lease(group: string, request: { max: number }, now: number): Lent } };
    const lease = store.lease.bind(store);
    store.lease = (group, request, now) => {
      const got = lease(group, request, now);
      if (got.messages.length > 0) asked.push(request.max);
      return got;
    };
    let slow = false;
    let handled = 0;
    await timers.run(queue.sendAll(Array.from({ length: 1000 }, (_, n) => n)));
    await timers.run(queue.sendAll(Array.from({ length: 1000 }, (_, n) => n)));
    await timers.run(queue.sendAll(Array.from({ length: 1000 }, (_, n) => n)));
    const handle = () => {
      if (++handled === 1100) slow = true;
      return slow && handled % 50 === 0 ? new Promise<void>((resolve) => timers.after(10, resolve)) : undefined;
    };
    queue.consume(handle);
    await timers.advance(2000);
    expect(handled).toBe(3000);
    expect(asked.slice(0, 5)).toEqual([1, 2, 4, 8, 16]);
    expect(Math.max(...asked)).toBe(1000);
    expect(asked.at(-1)).toBeLessThan(200);
    await timers.run(queue.stop());
  });

  test.each(["in memory", "in a file"])("handlers that hold the thread for longer than a lease lose none of it, %s", async (where) => {
    const file = where === "in a file" ? { file: join(folder, "held.db") } : {};
    const queue = MessageQueue.open<number>("q", { visibilityMs: 60, ...file, ...quiet });
    const seen: number[] = [];
    await queue.sendAll(Array.from({ length: 20 }, (_, n) => n));
    const done = Promise.withResolvers<void>();
    queue.consume(
      async ({ value }) => {
        seen.push(value);
        const until = performance.now() + 15;
        while (performance.now() < until);
      },
      { onSettled: (messages) => messages.some(({ id }) => id === 20) && done.resolve() },
    );
    await done.promise;
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(queue.stats().consumers[0]).toMatchObject({ acknowledged: 20, dead: 0, lost: 0 });
    await queue.stop();
  });

  test("what dies of leases that ran out is told: to the consumer's count, to its listener and as a failure", async () => {
    const timers = new VirtualTimers();
    const failures: FlowFailure[] = [];
    const queue = MessageQueue.open<string>("q", {
      timers,
      visibilityMs: 100,
      maxAttempts: 2,
      onFailure: (failure) => failures.push(failure),
    });
    await timers.run(queue.send("poison"));
    // Whoever takes it is killed over it.
    const { store } = queue as unknown as { store: { lease(group: string, request: object, now: number): Lent } };
    for (let i = 0; i < 2; i++) {
      expect(store.lease("default", { max: 1, until: timers.wall() + 100, token: 1 }, timers.wall()).messages.length).toBe(1);
      await timers.advance(101);
    }
    const settled: object[] = [];
    queue.consume(() => {}, { onSettled: (messages) => settled.push(...messages) });
    await timers.advance(1);
    expect(settled).toEqual([{ id: 1, end: "dead" }]);
    expect(queue.stats().consumers[0]).toMatchObject({ dead: 1, acknowledged: 0 });
    expect(failures.map(({ subject, error }) => [subject, String(error)])).toEqual([["poison", "GiveUp: its lease ran out 2 times"]]);
    await timers.run(queue.stop());
  });

  test("a consumer is the same one after a stop and a start; stopped by whoever holds it, it stays so", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, ...quiet });
    const got: number[] = [];
    const consumer = queue.consume(({ value }) => got.push(value), { name: "c" });
    await timers.run(queue.stop());
    queue.start();
    await timers.run(queue.send(1));
    await timers.advance(1);
    expect(consumer.stats()).toMatchObject({ name: "c", acknowledged: 1 });
    await timers.run(consumer.stop(100));
    await timers.run(queue.send(2));
    await timers.run(queue.stop());
    queue.start();
    await timers.advance(1);
    expect([got, queue.stats().consumers]).toEqual([[1], []]);
    await timers.run(queue.stop());
  });

  test("a store that works again clears its health, whoever found it so", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, visibilityMs: 300, ...quiet });
    const { store } = queue as unknown as { store: { extend: (...args: unknown[]) => unknown } };
    const extend = store.extend.bind(store);
    store.extend = () => {
      store.extend = extend;
      throw new Error("locked");
    };
    queue.consume(() => new Promise((resolve) => timers.after(250, () => resolve(null))));
    await timers.run(queue.send(1));
    await timers.advance(110);
    expect(queue.health()).toMatchObject({ status: "degraded" });
    await timers.advance(200);
    expect(queue.health()).toEqual({ status: "up" });
    await timers.run(queue.stop());
  });

  test("options that are no numbers are refused at once", () => {
    for (const [options, part] of [
      [{ backoff: { baseDelay: Number.NaN } }, "backoff.baseDelay: must be a number of milliseconds, 0 or more, got NaN"],
      [{ backoff: { backoff: "cubic" } }, "backoff.backoff: must be exponential or linear or constant"],
      [{ backoff: { jitter: 2 } }, "backoff.jitter: must be none, full or a number from 0 to 1, got 2"],
      [{ rememberMs: -1 }, "rememberMs: must be more than 0"],
      [{ busyMs: Number.NaN }, "busyMs: must be a number of milliseconds"],
    ] as const)
      expect(() => MessageQueue.open("q", options as never)).toThrow(part);
    const stage = (options: object) => () =>
      DataPipeline.of<number>("p")
        .stage("s", (x) => x, options)
        .discard()
        .start();
    expect(stage({ retry: { max: 1, maxDelay: -1 } })).toThrow("retry.maxDelay: must be");
    const queue = MessageQueue.open("q");
    expect(queue.deadLetters("default", Number.NaN)).rejects.toThrow("limit: must be a whole number");
    expect(queue.send(1, { idempotencyKey: "x\ud800" })).rejects.toThrow("idempotencyKey: must be a text of whole characters");
  });

  test("sends keep their order whichever way they come, and wait for room together", async () => {
    for (const place of [{}, { file: file() }]) {
      await using queue = MessageQueue.open<number>("q", { ...place, capacity: 10, pollMs: 2 });
      const sends = [queue.sendAll([1, 2, 3, 4, 5, 6]), queue.send(7), queue.sendAll([8, 9, 10, 11, 12]), queue.send(13)];
      const got: number[] = [];
      const done = Promise.withResolvers<void>();
      queue.consume(({ value }) => {
        got.push(value);
        if (got.length === 13) done.resolve();
      });
      await Promise.all([...sends, done.promise]);
      expect(got).toEqual(Array.from({ length: 13 }, (_, i) => i + 1));
    }
  });

  test("a duplicate needs no room; room that a lease leaves when it runs out is used; who will not wait is told", async () => {
    for (const place of [{}, { file: file() }]) {
      const timers = new VirtualTimers();
      const queue = MessageQueue.open<number>("q", {
        ...place,
        timers,
        capacity: 1,
        maxAttempts: 1,
        visibilityMs: 100,
        pollMs: 10,
        ...quiet,
      });
      await timers.run(queue.send(1, { idempotencyKey: "a" }));
      expect(await timers.run(queue.send(1, { idempotencyKey: "a" }))).toEqual({ id: 1, duplicate: true });
      expect(await timers.run(queue.send(9, { whenFull: "reject" }).catch(({ problem }) => problem))).toBe("full");
      expect(await timers.run(queue.sendAll([9, 10], { whenFull: "reject" }).catch(({ problem }) => problem))).toBe("full");
      const stuck = queue.consume(() => new Promise(() => {}));
      await timers.advance(20);
      await timers.run(stuck.stop(5));
      let sent = false;
      void queue.send(2).then(() => {
        sent = true;
      });
      queue.consume(() => {});
      await timers.advance(500);
      expect(sent).toBe(true);
      await timers.run(queue.stop());
    }
  });

  test("a key whose dead letter was made available again is never stuck, though a later one's lease runs out", async () => {
    for (const place of [{}, { file: file() }]) {
      const timers = new VirtualTimers();
      const queue = MessageQueue.open<number>("q", { ...place, timers, order: "key", visibilityMs: 100, pollMs: 10, ...quiet });
      await timers.run(queue.send(1, { key: "k" }));
      const first = queue.consume(({ value, attempt }) => {
        if (value === 1 && attempt === 1) throw new GiveUp("no");
        return new Promise(() => {});
      });
      await timers.advance(50);
      await timers.run(queue.send(2, { key: "k" }));
      await timers.advance(50);
      await timers.run(queue.redrive());
      await timers.run(first.stop(5));
      const got: number[] = [];
      queue.consume(({ value }) => void got.push(value));
      await timers.advance(2000);
      expect(got.sort()).toEqual([1, 2]);
      await timers.run(queue.stop());
    }
  });

  test("groups that another opener brings get every message from then on", async () => {
    const shared = file();
    await using a = MessageQueue.open<number>("a", { file: shared, groups: ["x"] });
    await using b = MessageQueue.open<number>("b", { file: shared, groups: ["x", "y"] });
    await a.send(1);
    expect((await b.depth("y")).ready).toBe(1);
  });

  test("stopped while it leases, a consumer begins nothing and puts back what came", async () => {
    for (let i = 0; i < 10; i++) {
      const place = file();
      const queue = MessageQueue.open<number>("q", { file: place });
      await queue.sendAll([1, 2, 3]);
      let [begun, ended] = [0, 0];
      queue.consume(async () => {
        begun++;
        await Bun.sleep(5);
        ended++;
      });
      for (let turns = 0; turns < i; turns++) await Promise.resolve();
      await queue.stop({ deadlineMs: 500 });
      const again = MessageQueue.open<number>("q", { file: place });
      expect([begun, (await again.depth()).leased]).toEqual([ended, 0]);
      await again.stop();
    }
  });

  test("started again after a stop it goes on, with its messages and its consumers; onSettled that throws does no harm", async () => {
    for (const place of [{}, { file: file() }]) {
      const queue = MessageQueue.open<number>("q", { ...place, ...quiet });
      const got: number[] = [];
      queue.consume(({ value }) => void got.push(value), {
        onSettled: () => {
          throw new Error("mine");
        },
      });
      await queue.send(1);
      while (queue.stats().consumers[0]?.acknowledged !== 1) await settled();
      await queue.stop();
      queue.start();
      await queue.send(2);
      while (queue.stats().consumers[0]?.acknowledged !== 1) await settled();
      expect([got, queue.stats().consumers[0]?.lost, queue.health().status]).toEqual([[1, 2], 0, "up"]);
      await queue.stop();
    }
  });

  test("a thousand priorities cost no more than their messages", async () => {
    const queue = MessageQueue.open<number>("q");
    for (let i = 0; i < 2000; i++) await queue.send(i, { priority: (i % 1999) - 999 });
    const got: number[] = [];
    queue.consume(({ priority }) => void got.push(priority));
    while (got.length < 2000) await settled();
    expect(got).toEqual([...got].sort((a, b) => b - a));
    await queue.stop();
  });
});

describe("F-5 orchestrator, in a corner", () => {
  const part = (name: string, change: Partial<Part> = {}): Part => ({
    name,
    stop: async () => {},
    stats: () => ({ n: 1 }),
    health: () => ({ status: "up" }),
    ...change,
  });

  test("stops what never came up too: it may hold something all the same", async () => {
    const timers = new VirtualTimers();
    const flows = new FlowOrchestrator({ timers });
    let stops = 0;
    const stop = async () => {
      stops++;
    };
    flows.register(part("broken", { start: () => Promise.reject(new Error("half open")), stop }), { restart: { max: 0 } });
    const waiting = flows.register(MessageQueue.open<number>("waiting", { timers, ...quiet }), { dependsOn: ["broken"] });
    await timers.run(flows.start());
    await timers.run(flows.stop());
    expect([stops, waiting.health().status]).toEqual([1, "down"]);
    const idle = MessageQueue.open<number>("idle", quiet);
    {
      await using never = new FlowOrchestrator();
      never.register(idle, { dependsOn: ["nobody"] });
      expect(never.start()).rejects.toThrow("idle depends on nobody, which is not registered");
    }
    expect(idle.health()).toEqual({ status: "down", detail: "closed" });
  });

  test("a queue under its care is worked on once what it needs is up, not before", async () => {
    const timers = new VirtualTimers();
    const flows = new FlowOrchestrator({ timers });
    let up = false;
    const opening = async () => {
      await new Promise<void>((resolve) => timers.after(100, resolve));
      up = true;
    };
    flows.register(part("db", { start: opening }));
    const queue = flows.register(MessageQueue.open<number>("q", { timers, ...quiet }), { dependsOn: ["db"] });
    const seen: boolean[] = [];
    queue.consume(() => seen.push(up));
    await timers.run(queue.send(1));
    await timers.advance(50);
    expect(seen).toEqual([]);
    await timers.run(flows.start());
    await timers.advance(1);
    expect(seen).toEqual([true]);
    await timers.run(flows.stop());
  });

  test("started twice it looks at health once; an alert on nothing says so", async () => {
    const timers = new VirtualTimers();
    const log: string[] = [];
    const flows = new FlowOrchestrator({ timers, checkMs: 20, log: (line) => log.push(line) });
    let looks = 0;
    flows.register(part("p", { health: () => ({ status: ++looks > 0 ? "up" : "down" }) }));
    flows.alert({ part: "p", figure: "failled", above: 0 });
    expect(() => flows.alert({ part: "p", figure: "failed" })).toThrow("alert: needs `above` or `below`");
    await timers.run(flows.start());
    await timers.run(flows.start());
    await timers.advance(205);
    expect(looks).toBe(10);
    expect(log.filter((line) => line.includes("failled"))).toEqual(["an alert watches p failled, and there is no such figure"]);
    await timers.run(flows.stop());
  });

  test("its bus may be one of its parts, and a stop that throws is nobody else's trouble", async () => {
    const bus = new EventBus<never>({ name: "bus" });
    const stopped: string[] = [];
    const flows = new FlowOrchestrator({ bus: bus as never });
    flows.register(part("last", { stop: async () => void stopped.push("last") }));
    flows.register(
      part("wrong", {
        stop: () => {
          throw new Error("no");
        },
      }),
    );
    flows.register(bus);
    await flows.start();
    await flows.stop();
    expect(stopped).toEqual(["last"]);
  });

  test("a stop during a start leaves nothing running", async () => {
    const gate = Promise.withResolvers<void>();
    let running = false;
    const flows = new FlowOrchestrator();
    flows.register(
      part("slow", {
        start: async () => {
          await gate.promise;
          running = true;
        },
        stop: async () => {
          running = false;
        },
      }),
    );
    const starting = flows.start();
    await settled();
    const stopping = flows.stop({ deadlineMs: 50 });
    gate.resolve();
    await Promise.all([starting, stopping]);
    expect(running).toBe(false);
  });

  test("a task that throws at once is restarted; an alert or a log that throws ends no watching", async () => {
    const timers = new VirtualTimers();
    let runs = 0;
    let alerts = 0;
    const flows = new FlowOrchestrator({
      timers,
      checkMs: 10,
      log: () => {
        throw new Error("log");
      },
    });
    flows.task(
      "t",
      () => {
        runs++;
        throw new Error("at once");
      },
      { restart: { backoff: "constant", baseDelay: 10, jitter: "none" } },
    );
    let n = 0;
    flows.register(part("p", { stats: () => ({ n: n++ % 2 }) }));
    flows.alert({ part: "p", figure: "n", above: 0 }, () => {
      alerts++;
      throw new Error("alert");
    });
    await flows.start();
    await timers.advance(200);
    expect([runs > 5, alerts > 5]).toEqual([true, true]);
    await timers.run(flows.stop());
  });
});

describe("F a channel, in a corner", () => {
  test("values leave in the order they came, and every writer is let in", async () => {
    const channel = new Channel<number>(1);
    channel.offer(0);
    const writers = [channel.put(1), channel.put(2), channel.put(3)];
    const read = [await channel.next(), await channel.next(), await channel.next(), await channel.next()];
    expect(read.map(({ value }) => value)).toEqual([0, 1, 2, 3]);
    expect(await Promise.all(writers)).toEqual([true, true, true]);
    const last = channel.next();
    channel.close();
    expect((await last).done).toBe(true);
  });
});

describe("F options that make no sense are named", () => {
  test.each([
    [() => new Channel(0), "capacity of a channel: must be a whole number of at least 1, got 0"],
    [() => DataPipeline.of("p").batch({ size: 0 }).stats(), "batch, size: must be a whole number of at least 1, got 0"],
    [() => DataPipeline.of("p", { outputBuffer: 0 }).stats(), "outputBuffer: must be"],
    [
      () =>
        DataPipeline.of("p")
          .stage("s", (v) => v, { concurrency: 0 })
          .stats(),
      "s, concurrency: must be",
    ],
    [() => new EventBus<{ a: 1 }>().subscribe("a", () => {}, { concurrency: -3 }), "concurrency: must be"],
    [() => new EventBus<{ a: 1 }>().subscribe("a", () => {}, { timeoutMs: 0 }), "timeoutMs: must be more than 0 milliseconds, got 0"],
    [() => ReactiveStream.of("s", { buffer: 1.5 }), "buffer: must be"],
    [() => MessageQueue.open("q", { groups: [] }), "groups: must name at least one group, got none"],
    [() => MessageQueue.open("q", { visibilityMs: -1 }), "visibilityMs: must be"],
    [() => MessageQueue.open("q").consume(() => {}, { group: "nope" }), 'there is no group "nope"; the groups are default'],
    [() => MessageQueue.open("q").consume(() => {}, { batch: 0 }), "batch: must be"],
  ] as const)("%#", (make, said) => {
    expect(make).toThrow(said);
  });

  test("a stopped part says so", () => {
    expect(new Stopped("x").name).toBe("Stopped");
  });
});

describe("an async function that never had to wait counts at once, whatever it gave", () => {
  const atOnce = async () => {};

  test("a handler of the bus, a subscriber of a stream", () => {
    const bus = new EventBus<{ a: number }>();
    bus.subscribe("a", atOnce, { concurrency: 1, buffer: 0 });
    const stream = ReactiveStream.of<number>("s");
    stream.subscribe(atOnce, { overflow: "drop-newest", buffer: 0 });
    for (let i = 0; i < 3; i++) {
      bus.emit("a", i);
      stream.emit(i);
    }
    expect(bus.stats()).toMatchObject({ handled: 3, dropped: 0, inFlight: 0 });
    expect(stream.stats().subscribers).toMatchObject([{ handled: 3, dropped: 0 }]);
  });

  test("one that failed already fails all the same", async () => {
    const failures: FlowFailure[] = [];
    const bus = new EventBus<{ a: number }>({ onFailure: (failure) => failures.push(failure) });
    bus.subscribe("a", async () => Promise.reject(new Error("no")));
    expect(await bus.publish("a", 1)).toMatchObject({ handled: 0, failed: 1 });
    expect(failures).toHaveLength(1);
  });
});

describe("what a production application meets", () => {
  test("F-4 slow handlers share: nobody holds more than it works on", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, ...quiet });
    await timers.run(queue.sendAll(Array.from({ length: 60 }, (_, n) => n)));
    const by = [0, 0, 0];
    for (const who of [0, 1, 2]) {
      queue.consume(() => {
        by[who] = (by[who] ?? 0) + 1;
        return new Promise<void>((resolve) => timers.after(20, resolve));
      });
    }
    await timers.advance(450);
    expect(by).toEqual([20, 20, 20]);
    await timers.run(queue.stop());
  });

  test("F-4 handlers that hold the thread leave the loop its turn", async () => {
    const queue = MessageQueue.open<number>("q", quiet);
    await queue.sendAll(Array.from({ length: 400 }, (_, n) => n));
    let seen = 0;
    let seenAtTick = 0;
    setTimeout(() => {
      seenAtTick = seen;
    }, 5);
    await new Promise<void>((resolve) => {
      queue.consume(async () => {
        const until = performance.now() + 0.5;
        while (performance.now() < until);
        if (++seen === 400) resolve();
      });
    });
    expect(seenAtTick).toBeGreaterThan(0);
    expect(seenAtTick).toBeLessThan(400);
    await queue.stop();
  });

  test("F-4 a consumer that stops itself begins nothing more, and others get what it had at once", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, ...quiet });
    await timers.run(queue.sendAll(Array.from({ length: 100 }, (_, n) => n)));
    const first: number[] = [];
    const second: number[] = [];
    const one = queue.consume(
      ({ value }) => {
        first.push(value);
        if (first.length === 3) void one.stop(0);
      },
      { batch: 100 },
    );
    queue.consume(({ value }) => void second.push(value));
    await timers.advance(100);
    expect(first).toEqual([0, 1, 2]);
    expect(second).toHaveLength(97);
    await timers.run(queue.stop());
  });

  test.each(["in a stage", "at the end"])("F-2 a pipeline closed by its own function, %s, ends", async (where) => {
    const pipeline = DataPipeline.of<number>("p")
      .stage("one", (value) => {
        if (where === "in a stage") closing ??= pipeline.close();
        return value;
      })
      .into(() => {
        if (where === "at the end") closing ??= pipeline.close();
      });
    let closing: Promise<unknown> | undefined;
    await pipeline.feed(1);
    await closing;
    expect(pipeline.stats().delivered).toBe(1);
  });

  test("F-3 a stream made from a source goes through the transformers that are added", async () => {
    async function* source() {
      yield* [1, 2, 3, 4, 5];
    }
    const got: number[] = [];
    const ended = Promise.withResolvers<void>();
    ReactiveStream.from<number>("s", source())
      .filter((value) => value % 2 === 1)
      .transform((value) => value * 10)
      .subscribe({ next: (value) => void got.push(value), complete: ended.resolve });
    await ended.promise;
    expect(got).toEqual([10, 30, 50]);
  });

  test("F-1 a handler that unsubscribes itself and fails later is told of, not thrown", async () => {
    const failures: FlowFailure[] = [];
    const bus = new EventBus<{ a: number }>({ onFailure: (failure) => failures.push(failure) });
    const subscription = bus.subscribe("a", async () => {
      subscription.unsubscribe();
      await Promise.resolve();
      throw new Error("later");
    });
    bus.emit("a", 1);
    await settled();
    expect(failures.map(({ error }) => (error as Error).message)).toEqual(["later"]);
  });

  test("F-1 an iteration that replays more than it can hold has the latest", async () => {
    const bus = new EventBus<{ a: number }>();
    for (let i = 0; i < 100; i++) bus.emit("a", i);
    const got: number[] = [];
    for await (const { data } of bus.events("a", { replay: true, buffer: 10 })) if (got.push(data) === 10) break;
    expect(got).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
    expect(bus.stats()).toMatchObject({ failed: 0 });
  });

  test("F-5 what an open breaker refuses is not tried again", async () => {
    const timers = new VirtualTimers();
    let calls = 0;
    const fails = () => {
      calls++;
      throw new Error("ill");
    };
    const options = { retry: { max: 3 }, circuitBreaker: { failureThreshold: 1, openForMs: 60_000 } };
    const pipeline = DataPipeline.of<number>("p", { timers, ...quiet })
      .stage("one", fails, options)
      .into(() => {});
    await timers.run(pipeline.feed(1));
    await timers.advance(10_000);
    const before = calls;
    await timers.run(pipeline.feed(2));
    await timers.advance(10);
    expect(calls).toBe(before);
    expect(pipeline.stats().failed).toBe(2);
  });

  test("F-2 a run that was left early has no part in the next, and lets its source go at once", async () => {
    const timers = new VirtualTimers();
    const pipeline = DataPipeline.of<number>("p").stage("one", (value) => value);
    const left: string[] = [];
    async function* slow(name: string, values: readonly number[]) {
      try {
        for (const value of values) {
          await new Promise<void>((resolve) => timers.after(50, resolve));
          yield value;
        }
      } finally {
        left.push(name);
      }
    }
    const early = (async () => {
      for await (const _ of pipeline.run(slow("first", [1, 666, 667]))) break;
    })();
    await timers.run(early);
    const got: number[] = [];
    const second = (async () => {
      for await (const value of pipeline.run(slow("second", [10, 11, 12]))) got.push(value);
    })();
    await timers.run(second);
    expect(got).toEqual([10, 11, 12]);
    expect(left.toSorted()).toEqual(["first", "second"]);
    const stopped = (async () => {
      for await (const _ of pipeline.run(slow("third", Array(100).fill(0)))) void pipeline.stop({ deadlineMs: 10 });
    })();
    await timers.run(stopped.catch(() => {}));
    expect(left).toContain("third");
  });

  test("F-6 a part that hangs while it starts holds up who needs it, and nobody beside it", async () => {
    const timers = new VirtualTimers();
    const flows = new FlowOrchestrator({ timers, startMs: 100 });
    const part = (name: string, start: () => Promise<void> = async () => {}): Part => ({
      name,
      start,
      stop: async () => {},
      stats: () => ({}),
      health: () => ({ status: "up" }),
    });
    flows.register(part("a"));
    flows.register(
      part("b", () => new Promise(() => {})),
      { dependsOn: ["a"] },
    );
    flows.register(part("c"), { dependsOn: ["a"] });
    await timers.run(flows.start());
    expect(flows.health().parts).toMatchObject({ a: { state: "up" }, b: { state: "starting" }, c: { state: "up" } });
    await timers.run(flows.stop({ deadlineMs: 0 }));
  });

  test("F-5 stopped and started again, a part has all its restarts again", async () => {
    const timers = new VirtualTimers();
    const flows = new FlowOrchestrator({ timers });
    let runs = 0;
    const fails = async () => {
      runs++;
      throw new Error("no");
    };
    flows.task("t", fails, { restart: { max: 3, backoff: "constant", baseDelay: 1, jitter: "none" } });
    for (const expected of [4, 8]) {
      await timers.run(flows.start());
      await timers.advance(50);
      expect(runs).toBe(expected);
      await timers.run(flows.stop());
    }
  });

  test("callbacks that reject are told of: of alerts, failures, what is settled, an observer's end", async () => {
    const timers = new VirtualTimers();
    const rejects = async () => {
      throw new Error("rejected");
    };
    const lines: string[] = [];
    const flows = new FlowOrchestrator({ timers, checkMs: 10, log: (line) => lines.push(line) });
    const bus = flows.register(new EventBus<{ a: number }>({ name: "bus", onFailure: rejects }));
    flows.alert({ part: "bus", figure: "published", above: 0 }, rejects);
    await timers.run(flows.start());
    bus.subscribe("a", () => {
      throw new Error("first");
    });
    bus.emit("a", 1);
    await timers.advance(20);
    expect(lines).toContain("telling of an alert of bus failed: rejected");
    const failures: string[] = [];
    const onFailure = ({ place }: FlowFailure) => void failures.push(place);
    const queue = MessageQueue.open<number>("q", { timers, onFailure });
    queue.consume(() => {}, { name: "c", onSettled: rejects });
    await timers.run(queue.send(1));
    await timers.advance(10);
    const stream = ReactiveStream.of<number>("s", { onFailure });
    stream.subscribe({ complete: rejects as unknown as () => void }, { name: "o" });
    stream.complete();
    await settled();
    expect(failures).toEqual(["c, onSettled", "o"]);
    await timers.run(Promise.all([queue.stop(), flows.stop()]));
  });

  test("F-4 a clock that jumps neither stalls a consumer nor lets it hold the loop", async () => {
    const timers = new VirtualTimers();
    let ahead = 0;
    const wall = timers.wall.bind(timers);
    timers.wall = () => wall() + ahead;
    const queue = MessageQueue.open<number>("q", { timers, ...quiet });
    await timers.run(queue.sendAll(Array.from({ length: 30 }, (_, n) => n)));
    let seen = 0;
    queue.consume(() => {
      if (++seen === 2) ahead = 60_000;
      return new Promise<void>((resolve) => timers.after(20, resolve));
    });
    await timers.advance(800);
    expect(seen).toBe(30);
    ahead = -3_600_000;
    await timers.run(queue.send(99));
    await timers.advance(50);
    expect(seen).toBe(31);
    await timers.run(queue.stop());
  });

  test("F-1 a bus stopped by its own handler stops at once; who subscribes meanwhile stays", async () => {
    const timers = new VirtualTimers();
    const bus = new EventBus<{ a: number }>({ timers });
    let stopping: Promise<void> | undefined;
    bus.subscribe("a", () => {
      stopping ??= bus.stop({ deadlineMs: 3000 });
    });
    bus.emit("a", 1);
    const from = timers.now();
    await timers.run(stopping ?? Promise.reject(new Error("not stopped")));
    expect(timers.now() - from).toBe(0);
    const slow = new EventBus<{ a: number }>({ timers, ...quiet });
    slow.subscribe("a", () => new Promise(() => {}));
    slow.emit("a", 1);
    const old = slow.stop({ deadlineMs: 10 });
    slow.start();
    const got: number[] = [];
    slow.subscribe("a", ({ data }) => void got.push(data));
    await timers.run(old);
    slow.emit("a", 2);
    expect(got).toEqual([2]);
  });

  test("F-1 so many of the past means so many of those it hears", () => {
    const bus = new EventBus<{ a: number }>();
    bus.emit("a", 1, { source: "x" });
    bus.emit("a", 2, { source: "y" });
    const got: number[] = [];
    bus.subscribe("a", ({ data }) => void got.push(data), { source: "x", replay: 1 });
    expect(got).toEqual([1]);
  });

  test("F-4 a queue that was stopped leaves no timer behind; a file needs a name", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, capacity: 1, pollMs: 4000, file: file(), ...quiet });
    await timers.run(queue.send(1));
    const second = queue.send(2).catch(() => {});
    await timers.advance(10);
    await timers.run(queue.stop());
    await second;
    expect(timers.pending).toBe(0);
    expect(() => MessageQueue.open("q", { file: "" })).toThrow("file: must be a path");
  });

  test("a thing that only says it can be waited for, and throws when it is, is a failure like any other", async () => {
    // biome-ignore lint/suspicious/noThenProperty: what this is about
    const bad = Object.defineProperty({}, "then", {
      value: () => {
        throw new Error("not so");
      },
    }) as Promise<number>;
    const told: string[] = [];
    const onFailure = ({ error }: FlowFailure) => void told.push((error as Error).message);
    const stream = ReactiveStream.of<number>("s", { onFailure });
    stream.subscribe(() => bad);
    stream.emit(1);
    const pipeline = DataPipeline.of<number>("p", { onFailure }).stage("one", () => bad);
    await pipeline.feed(1);
    const bus = new EventBus<{ a: number }>({ onFailure });
    bus.subscribe("a", () => bad);
    bus.emit("a", 1);
    await settled();
    expect(told).toEqual(["not so", "not so", "not so"]);
    expect([stream.stats().subscribers[0]?.inFlight, pipeline.stats().inside, bus.stats().inFlight]).toEqual([0, 0, 0]);
  });
});
