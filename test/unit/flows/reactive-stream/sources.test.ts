import { describe, expect, test } from "bun:test";
import { BehaviorSubject, firstValueFrom, from, interval, of, range, Subject, toArray } from "rxjs";
import { ReactiveStream, type ReactiveStream as Stream } from "../../../../src/flows/index.ts";
import { quiet } from "../../../support/flow-oddities.ts";
import { settled, VirtualTimers } from "../../../support/virtual-timers.ts";

/** Counts what is asked of it, and what is not wanted any more. */
function counting(count: number) {
  const asked = { opened: 0, values: 0, left: 0 };
  const iterable = {
    async *[Symbol.asyncIterator]() {
      asked.opened++;
      let whole = false;
      try {
        for (let i = 0; i < count; i++) {
          asked.values++;
          yield i;
        }
        whole = true;
      } finally {
        if (!whole) asked.left++;
      }
    },
  };
  return { asked, iterable };
}

const numbers = (count: number) => counting(count).iterable;
const webStream = (count: number) => {
  let i = 0;
  return new ReadableStream<number>({ pull: (c) => (i < count ? c.enqueue(i++) : c.close()) }) as unknown as AsyncIterable<number>;
};

/** Resolves when a subscriber has handled all there was. */
const handled = (stream: Stream<number>, next: (value: number) => unknown) =>
  new Promise<void>((resolve, reject) => stream.subscribe({ next, complete: resolve, error: reject }));

/** Takes its time over one value in fifty. */
function pausing(timers: VirtualTimers, value: number, seen: number[]): Promise<void> | undefined {
  seen.push(value);
  return value % 50 === 0 ? new Promise<void>((resolve) => timers.after(1, resolve)) : undefined;
}

describe("F-3 a source that can wait loses nothing", () => {
  const COUNT = 3000;
  const SOURCES: Readonly<Record<string, () => AsyncIterable<number>>> = {
    "an async iterable": () => numbers(COUNT),
    "a Web Stream": () => webStream(COUNT),
  };
  /** Ways to take what comes, slower than it could come. */
  const TAKERS: Readonly<Record<string, (stream: Stream<number>, timers: VirtualTimers, seen: number[]) => Promise<unknown>>> = {
    "a transformer that waits": (stream, _, seen) => {
      const slow = stream.transform(async (value) => {
        await null;
        return value;
      });
      return handled(slow, (value) => void seen.push(value));
    },
    "a subscriber that waits, beside one that does not": (stream, timers, seen) => {
      stream.subscribe(() => {});
      return handled(stream, (value) => pausing(timers, value, seen));
    },
    "a loop that takes its time, with a small buffer": async (stream, timers, seen) => {
      for await (const value of stream.values({ buffer: 2 })) {
        await pausing(timers, value, seen);
      }
    },
    "a branch of a branch": (stream, timers, seen) => {
      const branch = stream.filter(() => true).transform((value) => value);
      return handled(branch, (value) => pausing(timers, value, seen));
    },
  };

  describe.each(Object.entries(SOURCES))("%s", (_, source) => {
    test.each(Object.entries(TAKERS))("to %s", async (_, take) => {
      const timers = new VirtualTimers();
      const seen: number[] = [];
      await timers.run(take(ReactiveStream.from("s", source(), { timers, buffer: 16 }), timers, seen));
      expect(seen).toEqual(Array.from({ length: COUNT }, (_, i) => i));
    });
  });

  test("it is read as slowly as its slowest subscriber, and waits for none that chose to lose values", async () => {
    const { asked, iterable } = counting(1000);
    const stream = ReactiveStream.from("s", iterable);
    const gate = Promise.withResolvers<void>();
    const slow = stream.subscribe(() => gate.promise, { buffer: 4 });
    await settled();
    expect(asked.values).toBe(5);
    gate.resolve();
    slow.unsubscribe();
    const loose = ReactiveStream.from("s", numbers(1000));
    const lossy = loose.subscribe(() => new Promise<void>(() => {}), { overflow: "drop-oldest", buffer: 4 });
    await handled(loose, () => {});
    expect(lossy.stats()).toMatchObject({ offered: 1000, dropped: 995 });
  });
});

describe("F-3 a source is followed while there are subscribers", () => {
  test("not before the first; left with the last, whichever branch it was on; taken up again by the next", async () => {
    const { asked, iterable } = counting(1e9);
    const stream = ReactiveStream.from("s", iterable);
    const odd = stream.filter((value) => value % 2 === 1);
    await settled();
    expect(asked.opened).toBe(0);
    const a = stream.subscribe(() => new Promise(() => {}), { buffer: 1 });
    const b = odd.subscribe(() => new Promise(() => {}), { buffer: 1 });
    await settled();
    a.unsubscribe();
    await settled();
    expect(asked).toMatchObject({ opened: 1, left: 0 });
    b.unsubscribe();
    await settled();
    expect(asked).toMatchObject({ opened: 1, left: 1 });
    for await (const value of stream) if (value === 3) break;
    expect(asked).toMatchObject({ opened: 2 });
    await settled();
    expect(asked.left).toBe(2);
  });

  test("the first values of a hot source are there, and those that it says while it is subscribed to", () => {
    const subject = new Subject<number>();
    const got: number[] = [];
    const stream = ReactiveStream.from("s", subject);
    const subscriber = stream.subscribe((value) => got.push(value));
    subject.next(1);
    expect(got).toEqual([1]);
    subscriber.unsubscribe();
    expect(subject.observed).toBe(false);
    ReactiveStream.from("s", new BehaviorSubject(7)).subscribe((value) => got.push(value));
    expect(got).toEqual([1, 7]);
  });

  test("a source that ends at once ends its loops, one that is left by its first value is left", async () => {
    const seen: number[] = [];
    for await (const value of ReactiveStream.from("s", of(1, 2, 3))) seen.push(value);
    expect(seen).toEqual([1, 2, 3]);
    const subject = new BehaviorSubject(1);
    const stream = ReactiveStream.from("s", subject);
    const abort = new AbortController();
    stream.subscribe(() => abort.abort(), { signal: abort.signal });
    expect([subject.observed, stream.stats().subscribers]).toEqual([false, []]);
  });
});

describe("F-3 branches are real", () => {
  test("what is emitted on one all hear, each through its own transformers; they end together", async () => {
    const base = ReactiveStream.of<number>("s");
    const got: unknown[] = [];
    base.subscribe({ next: (value) => got.push(value), complete: () => got.push("base done") });
    const odd = base.filter((value) => value % 2 === 1);
    const text = odd.transform((value) => `t${value}`);
    odd.subscribe({ next: (value) => got.push(`odd ${value}`), complete: () => got.push("odd done") });
    text.subscribe((value) => got.push(value));
    expect([base.emit(1), base.emit(2), text.emit(3)]).toEqual([true, true, true]);
    expect(got).toEqual([1, "odd 1", "t1", 2, 3, "odd 3", "t3"]);
    odd.complete();
    await settled();
    expect(got.slice(7)).toEqual(["base done", "odd done"]);
    expect(() => base.emit(1)).toThrow("s has ended");
    expect(text.health().status).toBe("down");
    expect(odd.stats()).toMatchObject({ emitted: 3, delivered: 2, filtered: 1 });
  });

  test("a branch that is full or fails takes nothing from another", async () => {
    const base = ReactiveStream.of<number>("s", { buffer: 1, ...quiet });
    const stuck = base.transform(() => new Promise<number>(() => {}));
    const broken = base.transform(() => {
      throw new Error("no");
    });
    const got: number[] = [];
    for (const branch of [stuck, broken]) branch.subscribe(() => {});
    base.subscribe((value) => got.push(value));
    expect([1, 2, 3].map((value) => base.emit(value))).toEqual([true, true, true]);
    expect([got, stuck.emit(4), stuck.stats().dropped, broken.stats().failed]).toEqual([[1, 2, 3, 4], false, 2, 4]);
    const timers = base.stop({ deadlineMs: 0 });
    await timers;
    expect(stuck.stats()).toMatchObject({ inside: 0, abandoned: 2, subscribers: [] });
  });
});

describe("F-3 RxJS, both ways", () => {
  test("operators of RxJS over a stream, a stream over operators of RxJS", async () => {
    const stream = ReactiveStream.from("s", range(1, 100)).filter((value) => value % 10 === 0);
    expect(await firstValueFrom(from(stream as never as Subject<number>).pipe(toArray()))).toEqual([
      10, 20, 30, 40, 50, 60, 70, 80, 90, 100,
    ]);
    const ticks = ReactiveStream.from("t", interval(1));
    const seen: number[] = [];
    for await (const value of ticks) if (seen.push(value) === 3) break;
    expect(seen).toEqual([0, 1, 2]);
    expect(ticks.stats().subscribers).toEqual([]);
  });

  test("found under the well-known symbol, whenever somebody defines it", async () => {
    const symbols = Symbol as unknown as { observable?: symbol };
    const before = Object.getOwnPropertyDescriptor(Symbol, "observable");
    const stream = ReactiveStream.of<number>("s");
    for (const key of [Symbol("first"), Symbol("second")]) {
      Object.defineProperty(Symbol, "observable", { value: key, configurable: true, writable: true });
      const observable = (stream as unknown as Record<symbol, () => Stream<number>>)[key]?.();
      expect([observable === stream, key in stream]).toEqual([true, true]);
      const other = { [key]: () => of(1, 2) };
      const got: number[] = [];
      ReactiveStream.from<number>("o", other as never).subscribe((value) => got.push(value));
      expect(got).toEqual([1, 2]);
    }
    if (before === undefined) delete symbols.observable;
    else Object.defineProperty(Symbol, "observable", before);
    expect((stream as unknown as { then?: unknown }).then).toBe(undefined);
  });
});
