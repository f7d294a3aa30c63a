import type { FigureComparison, ResultComparison } from "../../src/analysis/compare.ts";
import type { CaseResult, RunResult } from "../../src/telemetry/result.ts";
import { caseResult, runResult, sample } from "./results.ts";

/** A name that every format must defuse: markup, table cells, quotes, formulas, mentions, escape sequences, forbidden characters. */
export const HOSTILE = `=cmd|"'<script>alert(1)</script>]]>&amp; *b* _i_ \`c\` [l](http://x.y) ![p](q) @you $x$ ~~s~~ \u001b[31m\u0000\u202e\ufffe`;

/** A run of three modes with every kind of verdict. */
export function reportedRun(change: Partial<RunResult> = {}): RunResult {
  const series = [100, 200, 300].map((t, i) =>
    sample(t, { processed: 80 + 10 * i, depth: i, p50: i === 0 ? null : 4, p99: i === 0 ? null : 9 + i }),
  );
  const of = (sketch: Parameters<typeof caseResult>[0]): CaseResult => ({ ...caseResult(sketch), series });
  return {
    ...runResult([
      of({ mode: "sync", processed: 50 }),
      of({ mode: "async", processed: 100, dropped: 3 }),
      of({ mode: "parallel", processed: 80 }),
    ]),
    scenario: {
      name: "first",
      title: "A title",
      description: "What it is.",
      hypothesis: "What is expected.",
      workload: "message",
      seed: 7,
      hash: "h",
    },
    conclusions: ["All do as much."],
    hypotheses: [
      { sentence: "It is faster.", that: "async.throughput > sync.throughput", ok: true, figures: {}, reading: "100 > 50", why: null },
      { sentence: "It is not.", that: "async.p99 < 1", ok: false, figures: {}, reading: "7 < 1", why: null },
      { sentence: "Nobody knows.", that: "parallel.cpu < 1", ok: null, figures: {}, reading: "", why: "it was disturbed" },
    ],
    thresholds: [
      { case: 0, metric: "throughput", expression: "value>40", value: 50, ok: true },
      { case: 1, metric: "throughput", expression: "value>140", value: 100, ok: false },
      { case: 2, metric: "query_ms", expression: "avg<5", value: 0, ok: true, measured: false },
    ],
    ...change,
  };
}

/** The run with hostile text wherever a scenario, or a failure, puts text. */
export function hostileRun(): RunResult {
  const run = reportedRun();
  return {
    ...run,
    scenario: { ...run.scenario, name: HOSTILE, title: HOSTILE, description: HOSTILE, hypothesis: HOSTILE },
    cases: run.cases.map((one) => ({
      ...one,
      params: { "keys.count": HOSTILE },
      problems: [HOSTILE],
      warnings: [HOSTILE],
      explanation: HOSTILE,
    })),
    conclusions: [HOSTILE],
    hypotheses: (run.hypotheses ?? []).map((one) => ({
      ...one,
      sentence: HOSTILE,
      that: HOSTILE,
      reading: HOSTILE,
      why: one.why === null ? null : HOSTILE,
    })),
    thresholds: run.thresholds.map((one) => ({ ...one, expression: HOSTILE })),
  };
}

/** A comparison with every kind of verdict but "same"; `name`: the value of the swept field of `async`. */
export function comparedRun(name?: string): ResultComparison {
  const figure = (change: Partial<FigureComparison>): FigureComparison => ({
    mode: "sync",
    params: {},
    metric: "throughput",
    better: "more",
    a: 100,
    b: 90,
    ratio: 0.9,
    low: 0.88,
    high: 0.92,
    level: 0.95,
    verdict: "worse",
    smallestDetectable: 0.02,
    roundsNeeded: null,
    rounds: 8,
    margin: 0.01,
    marginFrom: "default",
    ...change,
  });
  const open = { verdict: "cannot tell", b: 101, ratio: 1.01, low: 0.97, high: 1.05, smallestDetectable: 0.04, roundsNeeded: 128 } as const;
  return {
    schemaVersion: 1,
    a: "main",
    b: "branch",
    paired: true,
    rounds: 8,
    level: 0.95,
    margin: 0.01,
    marginFrom: "default",
    valid: true,
    notes: [],
    information: [],
    comparisons: [
      figure({}),
      figure({ metric: "sojourn_p99", better: "less", a: 10, b: 8, ratio: 0.8, low: 0.78, high: 0.82, verdict: "better" }),
      figure({ mode: "async", params: name === undefined ? {} : { "keys.count": name }, ...open }),
    ],
  };
}
