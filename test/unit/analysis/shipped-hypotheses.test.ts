import { describe, expect, test } from "bun:test";
import { judgeHypotheses } from "../../../src/analysis/hypotheses.ts";
import { planCases } from "../../../src/plan/plan.ts";
import { listScenarios } from "../../../src/scenario/find.ts";
import { loadScenarioFile } from "../../../src/scenario/load.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { predict } from "../../../src/theory/predict.ts";
import { caseResult } from "../../support/results.ts";

const CORES = [2, 8];

/** A case as theory expects it: throughput, mean sojourn and service time; nothing else is known. */
function expected(plan: ReturnType<typeof planCases>[number], cores: number): CaseResult {
  const { throughput, sojournMean } = predict({ ...plan, cores });
  const one = caseResult({ mode: plan.mode });
  const nothing = { ...one.latency.queue, count: 0 };
  const times = (mean: number | null) => ({ ...nothing, count: 1000, mean: mean ?? Number.NaN, p50: Number.NaN, max: Number.NaN });
  const unknown = {
    scheduled: 1000,
    processed: Number.NaN,
    failed: Number.NaN,
    rejected: 0,
    unfinished: 0,
    dropped: { newest: Number.NaN, oldest: 0 },
  };
  return {
    ...one,
    params: plan.params,
    throughput: throughput ?? Number.NaN,
    offeredRate: null,
    ledger: unknown,
    latency: {
      sojourn: times(sojournMean),
      service: times(plan.scenario.work.kind === "none" ? 0 : plan.scenario.work.time / 1000),
      schedule: nothing,
      queue: nothing,
      batch: nothing,
    },
    queries: { sent: Number.NaN, answered: Number.NaN, latency: nothing },
    queue: { ...one.queue, highWater: Number.NaN, growthPerSecond: Number.NaN },
    process: {
      ...one.process,
      cpuMs: Number.NaN,
      peakRssBytes: Number.NaN,
      eventLoop: { delayMs: { p50: Number.NaN, p99: Number.NaN, max: Number.NaN }, busy: 0 },
    },
  };
}

describe("the hypotheses of shipped scenarios", () => {
  const shipped = listScenarios("/").listed.filter(({ workload }) => workload === "message");

  test.each(shipped.map(({ name, file }) => [name, file]))("of %s are none that theory contradicts, on few cores and many", (_, file) => {
    const { scenario, points } = loadScenarioFile(file);
    for (const cores of CORES) {
      const cases = planCases(points, cores).map((plan) => expected(plan, cores));
      const judged = judgeHypotheses(scenario.expect ?? [], { cases, points: points.map(({ params }) => params), cores });
      expect(judged.filter(({ ok }) => ok === false).map(({ reading }) => reading)).toEqual([]);
    }
  });
});
