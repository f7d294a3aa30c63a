import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { from, map, Subject } from "rxjs";
import { type FlowFailure, ReactiveStream, Stopped, type StreamOverflow, type StreamStats } from "../../../src/flows/index.ts";
import { rounds } from "../../support/campaign.ts";
import { quiet } from "../../support/flow-oddities.ts";
import { settled, VirtualTimers } from "../../support/virtual-timers.ts";

function balanced({ emitted, delivered, filtered, failed, dropped, abandoned, inside }: StreamStats): boolean {
  return emitted === delivered + filtered + failed + dropped + abandoned + inside;
}

describe("F-3 ReactiveStream", () => {
  test("values go through transformers, sync or not, in order, to every subscriber", async () => {
    const stream = ReactiveStream.of<number>("s")
      .transform((value) => value + 1)
      .filter((value) => value !== 3)
      .transform(async (value) => `v${value}`);
    const [a, b]: [string[], string[]] = [[], []];
    stream.subscribe((value) => void a.push(value));
    stream.subscribe({ next: (value) => void b.push(value), complete: () => void b.push("end") });
    for (let i = 0; i < 4; i++) expect(stream.emit(i)).toBe(true);
    stream.complete();
    await settled();
    expect([a, b]).toEqual([
      ["v1", "v2", "v4"],
      ["v1", "v2", "v4", "end"],
    ]);
    expect(stream.stats()).toMatchObject({ emitted: 4, delivered: 3, filtered: 1, inside: 0 });
    expect(() => stream.emit(9)).toThrow(Stopped);
  });

  test("each subscriber has an overflow rule of its own; a slow one is nobody else's trouble", async () => {
    const stream = ReactiveStream.of<number>("s", quiet);
    const gate = Promise.withResolvers<void>();
    const got = new Map<string, number[]>();
    const errors: string[] = [];
    for (const overflow of ["drop-oldest", "drop-newest", "latest", "fail"] as StreamOverflow[]) {
      const values: number[] = [];
      got.set(overflow, values);
      stream.subscribe(
        {
          next: (value) => {
            values.push(value);
            return gate.promise;
          },
          error: (error) => void errors.push((error as Error).message),
        },
        { name: overflow, overflow, buffer: 2 },
      );
    }
    const fast: number[] = [];
    stream.subscribe((value) => void fast.push(value));
    for (let i = 0; i < 6; i++) stream.emit(i);
    expect(fast).toEqual([0, 1, 2, 3, 4, 5]);
    expect(errors).toEqual(["more than 2 values were waiting"]);
    gate.resolve();
    await settled();
    expect(Object.fromEntries(got)).toEqual({ "drop-oldest": [0, 4, 5], "drop-newest": [0, 1, 2], latest: [0, 5], fail: [0] });
    expect(stream.stats().subscribers.map(({ name, dropped }) => [name, dropped])).toEqual([
      ["drop-oldest", 3],
      ["drop-newest", 3],
      ["latest", 4],
      ["subscriber 1", 0],
    ]);
  });

  test("a transformer or subscriber that throws loses that value and no other", async () => {
    const failures: FlowFailure[] = [];
    const stream = ReactiveStream.of<number>("s", { onFailure: (failure) => failures.push(failure) }).transform((value) => {
      if (value === 1) throw new Error("not one");
      return value === 2 ? Promise.reject<number>(new Error("not two")) : value;
    });
    const got: number[] = [];
    stream.subscribe(
      (value) => {
        if (value === 3) throw new Error("not three");
      },
      { name: "picky" },
    );
    stream.subscribe((value) => void got.push(value));
    for (let i = 0; i < 5; i++) stream.emit(i);
    await settled();
    expect(got).toEqual([0, 3, 4]);
    expect(failures.map(({ place, subject, error }) => [place, subject, (error as Error).message])).toEqual([
      ["transformer", 1, "not one"],
      ["transformer", 2, "not two"],
      ["picky", 3, "not three"],
    ]);
  });

  test("emit never waits: beyond its buffer a value is dropped, and said so", async () => {
    const stream = ReactiveStream.of<number>("s", { buffer: 2 }).transform((value) => Promise.resolve(value));
    const got: number[] = [];
    stream.subscribe((value) => void got.push(value));
    expect([0, 1, 2, 3, 4].map((value) => stream.emit(value))).toEqual([true, true, true, false, false]);
    await settled();
    expect(got).toEqual([0, 1, 2]);
    expect(stream.stats()).toMatchObject({ emitted: 5, delivered: 3, dropped: 2 });
  });

  test("RxJS takes it and gives to it", async () => {
    const stream = ReactiveStream.of<number>("s").transform((value) => value * 2);
    const got: string[] = [];
    const subscription = from(stream as never as Subject<number>)
      .pipe(map((value) => `rx${value}`))
      .subscribe({ next: (value) => got.push(value), complete: () => got.push("done") });
    stream.emit(1);
    stream.emit(2);
    stream.complete();
    await settled();
    expect(got).toEqual(["rx2", "rx4", "done"]);
    expect(subscription.closed).toBe(true);

    const subject = new Subject<number>();
    const back = ReactiveStream.from<number>("back", subject);
    const told: unknown[] = [];
    back.subscribe({ next: (value) => void told.push(value), error: (error) => void told.push((error as Error).message) });
    await settled();
    subject.next(5);
    subject.error(new Error("over"));
    await settled();
    expect(told).toEqual([5, "over"]);
  });

  test("leaving RxJS unsubscribes", () => {
    const stream = ReactiveStream.of<number>("s");
    const subscription = from(stream as never as Subject<number>).subscribe();
    expect(stream.stats().subscribers).toHaveLength(1);
    subscription.unsubscribe();
    expect(stream.stats().subscribers).toHaveLength(0);
  });

  test("async iterables and Web Streams go in and out", async () => {
    const source = new ReadableStream<number>({
      start(controller) {
        for (const value of [1, 2, 3]) controller.enqueue(value);
        controller.close();
      },
    });
    const stream = ReactiveStream.from<number>("s", source);
    const got: number[] = [];
    for await (const value of stream) got.push(value);
    expect(got).toEqual([1, 2, 3]);
    async function* broken() {
      yield 1;
      throw new Error("source broke");
    }
    const failing = ReactiveStream.from<number>("f", broken());
    const reading = (async () => {
      for await (const value of failing) got.push(value);
    })();
    expect(reading).rejects.toThrow("source broke");
    await reading.catch(() => {});
    expect(got).toEqual([1, 2, 3, 1]);
  });

  test("a stop ends by its deadline though a subscriber never returns", async () => {
    const timers = new VirtualTimers();
    const stream = ReactiveStream.of<number>("s", { timers });
    stream.subscribe(() => new Promise(() => {}), { name: "dead" });
    const got: number[] = [];
    stream.subscribe((value) => void got.push(value));
    for (let i = 0; i < 3; i++) stream.emit(i);
    await timers.advance(31_000);
    expect(stream.health()).toEqual({ status: "degraded", detail: "dead has been at one value for 31 s" });
    const stopping = stream.stop({ deadlineMs: 50 });
    await timers.advance(50);
    await stopping;
    expect(got).toEqual([0, 1, 2]);
    expect(stream.stats().subscribers).toEqual([]);
  });

  test("every value is accounted for, for the stream and for each subscriber", async () => {
    const rule = fc.record({
      overflow: fc.constantFrom<StreamOverflow>("drop-oldest", "drop-newest", "latest", "fail"),
      buffer: fc.integer({ min: 0, max: 3 }),
      takes: fc.integer({ min: 0, max: 4 }),
      throws: fc.boolean(),
    });
    const change = fc.constantFrom("as it is", "filter", "throw", "later");
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 3 }),
        fc.array(rule, { maxLength: 4 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 }),
        async (changes, rules, pauses) => {
          const timers = new VirtualTimers();
          let stream: ReactiveStream<number> = ReactiveStream.of<number>("s", { timers, buffer: 4, ...quiet });
          for (const kind of changes)
            stream = stream.transform((value) => {
              if (kind === "filter") return value % 3 === 0 ? undefined : value;
              if (kind === "throw" && value % 4 === 0) throw new Error("no");
              return kind === "later" ? new Promise<number>((resolve) => timers.after(value % 3, () => resolve(value))) : value;
            });
          const seen = rules.map(() => [] as number[]);
          const subscribers = rules.map(({ takes, throws, overflow, buffer }, i) =>
            stream.subscribe(
              {
                next: (value) => {
                  seen[i]?.push(value);
                  if (throws && value % 2 === 0) throw new Error("no");
                  return takes === 0 ? undefined : new Promise<void>((resolve) => timers.after(takes, resolve));
                },
                error: () => {},
              },
              { overflow, buffer },
            ),
          );
          const check = () => {
            expect(balanced(stream.stats())).toBe(true);
            for (const subscriber of subscribers) {
              const { offered, handled, failed, dropped, abandoned, waiting, inFlight } = subscriber.stats();
              expect(offered).toBe(handled + failed + dropped + abandoned + waiting + inFlight);
            }
          };
          for (const [i, pause] of pauses.entries()) {
            stream.emit(i);
            check();
            if (pause > 0) await timers.advance(pause);
            check();
          }
          const stopping = stream.stop({ deadlineMs: 5 });
          await timers.advance(5);
          await stopping;
          check();
          expect(stream.stats()).toMatchObject({ inside: 0, emitted: pauses.length });
          for (const values of seen) expect(values).toEqual([...values].sort((a, b) => a - b));
        },
      ),
      { numRuns: rounds(100) },
    );
  });

  test("a transformer or subscriber for other values does not compile", () => {
    const stream = ReactiveStream.of<number>("s", quiet).transform((value) => `${value}`);
    // @ts-expect-error: a text has no toFixed
    stream.subscribe((value) => value.toFixed());
    // @ts-expect-error: numbers go in
    expect(stream.emit("1")).toBe(true);
  });
});
