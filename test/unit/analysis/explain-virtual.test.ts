import { describe, expect, test } from "bun:test";
import { explain } from "../../../src/analysis/explain.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { growsAllAlong, keepsPace } from "../../../src/telemetry/pace.ts";
import { grewAllAlong } from "../../support/claims/claim.ts";
import { virtualCase } from "../../support/claims/generate.ts";
import { caseResult, sample } from "../../support/results.ts";

/** What is said of a case that was run on a virtual clock, with two Workers on two cores. */
async function saidOf(mode: Mode, asked: object): Promise<string> {
  const { result, scenario } = await virtualCase({ mode, scenario: scenarioSchema.parse({ title: "x", ...asked }), workers: 2, cores: 2 });
  return explain(result, scenario);
}

const steady = (rate: number, duration = "4s") => ({ executor: "constant-arrival-rate", rate, duration });

describe("a line that grows all along", () => {
  const atCapacity = { load: steady(200), keys: { count: 1000 }, work: { kind: "io", time: "5150us" } };

  test("is the limit's doing, however little more comes than is done", async () => {
    expect(await saidOf("async", atCapacity)).toStartWith("The number of processors is the limit: 1 at a time ÷ 5.15 ms is 194/s;");
    expect(await saidOf("sync", atCapacity)).toStartWith("One message at a time is the limit: each takes 5.15 ms");
  });

  test("is seen by the checker, which looks at what came and what was done", async () => {
    const scenario = scenarioSchema.parse({ title: "x", ...atCapacity });
    expect(grewAllAlong(await virtualCase({ mode: "async", scenario, workers: 2, cores: 2 }))).toBe(true);
    const less = scenarioSchema.parse({ title: "x", ...atCapacity, load: steady(190) });
    expect(grewAllAlong(await virtualCase({ mode: "async", scenario: less, workers: 2, cores: 2 }))).toBe(false);
  });

  const own = { p50: 5, p99: 5 };
  const grows = (p50: (i: number) => number | null) => {
    const series = Array.from({ length: 20 }, (_, i) => sample(100 * (i + 1), { p50: p50(i), p99: p50(i) }));
    return growsAllAlong(series, own);
  };

  test("is a trend of what messages take, beyond chance and beyond what one takes by itself", () => {
    expect(grows((i) => 5 + 2 * i)).toBe(true);
    expect(grows((i) => 5 + 0.2 * i)).toBe(false);
    expect(grows((i) => (i % 2 === 0 ? 5 : 50))).toBe(false);
    expect(grows((i) => 100 - 2 * i)).toBe(false);
    // More in the end than at first, in no order.
    const unordered = [5, 5, 5, 5, 100, 100, 5, 100, 100, 1, 1, 1, 1, 1, 30, 30, 30, 30, 1, 1];
    expect(grows((i) => unordered[i] ?? null)).toBe(false);
    expect(grows((i) => (i < 5 ? 5 : null))).toBeNull();
  });

  test("is seen in the slowest, where one Worker of several has it", () => {
    const series = Array.from({ length: 20 }, (_, i) => sample(100 * (i + 1), { p50: i % 2 === 0 ? 5 : 50, p99: 50 + 5 * i }));
    expect(growsAllAlong(series, own)).toBe(true);
    expect(growsAllAlong(series, { p50: 5, p99: 50 })).toBe(false);
  });
});

describe("what the end of a short run adds", () => {
  const batches = { keys: { count: 1000 }, work: { kind: "cpu", time: "500us", perBatch: "2ms" }, load: steady(1700, "1s") };

  test("is no sign that the thread is the limit: the last batch's turn", async () => {
    for (const timeout of ["10ms", "100ms"])
      expect(await saidOf("async", { ...batches, batch: { size: 100, timeout } })).toMatch(
        /^The (arrivals are the limit|batch is what takes time)/,
      );
  });

  test("is left out of the pace at which things were done", () => {
    const base = caseResult({ mode: "async" });
    const late = { ...base, throughput: 94, offeredRate: 100, durationMs: 1000 };
    expect(keepsPace(late)).toBe(false);
    expect(keepsPace({ ...late, latency: { ...late.latency, batch: { ...late.latency.batch, p50: 60 } } })).toBe(true);
  });

  test("of a thread that is full is no limit where larger batches would do more, and all that came was done", async () => {
    const said = await saidOf("async", { ...batches, batch: { size: 50, timeout: "1ms" } });
    expect(said).toStartWith("The batch is what takes time: of 19.5 ms on average, 10.6 ms was waiting for it to go");
    expect(said).not.toContain("another limit");
  });

  test("of a thread whose batches are as large as they may be is the limit", async () => {
    expect(await saidOf("async", { ...batches, batch: { size: 10, timeout: "1ms" } })).toStartWith("One core is the limit");
  });
});

describe("bursts", () => {
  const bursts = {
    load: { executor: "bursts", size: 5000, every: "2s", count: 3 },
    keys: { count: 1000 },
    work: { kind: "cpu", time: "200us" },
  };

  test("that are done before the next comes are the limit themselves", async () => {
    expect(await saidOf("async", { ...bursts, queue: { capacity: 10_000, overflow: "drop-newest" } })).toStartWith(
      "The arrivals are the limit: 5.00 k come at once, and each waits for those before it, 500 ms at the median",
    );
  });

  test("that a short queue has no place for are its doing", async () => {
    expect(await saidOf("async", { ...bursts, queue: { capacity: 10, overflow: "drop-newest" } })).toStartWith(
      "The queue is the limit: its 10 places overflowed when arrivals came close together",
    );
  });
});

describe("keys", () => {
  const hot = (exponent: number) => ({
    load: steady(800),
    gracefulStop: "100ms",
    keys: { count: 1000, distribution: "zipf", exponent },
    work: { kind: "cpu", time: "5ms" },
    queue: { capacity: 100, overflow: "block" },
    parallel: { workers: 2 },
  });

  test("that give one Worker more than its part are the limit, with the share that it had, as the rate has it", async () => {
    expect(await saidOf("parallel", hot(1))).toStartWith(
      "The keys are the limit: a Worker takes one message after another, 1 ÷ 5.00 ms is 200/s, and one of the 2 Workers has 53 % of the work by its keys, computing 100 % of the time while another computes 88 % of it, at 375 messages/s.",
    );
    // 200 ÷ 0.81 = 247.
    expect(await saidOf("parallel", hot(2))).toContain("one of the 2 Workers has 81 % of the work by its keys");
    expect(await saidOf("parallel", hot(2))).toContain("24 % of it, at 248 messages/s.");
  });

  test("of which one has the most: more keys are no help, since it cannot be split", async () => {
    const said = await saidOf("parallel", hot(2));
    expect(said).toContain("The messages of a key keep their order: only several keys in place of the busiest would help.");
    expect(said).not.toContain("more keys");
  });

  test("that are spread evenly leave the cores as the limit", async () => {
    expect(await saidOf("parallel", hot(0.1))).toStartWith("All cores are the limit: the 2 Workers were computing 100 % of the time");
  });

  const waits = { load: steady(2500, "2s"), gracefulStop: "100ms", work: { kind: "io", time: "5ms" }, async: { concurrency: 50 } };

  test("whose messages may overlap are no limit, however few they are", async () => {
    const few = { count: 1, distribution: "round-robin" };
    expect(await saidOf("async", { ...waits, keys: few })).toStartWith(
      "The keys are the limit: messages of one key are worked one after another, 1 ÷ 5.00 ms is 200/s, and there is one key, at 200",
    );
    expect(await saidOf("async", { ...waits, keys: { ...few, order: false }, load: steady(9500, "2s") })).not.toContain("keys");
  });

  test("that other batches are at are told apart from waiting for the batch to go, which its timeout bounds", async () => {
    const said = await saidOf("async", {
      load: steady(400, "2s"),
      keys: { count: 100, distribution: "zipf", exponent: 1 },
      work: { kind: "io", time: "5ms" },
      batch: { size: 50, timeout: "20ms" },
      async: { concurrency: 20 },
    });
    expect(said).toStartWith("The keys are what takes time: of 115 ms on average, about 80.5 ms was waiting for a state machine");
    expect(said).toContain("A batch.order of key would help.");
  });
});

describe("a crowd", () => {
  const crowd = {
    load: {
      executor: "ramping-arrival-rate",
      startRate: 50,
      stages: [50, 500, 500, 50, 50].map((target, i) => ({ target, duration: `${[2000, 100, 1000, 100, 4000][i]}ms` })),
    },
    keys: { count: 1000 },
  };
  const growth = "since for 1.20 s 46\\d/s came and 198/s were done";

  test("is told by what came while it grew, not by what came while it was worked off", async () => {
    const cpu = { ...crowd, work: { kind: "cpu", time: "5ms" } };
    expect(await saidOf("async", cpu)).toMatch(
      new RegExp(
        `^One core was the limit at times: for 3.20 s messages waited, 816 ms at the median, ${growth}, each with 5.00 ms of computing;`,
      ),
    );
    const io = { ...crowd, work: { kind: "io", time: "5ms" } };
    expect(await saidOf("async", io)).toMatch(
      new RegExp(
        `^The number of processors is the limit at times: 1 at a time ÷ 5.00 ms is 200/s; for 3.20 s messages waited, ${growth}; 119 `,
      ),
    );
  });

  test("waits for the one thread in sync, whatever the work, with what it takes to read", async () => {
    const io = { ...crowd, work: { kind: "io", time: "4ms" }, source: { latency: "1ms" } };
    const said = await saidOf("sync", io);
    expect(said).toStartWith("The one thread was the limit at times: for ");
    expect(said).toContain("each of which takes it for 5.00 ms; over the whole run");
    expect(said).toContain("async overlaps what waits.");
    const sleep = { ...crowd, work: { kind: "sleep", time: "5ms" } };
    expect(await saidOf("async", sleep)).toStartWith("The one thread was the limit at times: for ");
  });
});

describe("the growth of a line", () => {
  test.each([
    ["sync", 1000, "1s", 500],
    ["sync", 900, "550ms", 400],
    ["async", 1000, "550ms", 500],
    ["async", 740, "1s", 240],
    ["parallel", 1000, "1s", 500],
  ] as const)("is what comes less what is done, in short runs as well: %s, %d/s for %s", async (mode, rate, duration, growth) => {
    const asked = {
      load: steady(rate, duration),
      keys: { count: 1000 },
      work: { kind: "cpu", time: "2ms" },
      queue: { capacity: "unlimited" },
    };
    const scenario = scenarioSchema.parse({ title: "x", ...asked });
    const { result } = await virtualCase({ mode, scenario, workers: 1, cores: 1 });
    expect(Math.abs(result.queue.growthPerSecond - growth)).toBeLessThan(0.5);
  });
});
