import { describe, expect, test } from "bun:test";
import { foreseenCase, knownCapacity, probedCapacity, probedCase, probePlan } from "../../../src/engine/run/probe.ts";
import { type CasePlan, planCases } from "../../../src/plan/plan.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { capacityOf } from "../../../src/theory/predict.ts";
import { caseResult } from "../../support/results.ts";
import { runVirtually } from "../../support/virtual-run.ts";
import { planOf } from "../../support/virtual-setup.ts";

const load = { executor: "constant-arrival-rate", rate: "80%", duration: "5s" };
const scenarioOf = (change: object) => scenarioSchema.parse({ title: "x", load, ...change });
/** The cases of a sweep whose points differ in these parts. */
const swept = (common: object, parts: readonly object[]): CasePlan[] =>
  planCases(
    parts.map((part, i) => ({ params: { point: i }, scenario: scenarioOf({ ...common, ...part }) })),
    2,
  );

describe("a probe", () => {
  test.each([
    ["sync", "exponential 5 ms", { work: { kind: "sleep", time: "5ms", distribution: "exponential" } }],
    ["sync", "lognormal, cv 3", { work: { kind: "cpu", time: "5ms", distribution: "lognormal", cv: 3 } }],
    ["sync", "half a second", { work: { kind: "sleep", time: "500ms", distribution: "exponential" } }],
    ["sync", "reads of 1 to 9 ms", { work: { kind: "sleep", time: "5ms" }, source: { latency: { min: "1ms", max: "9ms" } } }],
    [
      "async",
      "ten at a time",
      { keys: { count: 10_000 }, work: { kind: "io", time: "5ms", distribution: "uniform" }, async: { concurrency: 10 } },
    ],
    ["async", "batches", { work: { kind: "sleep", time: "5ms", distribution: "exponential" }, batch: { size: 10 } }],
  ] as const)("finds the capacity whatever is drawn, %s, %s", async (mode, _, change) => {
    for (const seed of [1, 2, 3]) {
      const plan = planOf(scenarioOf({ ...change, modes: [mode], seed }), mode);
      const { capacity } = capacityOf({ ...plan, cores: 2 });
      const { result } = await runVirtually(probePlan(plan, capacity).scenario, mode);
      expect(Math.abs(result.throughput / (capacity ?? 0) - 1)).toBeLessThan(0.002);
    }
  });

  test("gives a flow's parts their mean time as well", () => {
    const work = { kind: "cpu", time: "1ms", distribution: "exponential" };
    const flow = { kind: "orchestrator", parts: { one: { kind: "event-bus", work } } };
    const { scenario } = probePlan(planOf(scenarioOf({ workload: "flow", flow }), "sync"), null);
    expect(scenario.flow?.parts?.["one"]?.work?.distribution).toBe("constant");
  });

  test("says how far its capacity may be off, by its samples", () => {
    const base = caseResult({ mode: "async" });
    const [sample] = base.series;
    const measured = (rates: readonly number[]): CaseResult => ({
      ...base,
      throughput: 100,
      series: rates.map((processed, i) => ({ ...(sample as NonNullable<typeof sample>), t: i * 100, processed })),
    });
    const capacity = probedCapacity(measured([50, 90, 100, 110, 95, 105, 20]));
    // Of 90, 100, 110, 95, 105: 2.776 · 7.906 / √5.
    expect(capacity?.low).toBeCloseTo(100 - 9.816, 2);
    expect(capacity?.high).toBeCloseTo(100 + 9.816, 2);
    expect(probedCapacity(measured([]))).toMatchObject({ capacity: 100, low: 99, high: 101, from: "probe" });
    expect(probedCapacity({ ...base, status: "failed" })).toBeNull();
  });
});

describe("a share of the capacity", () => {
  const work = { kind: "sleep", time: "5ms" };

  test.each([
    ["queries", [0, 100, 400].map((rate) => ({ queries: { rate } }))],
    ["batches", [1, 10, 100].map((size) => ({ batch: { size } }))],
    ["places in the queue", [1, 1000].map((capacity) => ({ queue: { capacity } }))],
    ["Workers", [1, 2, 4].map((workers) => ({ parallel: { workers } }))],
    ["work handed over", ["none", "message"].map((offload) => ({ async: { offload } }))],
    ["seeds", [1, 2].map((seed) => ({ seed }))],
  ])("is of the same one at all points that differ in %s", (_, parts) => {
    const plans = swept({ work, modes: ["parallel", "async"] }, parts);
    expect(new Set(plans.map((plan) => probedCase(plan, plans))).size).toBe(1);
    expect(probedCase(plans.at(-1) as CasePlan, plans).mode).toBe("parallel");
  });

  test.each([
    ["work", ["1ms", "5ms"].map((time) => ({ work: { ...work, time } }))],
    ["keys", [1, 100].map((count) => ({ keys: { count } }))],
    ["reads", ["0ms", "2ms"].map((latency) => ({ source: { latency } }))],
    [
      "requests",
      [10, 20].map((ms) => ({ workload: "fetch", fetch: { target: { mock: { latency: `${ms}ms` } }, tiles: { zoom: 5, count: 9 } } })),
    ],
  ])("is of another where the %s differ", (_, parts) => {
    const plans = swept(parts.some((part) => "workload" in part) ? {} : { work }, parts);
    expect(new Set(plans.map((plan) => probedCase(plan, plans))).size).toBe(2);
    for (const plan of plans) expect(probedCase(plan, plans).params).toEqual(plan.params);
  });

  test("needs no probe where one thread does one long message after the other", () => {
    const known = (change: object, mode: "sync" | "async" = "sync") => knownCapacity(planOf(scenarioOf(change), mode), { cores: 2 });
    expect(known({ work })).toEqual({ capacity: 200, low: 200, high: 200, from: "theory" });
    expect(known({ work: { kind: "cpu", time: "8ms", perBatch: "2ms", distribution: "lognormal", cv: 5 } })?.capacity).toBeCloseTo(100, 9);
    expect(known({ work: { kind: "io", time: "1ms" }, source: { latency: { min: "1ms", max: "5ms" } } })?.capacity).toBeCloseTo(250, 9);
    // What the lab itself adds counts, or theory knows no time.
    expect(known({ work: { kind: "sleep", time: "500us" } })).toBeNull();
    expect(known({ work: { kind: "none" } })).toBeNull();
    expect(known({ work }, "async")).toBeNull();
  });

  test("is foreseen as it will be resolved", () => {
    const plans = swept(
      { work, modes: ["async", "parallel"] },
      [1, 10].map((size) => ({ batch: { size } })),
    );
    for (const plan of plans) expect(foreseenCase(plan, plans, { cores: 2 }).scenario.load).toMatchObject({ rate: 160 });
    const unknown = planOf(scenarioOf({ work: { kind: "none" } }), "sync");
    expect(foreseenCase(unknown, [unknown], { cores: 2 })).toBe(unknown);
  });
});
