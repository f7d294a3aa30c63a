import { describe, expect, test } from "bun:test";
import { DataPipeline, type FlowFailure } from "../../../../src/flows/index.ts";
import { quiet, throwing, unreadable } from "../../../support/flow-oddities.ts";
import { settled, VirtualTimers } from "../../../support/virtual-timers.ts";

/** Sources whose values come 50 ms apart, and the names of those that were closed. */
function sources(timers: VirtualTimers) {
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
  return { left, slow };
}

describe("runs of a data pipeline", () => {
  test("a stage's answer whose `then` cannot be read is a value as any other", async () => {
    const pipeline = DataPipeline.of<number>("p")
      .stage("odd", () => unreadable)
      .discard();
    await pipeline.feed(1);
    await pipeline.close();
    expect(pipeline.stats()).toMatchObject({ delivered: 1, inside: 0 });
  });

  test("no fallback is called for an item that was abandoned", async () => {
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

  test("an output that never returns makes the pipeline degraded", async () => {
    const timers = new VirtualTimers();
    const pipeline = DataPipeline.of<number>("p", { timers }).stage("same", (value) => value);
    pipeline.into(() => new Promise<number>(() => {}));
    await pipeline.feed(1);
    await timers.advance(31_000);
    expect(pipeline.health()).toEqual({ status: "degraded", detail: "the output has been at one item for 31 s" });
  });

  test("an output may feed its own pipeline any number of times without a deep stack", () => {
    const pipeline = DataPipeline.of<number>("p")
      .stage("s", (x) => x)
      .into((x) => {
        if (x < 50_000) pipeline.offer(x + 1);
      });
    pipeline.offer(0);
    expect(pipeline.stats()).toMatchObject({ fed: 50_001, delivered: 50_001, failed: 0, inside: 0 });
  });

  test("a stage function that closes the output abandons its own item, and nothing runs any more", async () => {
    const pipeline: DataPipeline<number> = DataPipeline.of<number>("p", quiet).stage("s", (x) => {
      void pipeline.output.return?.();
      return x;
    });
    expect(pipeline.process(1)).rejects.toThrow("p was stopped");
    expect(pipeline.stats()).toMatchObject({ fed: 1, delivered: 0, abandoned: 1, inside: 0, stages: [{ running: 0 }] });
  });

  test("an ordered stage that was held up by a full batch goes on when there is room", async () => {
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

  test("a pipeline that is started again keeps its output function, its failure listener and its error iteration", async () => {
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

  test("an error iteration that begins after close hears of what was still inside", async () => {
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
  });

  test("leaving the loop over a run closes the source of the run", async () => {
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

  test.each(["in a stage", "at the end"])("a pipeline that is closed by its own function, %s, ends", async (where) => {
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

  test("a call that an open circuit breaker refuses is not tried again", async () => {
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

  test("a run that was left early gives nothing to the next run, and its source is closed", async () => {
    const timers = new VirtualTimers();
    const pipeline = DataPipeline.of<number>("p").stage("one", (value) => value);
    const { left, slow } = sources(timers);
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
  });

  test("a run that is stopped closes its source", async () => {
    const timers = new VirtualTimers();
    const pipeline = DataPipeline.of<number>("p").stage("one", (value) => value);
    const { left, slow } = sources(timers);
    const stopped = (async () => {
      for await (const _ of pipeline.run(slow("third", Array(100).fill(0)))) void pipeline.stop({ deadlineMs: 10 });
    })();
    await timers.run(stopped.catch(() => {}));
    expect(left).toContain("third");
  });

  test("an answer whose `then` throws is a failure of the stage", async () => {
    const told: string[] = [];
    const onFailure = ({ error }: FlowFailure) => void told.push((error as Error).message);
    const pipeline = DataPipeline.of<number>("p", { onFailure }).stage("one", () => throwing);
    await pipeline.feed(1);
    await settled();
    expect([told, pipeline.stats().inside]).toEqual([["not so"], 0]);
  });
});
