import { describe, expect, test } from "bun:test";
import type { RunnerResult } from "../../../src/engine/protocol.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { runVirtually } from "../../support/virtual-run.ts";

/** A hundred messages, one every 10 ms from 0 on, each worked for so long; on a virtual clock, so that every figure is known. */
async function run(mode: Mode, milliseconds: number, value: object = {}): Promise<RunnerResult> {
  const load = { executor: "constant-arrival-rate", rate: 100, duration: "1s" };
  const { result } = await runVirtually(
    scenarioSchema.parse({ title: "x", load, work: { kind: "cpu", time: `${milliseconds}ms` }, ...value }),
    mode,
  );
  return result;
}

const near = (value: number) => expect.closeTo(value, 6);
const times = ({ latency: { sojourn, schedule, queue, batch, service } }: RunnerResult) =>
  [sojourn, schedule, queue, batch, service].map(({ mean }) => Number(mean.toFixed(6)));

describe("the figures of a case without a line", () => {
  test.each(["sync", "async", "parallel"] as const)(
    "%s: each message takes its own time, and all that comes is done as it comes",
    async (mode) => {
      const result = await run(mode, 4);
      expect(times(result)).toEqual([4, 0, 0, 0, 4]);
      // From the first due to the last done; but what comes at a rate is not done at a higher one.
      expect([result.durationMs, result.throughput, result.offeredRate, result.intakeRate]).toEqual([
        near(994),
        near(100),
        near(100),
        near(100),
      ]);
      expect(result.ledger).toMatchObject({ scheduled: 100, processed: 100, unfinished: 0 });
      expect(result.littlesLaw).toMatchObject({ meanInSystem: near(400 / 994), lambdaTimesW: near(400 / 994) });
      expect([result.status, result.warnings, result.problems]).toEqual(["completed", [], []]);
      expect(result.tape.count).toBe(100);
    },
  );

  test("its thread was busy for as long as it worked", async () => {
    expect((await run("sync", 4)).process.eventLoop.busy).toBeCloseTo(400 / 994, 6);
    expect((await run("async", 4)).process.eventLoop.busy).toBeCloseTo(400 / 994, 6);
  });

  test("after a warm-up only what fell due later is measured", async () => {
    const result = await run("async", 4, { warmup: "500ms" });
    expect([result.durationMs, result.throughput, result.offeredRate, result.intakeRate]).toEqual([
      near(494),
      near(100),
      near(100),
      near(100),
    ]);
    expect([result.ledger.processed, result.latency.sojourn.count, result.batches.count]).toEqual([100, 50, 50]);
  });

  test("where all fell due within the warm-up nothing was measured, and the case is not valid", async () => {
    const result = await run("async", 1, { load: { executor: "bursts", size: 5 }, warmup: "100ms" });
    expect(result.status).toBe("invalid");
    expect(result.problems[0]).toBe("All 5 arrivals were due within the warm-up of 100 ms, so nothing was measured.");
  });
});

describe("the figures of a case with a line that grows", () => {
  test("in sync it waits before it is taken in, while the thread is held", async () => {
    const result = await run("sync", 20);
    // The message due at 10i is begun at 20i.
    expect(times(result)).toEqual([515, 495, 0, 0, 20]);
    expect([result.durationMs, result.throughput, result.intakeRate]).toEqual([near(2000), near(50), near(50)]);
    expect(result.queue).toMatchObject({ capacity: null, highWater: 50, meanDepth: near(49_500 / 2000), meanWaitMs: 0 });
    expect([result.sourceBlockedMs, result.sourceBlocked.processingMs]).toEqual([near(1970), near(1970)]);
    expect(result.batches).toMatchObject({ count: 0, meanSize: 0 });
    expect(result.queue.growthPerSecond).toBeCloseTo(50, 0);
  });

  test("in async it waits in the queue, and before it for room", async () => {
    const result = await run("async", 20, { queue: { capacity: 5 } });
    expect(times(result)).toEqual([515, 419, 76, 0, 20]);
    expect(result.queue).toMatchObject({ capacity: 5, highWater: 5, meanDepth: near(7600 / 2000), meanWaitMs: near(76) });
    const { readMs, processingMs, queryMs, queueFullMs } = result.sourceBlocked;
    expect(readMs + processingMs + queryMs + queueFullMs).toBeCloseTo(result.sourceBlockedMs, 6);
    expect(queueFullMs).toBeCloseTo(1800, 6);
  });

  test("that takes in late what comes says how much of it", async () => {
    expect((await run("sync", 20)).warnings).toEqual([
      "98.0 % of what ended had been taken in more than 10 ms late; the wait is part of latency.schedule.",
    ]);
  });

  test("where the newest are dropped the rest waits no longer than there is room", async () => {
    const result = await run("async", 20, { queue: { capacity: 5, overflow: "drop-newest" } });
    expect(result.ledger).toMatchObject({ scheduled: 100, processed: 55, dropped: { newest: 45, oldest: 0 } });
    expect([result.durationMs, result.throughput, result.intakeRate]).toEqual([near(1100), near(50), near(100_000 / 1100)]);
  });
});

describe("the figures of batches", () => {
  test("of four each wait until the last of them has come, and for those before them", async () => {
    const result = await run("async", 4, { batch: { size: 4 } });
    expect(result.batches).toMatchObject({ count: 25, meanSize: 4 });
    // A message waits 30, 20, 10 or no ms for its batch, and 0, 4, 8 or 12 for the others; but the loop is held by the batch before.
    expect(result.latency.sojourn.mean).toBeCloseTo((30 + 24 + 18 + 12 + 16) / 4, 6);
    expect(result.durationMs).toBeCloseTo(1006, 6);
  });
});

describe("the figures of other loads", () => {
  test("one burst has no rate, and is done as fast as can be", async () => {
    const result = await run("async", 4, { load: { executor: "bursts", size: 10 } });
    expect([result.offeredRate, result.durationMs, result.throughput]).toEqual([null, near(40), near(250)]);
    expect(result.queue).toMatchObject({ highWater: 10, meanDepth: near(180 / 40) });
  });

  test("several bursts have the rate of their span", async () => {
    const result = await run("async", 4, { load: { executor: "bursts", size: 10, count: 3, every: "100ms" } });
    expect([result.durationMs, result.throughput]).toEqual([near(240), near(125)]);
    expect(result.offeredRate).toBeCloseTo(30 / 0.2, 6);
  });

  test("clients that wait for their answers offer as much as is done", async () => {
    const result = await run("async", 4, { load: { executor: "shared-iterations", vus: 2, iterations: 10 } });
    expect([result.durationMs, result.throughput, result.tape.count]).toEqual([near(40), near(250), 10]);
    // The last of them is sent when the eighth is answered.
    expect(result.offeredRate).toBeCloseTo(10 / 0.032, 6);
  });
});
