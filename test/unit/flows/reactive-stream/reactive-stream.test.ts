import { describe, expect, test } from "bun:test";
import { type FlowFailure, ReactiveStream } from "../../../../src/flows/index.ts";
import { quiet, throwing, unreadable } from "../../../support/flow-oddities.ts";
import { settled, VirtualTimers } from "../../../support/virtual-timers.ts";

describe("reactive streams", () => {
  test.each(["drop-oldest", "drop-newest"] as const)(
    "values that an iteration drops are counted by its subscriber, %s",
    async (overflow) => {
      const stream = ReactiveStream.of<number>("s");
      const values = stream.values({ buffer: 2, overflow });
      for (let i = 0; i < 10; i++) stream.emit(i);
      await settled();
      expect(stream.stats().subscribers).toMatchObject([{ offered: 10, handled: 2, dropped: 8, waiting: 0 }]);
      const kept = overflow === "drop-oldest" ? [8, 9] : [0, 1];
      expect([(await values.next()).value, (await values.next()).value]).toEqual(kept);
    },
  );

  test("an iteration that keeps the latest value counts the others as dropped", async () => {
    const stream = ReactiveStream.of<number>("s");
    const values = stream.values({ overflow: "latest" });
    for (let i = 0; i < 10; i++) stream.emit(i);
    expect(stream.stats().subscribers).toMatchObject([{ handled: 1, dropped: 9 }]);
    expect((await values.next()).value).toBe(9);
  });

  test("a transformer's answer whose `then` cannot be read is a value as any other", () => {
    const stream = ReactiveStream.of<number>("s").transform(() => unreadable);
    stream.emit(1);
    expect(stream.stats()).toMatchObject({ delivered: 1, inside: 0 });
  });

  test("a transformer that never returns makes the stream degraded", async () => {
    const timers = new VirtualTimers();
    const stream = ReactiveStream.of<number>("s", { timers }).transform(() => new Promise<number>(() => {}));
    stream.emit(1);
    await timers.advance(31_000);
    expect(stream.health()).toEqual({ status: "degraded", detail: "a transformer has been at one value for 31 s" });
  });

  test("an error that has ended a stream is told to those who subscribe later", async () => {
    const stream = ReactiveStream.of<number>("s", quiet);
    stream.endWith(new Error("boom"));
    await settled();
    const heard: string[] = [];
    stream.subscribe({ complete: () => heard.push("complete"), error: (error) => heard.push(String(error)) });
    expect(heard).toEqual(["Error: boom"]);
    expect(stream.values().next()).rejects.toThrow("boom");
  });

  test("a stream that ends unsubscribes from its source", async () => {
    let left = 0;
    const observable = { subscribe: () => ({ unsubscribe: () => void left++ }), [Symbol.observable]: () => observable };
    const followed = ReactiveStream.from<number>("s", observable as never, quiet);
    followed.subscribe(() => {});
    await settled();
    followed.endWith(new Error("enough"));
    await followed.stop();
    expect(left).toBe(1);
  });

  test("an iterator that fails while it is closed is a failure of the stream, not of the application", async () => {
    const failures: FlowFailure[] = [];
    const gate = Promise.withResolvers<void>();
    async function* source() {
      try {
        yield 1;
        await gate.promise;
        yield 2;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: what this is about
        throw new Error("cleaning up failed");
      }
    }
    const stream = ReactiveStream.from("s", source(), { onFailure: (failure) => failures.push(failure) });
    stream.subscribe(() => {});
    await settled();
    stream.complete();
    gate.resolve();
    await settled();
    expect(failures.map(({ place, error }) => [place, String(error)])).toEqual([["source", "Error: cleaning up failed"]]);
  });

  test("an async subscriber that never had to wait takes no room in the buffer", () => {
    const stream = ReactiveStream.of<number>("s");
    stream.subscribe(async () => {}, { overflow: "drop-newest", buffer: 0 });
    for (let i = 0; i < 3; i++) stream.emit(i);
    expect(stream.stats().subscribers).toMatchObject([{ handled: 3, dropped: 0 }]);
  });

  test("a stream that its deadline has stopped goes on for new subscribers once it is started again", async () => {
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

  test("a stream that a subscriber completes ends the loops over it", async () => {
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
  });

  test("a stream that its deadline stops ends the loops over it", async () => {
    const timers = new VirtualTimers();
    const stuck = ReactiveStream.of<number>("stuck", { timers }).transform(() => new Promise<number>(() => {}));
    const reading = stuck.values().next();
    stuck.emit(1);
    await timers.run(stuck.stop({ deadlineMs: 50 }));
    expect(await reading).toEqual({ done: true, value: undefined });
  });

  test("an error is delivered after the values that were emitted before it", async () => {
    const stream = ReactiveStream.of<number>("s");
    const told: unknown[] = [];
    stream.subscribe({ next: async (value) => void told.push(value), error: (error) => void told.push(error) });
    for (let i = 0; i < 4; i++) stream.emit(i);
    stream.endWith("over");
    await settled();
    expect(told).toEqual([0, 1, 2, 3, "over"]);
  });

  test("a long wait is worked off without a deep stack", async () => {
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

  test("what a transformer returns after a stop is not part of the next run", async () => {
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

  test("a source that throws when it is subscribed to is an error of the stream", async () => {
    const failing = ReactiveStream.from<number>("f", {
      subscribe: () => {
        throw new Error("cannot");
      },
    });
    const told: unknown[] = [];
    failing.subscribe({ error: (error) => void told.push((error as Error).message) });
    await settled();
    expect(told).toEqual(["cannot"]);
  });

  test("a stream whose source says nothing unsubscribes from it when it is stopped", async () => {
    let left = 0;
    const silent = ReactiveStream.from<number>("s", { subscribe: () => ({ unsubscribe: () => void left++ }) });
    silent.subscribe(() => {});
    await settled();
    await silent.stop({ deadlineMs: 0 });
    expect(left).toBe(1);
  });

  test("what is neither an observable nor an async iterable is refused as a source", () => {
    expect(() => ReactiveStream.from("x", {} as never)).toThrow("x: must be made from an observable or an async iterable");
  });

  test("a stream made from a source goes through the transformers that are added to it", async () => {
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

  test("an observer's `complete` that rejects is reported as a failure of its subscriber", async () => {
    const failures: string[] = [];
    const stream = ReactiveStream.of<number>("s", { onFailure: ({ place }) => void failures.push(place) });
    const rejects: () => void = async () => {
      throw new Error("rejected");
    };
    stream.subscribe({ complete: rejects }, { name: "o" });
    stream.complete();
    await settled();
    expect(failures).toEqual(["o"]);
  });

  test("an answer whose `then` throws is a failure of the subscriber", async () => {
    const told: string[] = [];
    const stream = ReactiveStream.of<number>("s", { onFailure: ({ error }) => void told.push((error as Error).message) });
    stream.subscribe(() => throwing);
    stream.emit(1);
    await settled();
    expect([told, stream.stats().subscribers[0]?.inFlight]).toEqual([["not so"], 0]);
  });
});
