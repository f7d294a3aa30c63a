import { describe, expect, test } from "bun:test";
import type { RunResult, ThresholdResult } from "../../../src/telemetry/result.ts";
import { Tally } from "../../../src/telemetry/tally.ts";
import { faultOf, NO_VERDICTS, verdictsOf, wasJudged } from "../../../src/telemetry/verdicts.ts";
import { caseResult, runResult } from "../../support/results.ts";

const threshold = (index: number, ok: boolean): ThresholdResult => ({
  case: index,
  metric: "failed",
  expression: "count==0",
  value: 1,
  ok,
});
const cases = [
  caseResult({ mode: "sync" }),
  caseResult({ mode: "async", status: "failed" }),
  caseResult({ mode: "parallel", status: "invalid" }),
  caseResult({ mode: "async", status: "aborted" }),
];

describe("how a run did", () => {
  test("is how many thresholds and hypotheses failed, and how many cases are not to be built on", () => {
    const hypothesis = (ok: boolean | null) => ({ sentence: "", that: "", ok, figures: {}, reading: "", why: null });
    const run: RunResult = {
      ...runResult(cases),
      thresholds: [threshold(0, true), threshold(0, false), threshold(1, false)],
      hypotheses: [true, false, null, null, true, true].map(hypothesis),
    };
    expect(verdictsOf(run)).toEqual({
      thresholds: { failed: 2, of: 3 },
      hypotheses: { held: 3, broken: 1, untold: 2 },
      disturbed: 0,
      unsound: 2,
    });
  });

  test("counts the cases that were disturbed; of a file that does not say nothing is known", () => {
    const [first] = cases;
    if (first === undefined) throw new Error("unreachable");
    const { disturbed: _, ...old } = first;
    const disturbed = { otherCores: 1, stealMs: null, calibrationOff: 0, reason: "" };
    expect(verdictsOf(runResult([old, { ...old, disturbed: null }, { ...old, disturbed }])).disturbed).toBe(1);
  });

  test("of nothing is nothing", () => {
    expect(verdictsOf(runResult([]))).toEqual(NO_VERDICTS);
  });
});

describe("why a case is not to be built on", () => {
  const run = { cases, thresholds: [threshold(0, true), threshold(1, false), threshold(3, false)] };

  test("is its status before its thresholds", () => {
    expect([0, 1, 2, 3].map((index) => faultOf(run, index))).toEqual([null, "failed", "invalid", "threshold"]);
  });
});

describe("a threshold was judged", () => {
  const judged = (change: object, given: Partial<ThresholdResult> = {}) => {
    const one = { ...caseResult({ mode: "sync", status: "aborted" }), ...change };
    return wasJudged({ cases: [one] }, { ...threshold(0, true), ...given });
  };
  const nothing = { scheduled: 9, processed: 0, failed: 0, rejected: 0, dropped: { newest: 0, oldest: 0 }, unfinished: 9 };

  test("by a case that came to its end, whatever it did", () => {
    expect(judged({ status: "completed", ledger: nothing })).toBe(true);
  });

  test("by one that was stopped only if something happened in it, of whatever kind", () => {
    const happened = [
      { processed: 1 },
      { failed: 1 },
      { rejected: 1 },
      { dropped: { newest: 1, oldest: 0 } },
      { dropped: { newest: 0, oldest: 1 } },
    ];
    expect(happened.map((change) => judged({ ledger: { ...nothing, ...change } }))).toEqual(happened.map(() => true));
    expect(judged({ ledger: nothing })).toBe(false);
  });

  test("not where nothing was measured, nor by a case that is not there", () => {
    expect(judged({ status: "completed" }, { measured: false })).toBe(false);
    expect(judged({ status: "completed" }, { case: 1 })).toBe(false);
  });
});

describe("a tally of reasons", () => {
  test("counts each by itself", () => {
    const tally = new Tally();
    tally.add("a");
    tally.add("b", 3);
    tally.add("a", 2);
    expect(tally.counts).toEqual([
      { reason: "a", count: 3 },
      { reason: "b", count: 3 },
    ]);
  });

  test("tells fifty apart, and goes on counting those", () => {
    const tally = new Tally();
    for (let i = 0; i < 60; i++) tally.add(`r${i}`);
    tally.add("r49");
    tally.add("r50");
    expect([tally.counts.length, tally.counts.at(-1)]).toEqual([50, { reason: "r49", count: 2 }]);
  });
});
