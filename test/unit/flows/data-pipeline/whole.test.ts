import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DataPipeline, type PipelineStats, Stopped } from "../../../../src/flows/index.ts";
import { rounds } from "../../../support/campaign.ts";
import { quiet } from "../../../support/flow-oddities.ts";
import { settled, VirtualTimers } from "../../../support/virtual-timers.ts";

const broke = new Error("source broke");

/** Chunks that come, then an error. */
function breaking(chunks: number): ReadableStream<number> {
  let i = 0;
  return new ReadableStream({
    pull: async (controller) => {
      await null;
      if (i++ < chunks) controller.enqueue(i);
      else controller.error(broke);
    },
  });
}

async function readAll<T>(source: ReadableStream<T> | AsyncIterable<T>): Promise<{ values: T[]; error: unknown }> {
  const values: T[] = [];
  try {
    for await (const value of source as AsyncIterable<T>) values.push(value);
    return { values, error: null };
  } catch (error) {
    return { values, error };
  }
}

const NEVER = new Promise<number>(() => {});

/** Doubles what it is fed, and never ends with what is negative. */
const doubling = (name = "p") =>
  DataPipeline.of<number>(name, quiet).stage("double", async (value) => (value < 0 ? NEVER : value * 2), { concurrency: 2 });

function balanced({ fed, delivered, filtered, failed, abandoned, inside }: PipelineStats): boolean {
  return fed === delivered + filtered + failed + abandoned + inside;
}

describe("F-2 what a pipeline carries is whole, or it says so", () => {
  /** What makes it end early, and the reason that its readers get. */
  const ENDS: Readonly<Record<string, (p: DataPipeline<number, number>) => Promise<unknown>>> = {
    "a source that breaks": (p) =>
      breaking(3)
        .pipeTo(p.writable)
        .catch((error) => error),
    "a writer that aborts": async (p) => {
      const writer = p.writable.getWriter();
      await writer.write(1);
      await writer.abort(broke);
      return broke;
    },
    "a stop with something inside": async (p) => {
      p.offer(-1);
      await p.stop({ deadlineMs: 0 });
      return expect.any(Stopped);
    },
  };

  test.each(Object.entries(ENDS))("%s: `readable` errors with the reason", async (_, end) => {
    const p = doubling();
    const reading = readAll(p.readable);
    const reason = await end(p);
    expect((await reading).error).toEqual(reason as Error);
  });

  test("a pipeline that is closed, or stopped with nothing inside, ends well", async () => {
    const p = doubling();
    const reading = readAll(p.readable);
    for (let i = 0; i < 5; i++) await p.feed(i);
    await settled();
    await p.stop({ deadlineMs: 0 });
    expect(await reading).toEqual({ values: [0, 2, 4, 6, 8], error: null });
  });

  test("the reason of an abort arrives at everyone: callers, feeders, stages, loops, the other writables", async () => {
    const p = DataPipeline.of<number>("p", quiet).stage(
      "stuck",
      (_, { signal }) => {
        reasons.push(signal);
        return new Promise<number>(() => {});
      },
      { buffer: 1 },
    );
    const reasons: AbortSignal[] = [];
    const other = p.writable.getWriter();
    const waits = [p.process(1), p.feed(2), p.feed(3), readAll(p.output).then(({ error }) => Promise.reject(error)), other.closed];
    await settled();
    await p.writable.abort(broke);
    expect((await Promise.allSettled(waits)).map((each) => (each.status === "rejected" ? each.reason : each.status))).toEqual([
      broke,
      "fulfilled",
      broke,
      broke,
      broke,
    ]);
    expect(reasons.map(({ reason }) => reason)).toEqual([broke]);
    expect(p.feed(4)).rejects.toBe(broke);
    expect(() => p.offer(4)).toThrow(broke);
  });

  test("the reason of a cancel arrives at what is inside, and at the source", async () => {
    const signals: AbortSignal[] = [];
    const p = DataPipeline.of<number>("p", quiet).stage("stuck", (_, { signal }) => {
      signals.push(signal);
      return new Promise<number>(() => {});
    });
    const cancelled: unknown[] = [];
    const source = new ReadableStream<number>({ pull: (c) => c.enqueue(1), cancel: (reason) => void cancelled.push(reason) });
    const piping = source.pipeTo(p.writable);
    const { readable } = p;
    await settled();
    await readable.cancel(broke);
    expect(piping).rejects.toBe(broke);
    await piping.catch(() => {});
    expect([signals[0]?.reason, ...cancelled]).toEqual([broke, broke]);
  });

  test("a reader that breaks off leaves the rest to the others; the last one ends it", async () => {
    const p = doubling();
    const first: number[] = [];
    const reading = readAll(p.output);
    const breaking = (async () => {
      for await (const value of p.output) {
        first.push(value);
        break;
      }
    })();
    for (let i = 1; i <= 6; i++) await p.feed(i);
    await breaking;
    await p.close();
    const { values, error } = await reading;
    expect([[...first, ...values].sort((a, b) => a - b), error]).toEqual([[2, 4, 6, 8, 10, 12], null]);
    const alone = doubling();
    await alone.feed(1);
    for await (const _ of alone.output) break;
    expect(alone.feed(2)).rejects.toBeInstanceOf(Stopped);
  });

  test("Web Streams of the platform: pipeThrough, tee, compression", async () => {
    const bytes = DataPipeline.of<string>("text").stage("encode", async (text) => new TextEncoder().encode(text));
    const texts = Array.from({ length: 2000 }, (_, i) => `line ${i}\n`);
    let at = 0;
    const source = new ReadableStream<string>({ pull: (c) => (at < texts.length ? c.enqueue(texts[at++]) : c.close()) });
    const zipped = source.pipeThrough({ readable: bytes.readable, writable: bytes.writable }).pipeThrough(new CompressionStream("gzip"));
    const [a, b] = zipped.pipeThrough(new DecompressionStream("gzip")).tee();
    const both = await Promise.all([new Response(a).text(), new Response(b).text()]);
    expect(both).toEqual([texts.join(""), texts.join("")]);
    expect(bytes.stats()).toMatchObject({ fed: 2000, delivered: 2000, inside: 0 });
  });
});

describe("F-2 results and callers", () => {
  test("`process` without an output: its result is its caller's, however many there are; what is read gets it too", async () => {
    const p = doubling();
    for (let i = 0; i < 1500; i++) expect(await p.process(i)).toBe(i * 2);
    expect(p.stats()).toMatchObject({ delivered: 1500, outputWaiting: 0 });
    const read = doubling();
    const reading = readAll(read.output);
    expect(await read.process(4)).toBe(8);
    await read.close();
    expect((await reading).values).toEqual([8]);
  });

  test("results that nobody reads make the pipeline degraded", async () => {
    const timers = new VirtualTimers();
    const p = DataPipeline.of<number>("p", { timers, outputBuffer: 1 }).stage("x", (value) => value);
    for (let i = 0; i < 3; i++) p.offer(i);
    expect(p.health().status).toBe("up");
    await timers.advance(31_000);
    expect(p.health()).toEqual({ status: "degraded", detail: "the output has been at one item for 31 s" });
  });

  test("a last stage that has an effect and returns nothing has delivered; before others `tap` passes the item on", async () => {
    const saved: number[] = [];
    const p = DataPipeline.of<number>("p")
      .tap("save", async (value) => void saved.push(value))
      .tap("log", (value) => void saved.push(-value))
      .stage("send", async () => {})
      .discard();
    expect(await p.process(3)).toBe(undefined);
    p.offer(4);
    await p.close();
    expect([saved.sort((a, b) => a - b), p.stats()]).toMatchObject([[-4, -3, 3, 4], { delivered: 2, filtered: 0 }]);
    const filters = DataPipeline.of<number>("f")
      .stage("none", () => undefined)
      .into(() => {});
    expect(await filters.process(1)).toBe(undefined);
    expect(filters.stats()).toMatchObject({ delivered: 0, filtered: 1 });
  });
});

describe("F-2 a caller that gives up", () => {
  test("before it is fed: nothing is begun", async () => {
    let begun = 0;
    const p = DataPipeline.of<number>("p")
      .stage("x", () => ++begun)
      .discard();
    const signal = AbortSignal.abort(broke);
    expect(p.process(1, { signal })).rejects.toBe(broke);
    expect(p.feed(1, { signal })).rejects.toBe(broke);
    expect(() => p.offer(1, { signal })).toThrow(broke);
    await settled();
    expect([begun, p.stats().fed]).toEqual([0, 0]);
  });

  test("while it waits for room, in a stage, and between stages", async () => {
    const gate = Promise.withResolvers<void>();
    const begun: string[] = [];
    const p = DataPipeline.of<string>("p", quiet)
      .stage(
        "first",
        async (value, { signal }) => {
          begun.push(`first ${value}`);
          await gate.promise;
          return signal.aborted ? `${value}, ${(signal.reason as Error).message}` : value;
        },
        { buffer: 1 },
      )
      .stage("second", (value) => {
        begun.push(`second ${value}`);
        return value;
      })
      .discard();
    const abort = new AbortController();
    const { signal } = abort;
    const waits = [p.process("inside", { signal }), p.feed("queued", { signal }), p.feed("outside", { signal }), p.process("stays")];
    abort.abort(broke);
    gate.resolve();
    const results = await Promise.allSettled(waits);
    expect(results.map((each) => (each.status === "rejected" ? each.reason : each.value))).toEqual([broke, undefined, broke, "stays"]);
    expect(begun).toEqual(["first inside", "first stays", "second stays"]);
    expect(p.stats()).toMatchObject({ fed: 3, delivered: 1, abandoned: 2, inside: 0 });
  });

  test("a signal that outlives its items holds none of them", async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const counted = {
      aborted: false,
      throwIfAborted: () => {},
      addEventListener: () => void listeners++,
      removeEventListener: () => void listeners--,
    } as unknown as typeof signal;
    const p = DataPipeline.of<number>("p", quiet)
      .stage("x", (value) => {
        if (value === 2) throw new Error("no");
        return value === 3 ? undefined : value;
      })
      .into(() => {});
    for (const value of [1, 2, 3]) await p.feed(value, { signal: counted });
    await p.close();
    expect(listeners).toBe(0);
  });

  test("every item is accounted for, whoever gives up when", async () => {
    const item = fc.record({ takes: fc.integer({ min: 0, max: 3 }), givenUpAt: fc.option(fc.integer({ min: 0, max: 8 })) });
    const options = fc.record({
      concurrency: fc.integer({ min: 1, max: 3 }),
      ordered: fc.boolean(),
      buffer: fc.integer({ min: 0, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 12 }), fc.array(options, { minLength: 1, maxLength: 3 }), async (items, stages) => {
        const timers = new VirtualTimers();
        let p: DataPipeline<{ takes: number }> = DataPipeline.of("p", { timers, ...quiet });
        for (const [i, stage] of stages.entries())
          p = p.stage(`s${i}`, (value) => new Promise((resolve) => timers.after(value.takes, () => resolve(value))), stage);
        p.discard();
        const outcomes = items.map(({ takes, givenUpAt }) => {
          const abort = new AbortController();
          if (givenUpAt !== null) timers.after(givenUpAt, () => abort.abort(broke));
          return p.process({ takes }, { signal: abort.signal }).then(
            () => null,
            (error: unknown) => error,
          );
        });
        const closing = timers.run(Promise.all(outcomes)).then(() => timers.run(p.close()));
        await closing;
        const given = await Promise.all(outcomes);
        expect(given.every((error, i) => error === null || (error === broke && items[i]?.givenUpAt !== null))).toBe(true);
        const stats = p.stats();
        expect([balanced(stats), stats.inside, stats.failed]).toEqual([true, 0, 0]);
      }),
      { numRuns: rounds(60) },
    );
  });
});
