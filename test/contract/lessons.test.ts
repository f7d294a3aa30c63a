import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { AsyncExecutor } from "../../src/engine/executor/async.ts";
import type { Executor } from "../../src/engine/executor/executor.ts";
import { SyncExecutor } from "../../src/engine/executor/sync.ts";
import type { RunnerResult } from "../../src/engine/protocol.ts";
import { buildPipeline } from "../../src/engine/runner/pipeline.ts";
import { summarize } from "../../src/engine/runner/summary.ts";
import { openTape } from "../../src/load/open.ts";
import { inspectTape } from "../../src/load/tape.ts";
import { loadScenarioFile } from "../../src/scenario/load.ts";
import { loadDuration } from "../../src/scenario/semantics.ts";
import type { SweepPoint } from "../../src/scenario/sweep.ts";
import { patience } from "../support/campaign.ts";
import { ROOT } from "../support/cli.ts";
import { virtualSetup } from "../support/virtual-setup.ts";

setDefaultTimeout(patience(60_000));

/** Shipped scenarios on a virtual clock show what they are there to show. */

const EXECUTORS: Readonly<Record<"sync" | "async", () => Executor>> = {
  sync: () => new SyncExecutor(),
  async: () => new AsyncExecutor(),
};

async function run({ scenario }: SweepPoint, mode: "sync" | "async"): Promise<RunnerResult> {
  const setup = await virtualSetup(scenario, mode);
  const facts = await inspectTape(
    openTape(scenario, () => null),
    loadDuration(scenario),
    scenario.warmup,
  );
  const pipeline = buildPipeline(setup, facts, () => {});
  const execution = await setup.time.run(EXECUTORS[mode]().execute(pipeline.job));
  const states = execution.state.flatMap((slice) => slice.entries);
  return summarize({ plan: setup.plan, facts, execution, pipeline, states, idle: setup.time.idle, cpuMs: 0 });
}

const shipped = (name: string) => loadScenarioFile(join(ROOT, "scenarios", `${name}.yaml`));

/** The points of a shipped scenario at which these fields have these values. */
function pointsAt(name: string, values: Readonly<Record<string, unknown>>): readonly SweepPoint[] {
  const { points } = shipped(name);
  return points.filter(({ params }) => Object.entries(values).every(([field, value]) => params[field] === value));
}

describe("P2-E3 batch-size-timeout", () => {
  const along = async (time: string, timeout: string) => {
    const points = pointsAt("batch-size-timeout", { "work.time": time, "batch.timeout": timeout });
    const results = await Promise.all(points.map((point) => run(point, "async")));
    return points.map(({ params }, i) => ({ size: Number(params["batch.size"]), result: results[i] as RunnerResult }));
  };
  const best = (series: Awaited<ReturnType<typeof along>>) =>
    series.toSorted((a, b) => a.result.latency.sojourn.mean - b.result.latency.sojourn.mean)[0]?.size;

  test("the best size is neither the smallest nor the largest, and moves with the processing time", async () => {
    for (const [time, size] of [
      ["100us", 10],
      ["500us", 50],
    ] as const) {
      const series = await along(time, "100ms");
      expect(series.map((one) => one.size)).toEqual([1, 10, 50, 100, 500]);
      expect(best(series)).toBe(size);
      // Alone, each message bears all that its batch costs.
      expect(series[0]?.result.throughput).toBeLessThan(480);
    }
  });

  test("a timeout shorter than size ÷ rate cuts a batch, a longer one does nothing", async () => {
    for (const [timeout, cut] of [
      ["1ms", true],
      ["10ms", true],
      ["100ms", false],
    ] as const) {
      // 50 ÷ 1 700/s is 29 ms.
      const fifty = (await along("100us", timeout)).find(({ size }) => size === 50);
      expect((fifty?.result.batches.meanSize ?? 0) < 45).toBe(cut);
    }
  });
});

describe("P1-E3 P2-E5 queries beside messages", () => {
  test.each(["query-interference", "queries-under-load"])("%s has every point without queries too", (name) => {
    const { points } = shipped(name);
    const of = (asked: boolean) =>
      points.filter(({ scenario }) => scenario.queries.rate > 0 === asked).map(({ scenario: { load } }) => JSON.stringify(load));
    expect(new Set(of(false))).toEqual(new Set(of(true)));
  });
});

describe("key-order", () => {
  test("a key that takes one message after another does 1 ÷ its time, however many processors there are", async () => {
    const { points } = shipped("key-order");
    const results = await Promise.all(points.map((point) => run(point, "async")));
    const at = (count: number, order: boolean) =>
      results[points.findIndex(({ params }) => params["keys.count"] === count && params["keys.order"] === order)] as RunnerResult;
    expect(at(1, true).throughput).toBeWithin(180, 220);
    expect(at(10, true).throughput).toBeWithin(1700, 2000);
    expect(at(1000, true).ledger.processed).toBe(5000);
    for (const count of [1, 10, 1000]) expect([at(count, true).orderViolations, at(count, false).ledger.processed]).toEqual([0, 5000]);
    expect(at(1, false).orderViolations).toBeGreaterThan(1000);
  });
});

describe("yield-to-loop", () => {
  test("a query waits for the rest of what holds the loop, and messages take as long", async () => {
    const { points } = shipped("yield-to-loop");
    const results = await Promise.all(points.map((point) => run(point, "async")));
    const longest = results.map(({ queries }) => queries.latency.max);
    expect(longest[0]).toBeWithin(40, 51);
    expect(longest[1]).toBeWithin(7, 11);
    expect(longest[2]).toBeLessThan(1.5);
    for (const { latency } of results) expect(latency.sojourn.mean).toBeCloseTo(results[0]?.latency.sojourn.mean ?? 0, 0);
  });
});

test("batch-order: overlapping batches stop least at a hot machine where its messages come first together, most where in turn", async () => {
  const { points } = shipped("batch-order");
  const results = await Promise.all(points.map((point) => run(point, "async")));
  const [arrival = 0, key = 0, turns = 0] = results.map(({ latency }) => latency.sojourn.mean);
  expect(key).toBeLessThan(0.6 * arrival);
  expect(turns).toBeGreaterThan(1.5 * arrival);
});
