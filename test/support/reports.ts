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
