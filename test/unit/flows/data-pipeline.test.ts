import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DataPipeline, type FlowContext, type FlowFailure, type PipelineStats, Stopped } from "../../../src/flows/index.ts";
import { rounds } from "../../support/campaign.ts";
import { quiet } from "../../support/flow-oddities.ts";
import { settled, VirtualTimers } from "../../support/virtual-timers.ts";

function balanced({ fed, delivered, filtered, failed, abandoned, inside }: PipelineStats): boolean {
  return fed === delivered + filtered + failed + abandoned + inside && inside >= 0;
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

describe("F-2 DataPipeline", () => {
  test("items go through typed stages in turn; undefined filters, a throw goes to the error output", async () => {
    const pipeline = DataPipeline.of<string>("prices")
      .stage("parse", (text) => {
        if (Number.isNaN(Number(text))) throw new Error(`${text} is no number`);
        return Number(text);
      })
      .stage("positive", (price) => (price > 0 ? price : undefined))
      .stage("format", async (price) => ({ cents: price * 100 }));
    const errors = collect(pipeline.errors);
    const results = await collect(pipeline.run(["1", "x", "-2", "3"]));
    expect(results).toEqual([{ cents: 100 }, { cents: 300 }]);
    expect(await errors).toEqual([{ value: "x", stage: "parse", error: new Error("x is no number"), context: expect.anything() }]);
    expect(pipeline.stats()).toMatchObject({
      fed: 4,
      delivered: 2,
      filtered: 1,
      failed: 1,
      inside: 0,
      stages: [
        { name: "parse", in: 4, out: 3, failed: 1 },
        { name: "positive", in: 3, out: 2, filtered: 1 },
        { name: "format", in: 2, out: 2 },
      ],
    });
  });

  test("a failure nobody reads is reported, not passed over in silence", async () => {
    const failures: FlowFailure[] = [];
    const pipeline = DataPipeline.of<number>("p", { onFailure: (failure) => failures.push(failure) })
      .stage("s", () => Promise.reject(new Error("no")))
      .discard();
    await pipeline.feed(5);
    await pipeline.close();
    expect(failures).toMatchObject([{ part: "p", place: "s", subject: 5, error: { message: "no" } }]);
  });

  test("each item has one context through all stages: ids, fields, signal", async () => {
    const seen: FlowContext[] = [];
    const pipeline = DataPipeline.of<number>("p")
      .stage("a", (value, context) => {
        seen.push(context);
        return value;
      })
      .stage("b", async (value, context) => {
        seen.push(context);
        return value;
      })
      .discard();
    await pipeline.feed(1, { fields: { user: "ann" }, correlationId: "c-1" });
    await pipeline.feed(2);
    await pipeline.close();
    expect(seen.map(({ correlationId }) => correlationId === "c-1")).toEqual([true, true, false, false]);
    expect(seen[0]?.fields).toEqual({ user: "ann" });
    expect(seen[0]?.flowId).toBe(seen[1]?.flowId as string);
    expect(seen[2]?.flowId).not.toBe(seen[0]?.flowId as string);
    expect(seen[2]?.correlationId).toBe(seen[2]?.flowId as string);
  });

  test("order is kept where asked, whatever each item takes, and not where it is not", async () => {
    for (const ordered of [true, false]) {
      const timers = new VirtualTimers();
      const out: number[] = [];
      const pipeline = DataPipeline.of<number>("p", { timers })
        .stage("wait", (ms) => new Promise<number>((resolve) => timers.after(ms, () => resolve(ms))), { concurrency: 4, ordered })
        .into((value) => {
          out.push(value);
        });
      for (const ms of [40, 10, 30, 20]) pipeline.offer(ms);
      await timers.advance(100);
      expect(out).toEqual(ordered ? [40, 10, 30, 20] : [10, 20, 30, 40]);
    }
  });

  test("a slow last stage makes who feeds wait: nothing grows beyond its buffers", async () => {
    const timers = new VirtualTimers();
    const pipeline = DataPipeline.of<number>("p", { timers })
      .stage("fast", (value) => value, { buffer: 3 })
      .stage("slow", (value) => new Promise<number>((resolve) => timers.after(10, () => resolve(value))), { buffer: 2, concurrency: 2 })
      .discard();
    let fed = 0;
    const feeding = (async () => {
      for (let i = 0; i < 50; i++) {
        await pipeline.feed(i);
        fed++;
      }
      await pipeline.close();
    })();
    await settled();
    // 2 at work and 2 waiting in the slow stage, one held and 3 waiting in the fast one.
    expect(fed).toBe(8);
    expect(pipeline.offer(99)).toBe(false);
    await timers.run(feeding);
    expect(timers.now()).toBe(250);
    expect(pipeline.stats()).toMatchObject({ fed: 50, delivered: 50, inside: 0 });
  });

  test("a result nobody reads holds the line back too", async () => {
    const pipeline = DataPipeline.of<number>("p", { outputBuffer: 2 }).stage("s", (value) => value, { buffer: 2 });
    let fed = 0;
    void (async () => {
      for (let i = 0; i < 10; i++) {
        await pipeline.feed(i);
        fed++;
      }
      await pipeline.close();
    })();
    await settled();
    expect(fed).toBe(5);
    expect(await collect(pipeline.output)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("a stage has a time limit, retries with backoff, a circuit breaker and a fallback", async () => {
    const timers = new VirtualTimers();
    const aborted: unknown[] = [];
    let calls = 0;
    const pipeline = DataPipeline.of<number>("p", { timers, ...quiet })
      .stage(
        "flaky",
        (value, { signal }) => {
          calls++;
          if (value === 1 && calls < 3) throw new Error("not yet");
          if (value !== 2) return value;
          signal.addEventListener("abort", () => aborted.push(signal.reason.message));
          return new Promise<number>(() => {});
        },
        { timeoutMs: 50, retry: { max: 2, backoff: "constant", baseDelay: 10, jitter: "none" }, fallback: (value) => -value },
      )
      .stage(
        "guarded",
        (value) => {
          if (value < 0) throw new Error("negative");
          return value;
        },
        { circuitBreaker: { failureThreshold: 1, openForMs: 1000 } },
      );
    const results = collect(pipeline.output);
    for (const value of [1, 2, 3]) await pipeline.feed(value);
    const closing = pipeline.close();
    await timers.advance(5000);
    await closing;
    expect(await results).toEqual([1]);
    expect(calls).toBe(3 + 3 + 1);
    expect(aborted).toEqual(Array(3).fill("took longer than 50 ms"));
    expect(pipeline.stats()).toMatchObject({
      delivered: 1,
      failed: 2,
      stages: [
        { retries: 4, timeouts: 3, fallbacks: 1, out: 3 },
        { failed: 2, refused: 1, breaker: "open" },
      ],
    });
    expect(pipeline.stats().stages[0]?.["meanMs"]).toBeCloseTo((20 + 170 + 0) / 3, 1);
  });

  test("batches go when they are full or overdue, and count as what they hold", async () => {
    const timers = new VirtualTimers();
    const out: number[][] = [];
    const pipeline = DataPipeline.of<number>("p", { timers, ...quiet })
      .batch({ size: 3, timeoutMs: 20 })
      .stage("sum", (values, context) => {
        expect(context.parts).toHaveLength(values.length);
        if (values.includes(13)) throw new Error("unlucky");
        return values;
      })
      .into((values) => {
        out.push(values);
      });
    for (const value of [1, 2, 3, 4]) await pipeline.feed(value);
    await timers.advance(19);
    expect(out).toEqual([[1, 2, 3]]);
    await timers.advance(1);
    expect(out).toEqual([[1, 2, 3], [4]]);
    for (const value of [13, 5, 6, 7]) await pipeline.feed(value);
    await pipeline.close();
    expect(out).toEqual([[1, 2, 3], [4], [7]]);
    expect(pipeline.stats()).toMatchObject({
      fed: 8,
      delivered: 5,
      failed: 3,
      inside: 0,
      stages: [{ batches: 4, meanSize: 2 }, { in: 8 }],
    });
  });

  test("process resolves with what becomes of that item", async () => {
    const pipeline = DataPipeline.of<number>("p", quiet)
      .stage("half", async (value) => (value % 2 === 0 ? value / 2 : undefined), { concurrency: 3, buffer: 1 })
      .stage("positive", (value) => {
        if (value < 0) throw new Error("negative");
        return value;
      })
      .batch({ size: 2 })
      .discard();
    const ends = await Promise.allSettled([4, 3, -2, 6].map((value) => pipeline.process(value)));
    expect(ends.map((end) => (end.status === "fulfilled" ? end.value : end.reason.message))).toEqual([
      [2, 3],
      undefined,
      "negative",
      [2, 3],
    ]);
  });

  test("Web Streams can be piped through it", async () => {
    const pipeline = DataPipeline.of<number>("p").stage("double", (value) => value * 2);
    const source = new ReadableStream<number>({
      start(controller) {
        for (const value of [1, 2, 3]) controller.enqueue(value);
        controller.close();
      },
    });
    expect(await collect(source.pipeThrough(pipeline))).toEqual([2, 4, 6]);
  });

  test("a stop ends by its deadline though a stage never returns; what is inside is abandoned and told so", async () => {
    const timers = new VirtualTimers();
    const told: string[] = [];
    const pipeline = DataPipeline.of<number>("p", { timers })
      .stage(
        "stuck",
        (value, { signal }) => {
          signal.addEventListener("abort", () => told.push(signal.reason.message));
          return value === 0 ? 0 : new Promise<number>(() => {});
        },
        { concurrency: 2, buffer: 1 },
      )
      .discard();
    const feeds = Promise.allSettled([0, 1, 2, 3, 4].map((value) => pipeline.feed(value)));
    await timers.advance(31_000);
    expect(pipeline.health()).toEqual({ status: "degraded", detail: "stuck has been at one item for 31 s" });
    const stopping = pipeline.stop({ deadlineMs: 100 });
    await timers.advance(100);
    await stopping;
    expect(told).toEqual(["p was stopped", "p was stopped"]);
    expect(pipeline.stats()).toMatchObject({ fed: 4, delivered: 1, abandoned: 3, inside: 0 });
    expect((await feeds).map(({ status }) => status)).toEqual([...Array(4).fill("fulfilled"), "rejected"]);
    expect(() => pipeline.offer(9)).toThrow(Stopped);
  });

  test("no timer outlives a stop: one for an attempt that never ends among them", async () => {
    const timers = new VirtualTimers();
    const pipeline = DataPipeline.of<number>("p", { timers, ...quiet })
      .stage("stuck", () => new Promise<number>(() => {}), { timeoutMs: 3_600_000 })
      .discard();
    await pipeline.feed(1);
    const stopping = pipeline.stop({ deadlineMs: 100 });
    await timers.advance(100);
    await stopping;
    await settled();
    expect(timers.pending).toBe(0);
  });

  test("a pipeline runs again, from nothing; not while another run is on its way out", async () => {
    const pipeline = DataPipeline.of<number>("p").stage("double", (value) => 2 * value);
    expect(await collect(pipeline.run([1, 2]))).toEqual([2, 4]);
    expect(await collect(pipeline.run([3]))).toEqual([6]);
    expect(pipeline.stats()).toMatchObject({ fed: 1, delivered: 1 });
    const stuck = DataPipeline.of<number>("q").stage("stuck", () => new Promise<number>(() => {}));
    await stuck.feed(1);
    void stuck.close();
    expect(collect(stuck.run([1]))).rejects.toThrow("q is closing; it can run again once all is out");
    await stuck.stop({ deadlineMs: 0 });
  });

  test("every item is accounted for and order is kept, whatever stages do", async () => {
    const stage = fc.record({
      concurrency: fc.integer({ min: 1, max: 4 }),
      buffer: fc.integer({ min: 1, max: 4 }),
      kind: fc.constantFrom("plain", "filter", "fail", "wait", "batch", "feeds itself"),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(stage, { maxLength: 4 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (stages, count, cut) => {
          const timers = new VirtualTimers();
          let pipeline: DataPipeline<number, unknown> = DataPipeline.of<number>("p", { timers, outputBuffer: 3, ...quiet });
          let extra = 3;
          const flat = (value: unknown): number => (Array.isArray(value) ? flat(value[0]) : Number(value));
          for (const { kind, ...options } of stages) {
            if (kind === "batch") pipeline = pipeline.batch({ size: options.concurrency, timeoutMs: 5 });
            else
              pipeline = pipeline.stage(
                kind,
                (value) => {
                  const n = flat(value);
                  if (kind === "filter" && n % 3 === 0) return undefined;
                  if (kind === "fail" && n % 4 === 0) throw new Error("failed");
                  if (kind === "wait") return new Promise<unknown>((resolve) => timers.after((n * 7) % 5, () => resolve(value)));
                  if (kind === "feeds itself" && n === 5 && extra-- > 0) whole.offer(1000 + extra);
                  return value;
                },
                options,
              );
          }
          const whole = pipeline;
          const out: number[] = [];
          const reading = (async () => {
            for await (const value of whole.output) out.push(...([value].flat(9) as number[]));
          })();
          const feeding = (async () => {
            for (let i = 0; i < count; i++) {
              await whole.feed(i);
              expect(balanced(whole.stats())).toBe(true);
            }
          })();
          const stopsEarly = cut < 3;
          feeding.catch(() => {});
          await timers.advance(cut);
          if (stopsEarly) await timers.run(whole.stop({ deadlineMs: 1 }));
          else {
            await timers.run(feeding);
            await timers.run(whole.close());
          }
          await timers.run(reading);
          expect(balanced(whole.stats())).toBe(true);
          expect(whole.stats()).toMatchObject({ inside: 0, delivered: out.length });
          if (!stopsEarly) expect(whole.stats().abandoned).toBe(0);
          const own = out.filter((value) => value < 1000);
          expect(own).toEqual([...own].sort((a, b) => a - b));
        },
      ),
      { numRuns: rounds(150) },
    );
  });

  test("stages that do not fit together do not compile, nor does the wrong item", () => {
    const pipeline = DataPipeline.of<{ id: number }>("p").stage("id", ({ id }) => id);
    // @ts-expect-error: a number has no name
    pipeline.stage("name", ({ name }) => name);
    // @ts-expect-error: an item has an id
    expect(() => pipeline.offer({ number: 1 })).not.toThrow();
  });
});
