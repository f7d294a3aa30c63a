import { describe, expect, test } from "bun:test";
import { RankEstimate } from "../../../src/analysis/estimate.ts";
import { estimatedRepeats, isPreciseTo, LEAST_REPEATS, runThresholds, typicalCases, typicalRun } from "../../../src/analysis/repeats.ts";
import type { CaseResult, CaseStatus, ThresholdResult } from "../../../src/telemetry/result.ts";
import { caseResult, runResult } from "../../support/results.ts";

interface Repeat {
  readonly mode?: "sync" | "async";
  readonly repeat?: number;
  readonly status?: CaseStatus;
  readonly rate?: number;
  readonly mean?: number;
  readonly disturbed?: boolean;
  readonly params?: Readonly<Record<string, unknown>>;
}

const DISTURBED = { otherCores: 1, stealMs: 0, calibrationOff: 0, reason: "Others." };

function one({ mode = "sync", repeat, status = "completed", rate = 100, mean = 5, disturbed = false, params = {} }: Repeat): CaseResult {
  const sketch = caseResult({ mode, status });
  const sojourn = { ...sketch.latency.sojourn, mean, p50: mean, p99: 2 * mean };
  return {
    ...sketch,
    params,
    throughput: rate,
    latency: { ...sketch.latency, sojourn },
    disturbed: disturbed ? DISTURBED : null,
    ...(repeat === undefined ? {} : { repeat }),
  };
}

const RATES = [100, 104, 97, 101, 99, 110, 103, 98];
const eight = (more: Repeat = {}) => RATES.map((rate, repeat) => one({ ...more, rate, mean: rate / 10, repeat }));

describe("estimates over repeats", () => {
  test("of each case are the Hodges–Lehmann estimate and the exact signed-rank interval of each figure", () => {
    const [sync, async, ...others] = estimatedRepeats([...eight(), ...eight({ mode: "async" })]);
    expect([sync?.mode, async?.mode, others.length]).toEqual(["sync", "async", 0]);
    expect([sync?.n, sync?.warnings]).toEqual([8, []]);
    expect(Object.keys(sync?.figures ?? {})).toEqual(["throughput", "sojourn_mean", "sojourn_p50", "sojourn_p99", "service_mean"]);
    // Eight values: the fourth Walsh average from either end (M. Hollander, D. A. Wolfe, table A.4: P(T ≤ 3) = 0.0195).
    const walsh = RATES.flatMap((a, i) => RATES.slice(i).map((b) => (a + b) / 2)).sort((a, b) => a - b);
    expect(sync?.figures["throughput"]).toEqual({
      estimate: RankEstimate.ofPairs(RATES).value,
      low: walsh[3] ?? 0,
      high: walsh[32] ?? 0,
      level: 0.95,
    });
    expect(sync?.figures["sojourn_p99"]?.estimate).toBeCloseTo((sync?.figures["sojourn_mean"]?.estimate ?? 0) * 2, 9);
  });

  test("of fewer than six have no interval, and a warning says why; what was not completed does not count", () => {
    expect(LEAST_REPEATS).toBe(6);
    const [few] = estimatedRepeats([...eight().slice(0, 5), one({ repeat: 5, status: "aborted" }), one({ repeat: 6, status: "invalid" })]);
    expect([few?.n, few?.figures["throughput"]]).toEqual([5, { estimate: 100, low: null, high: null, level: 0.95 }]);
    expect(few?.warnings).toEqual(["5 repeats cannot bear an interval of 95 %: by ranks it takes at least 6."]);
    const [six] = estimatedRepeats(eight().slice(0, 6));
    expect([six?.figures["throughput"]?.low, six?.figures["throughput"]?.high]).toEqual([97, 110]);
    const [none] = estimatedRepeats([one({ repeat: 0, status: "failed" })]);
    expect([none?.n, none?.figures["throughput"]?.estimate]).toEqual([0, null]);
  });

  test("say how many were disturbed; there are none where each case ran once", () => {
    const [noisy] = estimatedRepeats([...eight(), one({ repeat: 8, disturbed: true })]);
    expect(noisy?.warnings).toEqual(["1 of 9 repeats disturbed by what else the machine did."]);
    expect(estimatedRepeats([one({}), one({ mode: "async" })])).toEqual([]);
  });

  test("of points of a sweep are told apart, in the order that is asked for", () => {
    const at = (rate: number) => ({ params: { "load.rate": rate } });
    const cases = [20, 10].flatMap((rate) => eight(at(rate)));
    const order = [10, 20, 30].map((rate) => ({ mode: "sync", ...at(rate) }));
    expect(estimatedRepeats(cases, order).map(({ params, n }) => [params["load.rate"], n])).toEqual([
      [10, 8],
      [20, 8],
    ]);
  });

  test("are precise once both half widths are below a share in every case", () => {
    const [estimate] = estimatedRepeats(eight());
    const { low, high, estimate: value } = estimate?.figures["throughput"] ?? {};
    const share = ((high ?? 0) - (low ?? 0)) / 2 / (value ?? 1);
    expect([isPreciseTo(share * 1.001, eight()), isPreciseTo(share * 0.999, eight())]).toEqual([true, false]);
    expect([0, 1, 5].map((count) => isPreciseTo(0.99, eight().slice(0, count)))).toEqual([false, false, false]);
    expect(isPreciseTo(0.99, eight().slice(0, 6))).toBeTrue();
    const wide = eight({ mode: "async" }).map((each, i) => ({ ...each, throughput: 100 + 90 * (i % 2) }));
    expect(isPreciseTo(0.1, [...eight(), ...wide])).toBeFalse();
    const late = eight().map((each, i) => one({ repeat: i, rate: each.throughput, mean: 1 + 9 * (i % 2) }));
    expect(isPreciseTo(0.1, late)).toBeFalse();
  });
});

describe("the repeat that stands for its case", () => {
  test("is that with the median sojourn, of those completed and undisturbed", () => {
    const cases = [9, 1, 5, 7, 3].map((mean, repeat) => one({ mean, repeat }));
    expect(typicalCases(cases)).toEqual([cases[2] ?? one({})]);
    for (const means of [
      [1, 3, 5, 7, 9],
      [9, 7, 1, 5, 3],
      [5, 9, 1, 3, 7],
      [3, 5, 7, 9, 1],
    ]) {
      const shuffled = means.map((mean, repeat) => one({ mean, repeat }));
      expect(typicalCases(shuffled).map(({ latency }) => latency.sojourn.mean)).toEqual([5]);
    }
    const marked = cases.map((each) => ({ ...each, disturbed: each.latency.sojourn.mean >= 5 ? DISTURBED : null }));
    expect(typicalCases(marked).map(({ latency }) => latency.sojourn.mean)).toEqual([1]);
    const failed = cases.map((each) => ({ ...each, status: "failed" as const }));
    expect(typicalCases(failed)).toHaveLength(1);
  });

  test("appears alone in views, with the thresholds of its case; a run without repeats is unchanged", () => {
    const threshold: ThresholdResult = { case: 2, metric: "sojourn_ms", expression: "avg<6", value: 5, ok: true };
    const cases = [
      one({ mode: "async", repeat: 0 }),
      one({ repeat: 0, mean: 4 }),
      one({ repeat: 1, mean: 6 }),
      one({ mode: "async", repeat: 1 }),
    ];
    const shown = typicalRun({ ...runResult(cases), thresholds: [threshold, { ...threshold, case: 9 }] });
    expect(shown.cases.map(({ mode, repeat }) => [mode, repeat])).toEqual([
      ["async", undefined],
      ["sync", undefined],
    ]);
    expect(shown.thresholds).toEqual([{ ...threshold, case: 1 }]);
    expect(shown.repeats?.map(({ n }) => n)).toEqual([2, 2]);
    const once = runResult([one({})]);
    expect(typicalRun(once)).toBe(once);
  });
});

describe("thresholds", () => {
  const verdict = (value: number, limit: number, more: Partial<ThresholdResult> = {}) => ({
    metric: "sojourn_ms",
    expression: `avg<${limit}`,
    value,
    ok: value < limit,
    ...more,
  });
  const judged = (value: number, more: Repeat = {}, limit = 6) => ({
    result: one(more),
    verdicts: [verdict(value, limit), verdict(-value, 0)],
  });

  test("of cases that ran once are those of each", () => {
    const ran = [judged(5), judged(7, { mode: "async" })];
    expect(runThresholds(ran).map(({ case: index, value, ok }) => [index, value, ok])).toEqual([
      [0, 5, true],
      [0, -5, true],
      [1, 7, false],
      [1, -7, true],
    ]);
  });

  test("of repeats are judged on the median repeat of each case, each threshold by itself", () => {
    const values = [9, 4, 5];
    const ran = values.flatMap((value, repeat) => [judged(value, { repeat }), judged(10 + value, { mode: "async", repeat })]);
    expect(runThresholds(ran)).toEqual([
      { case: 4, ...verdict(5, 6) },
      { case: 4, ...verdict(-5, 0) },
      { case: 5, ...verdict(15, 6) },
      { case: 5, ...verdict(-15, 0) },
    ]);
  });

  test("of an even number of repeats fail where half of them do", () => {
    const at = (values: readonly number[]) => runThresholds(values.map((value, repeat) => judged(value, { repeat })))[0];
    expect([at([9, 4, 5, 8])?.value, at([9, 4, 5, 8])?.ok]).toEqual([8, false]);
    expect([at([9, 4, 5, 5.5])?.value, at([9, 4, 5, 5.5])?.ok]).toEqual([5, true]);
  });

  test("leave out a repeat that was stopped midway, unless it broke one", () => {
    const stopped = (value: number) => judged(value, { repeat: 2, status: "aborted" });
    const two = [judged(4, { repeat: 0 }), judged(5, { repeat: 1 })];
    expect(runThresholds([...two, stopped(1)])[0]?.value).toBe(4);
    expect(runThresholds([...two, stopped(50)])[0]?.value).toBe(5);
    const unmeasured = { result: one({ repeat: 0 }), verdicts: [verdict(0, 6, { measured: false })] };
    expect(runThresholds([unmeasured, judged(4, { repeat: 1 })])[0]?.value).toBe(4);
    expect(runThresholds([unmeasured])).toEqual([{ case: 0, ...verdict(0, 6, { measured: false }) }]);
    expect(runThresholds([{ result: one({ repeat: 0, status: "failed" }), verdicts: [] }])).toEqual([]);
  });
});
