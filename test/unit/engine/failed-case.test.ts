import { describe, expect, test } from "bun:test";
import { failedResult } from "../../../src/engine/run/failed-case.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { sample } from "../../support/results.ts";
import { planOf } from "../../support/virtual-setup.ts";

const plan = planOf(
  scenarioSchema.parse({ title: "x", warmup: "1s", load: { executor: "constant-arrival-rate", rate: 10, duration: "9s" } }),
  "async",
);

describe("a case whose runner ended without a result", () => {
  const series = [sample(1200, { processed: 50, depth: 4 }), sample(2000, { processed: 100, depth: 9 }), sample(2500, { processed: 20 })];

  test("lasted from the warm-up's end to the last sample", () => {
    expect(failedResult(plan, "failed", "", { series }).durationMs).toBe(1500);
  });

  test("did what its samples say, each over its own interval", () => {
    // 50/s for 0.2 s, 100/s for 0.8 s, 20/s for 0.5 s.
    expect(failedResult(plan, "failed", "", { series }).throughput).toBeCloseTo((10 + 80 + 10) / 1.5, 9);
  });

  test("had a line as long as the longest that a sample saw", () => {
    expect(failedResult(plan, "failed", "", { series }).queue.highWater).toBe(9);
  });

  test("without samples did nothing", () => {
    const { durationMs, throughput, queue } = failedResult(plan, "failed", "");
    expect([durationMs, throughput, queue.highWater]).toEqual([0, 0, 0]);
  });

  test("that failed has a problem; one that was ended has a warning", () => {
    const [failed, aborted] = [failedResult(plan, "failed", "why"), failedResult(plan, "aborted", "why")];
    expect([failed.problems, failed.warnings]).toEqual([["why"], []]);
    expect([aborted.problems, aborted.warnings]).toEqual([[], ["why"]]);
  });
});
