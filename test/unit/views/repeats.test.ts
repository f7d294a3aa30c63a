import { describe, expect, test } from "bun:test";
import { estimatedRepeats } from "../../../src/analysis/repeats.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { rowsOf } from "../../../src/views/live/figures.ts";
import { EMPTY_VIEW, reduce } from "../../../src/views/live/store.ts";
import { plainReport } from "../../../src/views/plain/closing.ts";
import { closingReport } from "../../../src/views/report/closing.ts";
import { progressLines } from "../../../src/views/report/progress.ts";
import { caseResult, runOutline, runResult, snapshot } from "../../support/results.ts";

const MEANS = [5, 9, 3, 4, 8, 6, 7];

/** Seven repeats of two modes, a round after another. */
const cases: CaseResult[] = MEANS.flatMap((mean, repeat) =>
  (["sync", "async"] as const).map((mode) => {
    const one = caseResult({ mode, processed: 100 + mean, explanation: `It took ${mean}.` });
    return { ...one, repeat, latency: { ...one.latency, sojourn: { ...one.latency.sojourn, mean } } };
  }),
);
const result = { ...runResult(cases), repeats: estimatedRepeats(cases) };
const outline = { ...runOutline(cases), cases: runOutline(cases).cases.map((one, i) => ({ ...one, repeat: cases[i]?.repeat ?? 0 })) };

describe("a run in rounds", () => {
  test("is reported by the estimates of each case, and by the repeat in the middle", () => {
    const report = closingReport(result);
    expect(report).toMatch(/\nover repeats {2}n +done\/s +mean +p50 +p99 +service\n/);
    expect(report).toMatch(/\nsync +7 {2}106\/s \[104\/s, 108\/s\] {2}6\.00 ms \[4\.00 ms, 8\.00 ms\]/);
    expect(report.match(/It took 6\./g)).toHaveLength(2);
    expect(report).not.toContain("It took 9.");
    expect(closingReport({ ...result, repeats: undefined } as never)).toBe(report);
  });

  test("is spoken of in the same way", () => {
    const report = plainReport(result);
    expect(report).toContain("sync over 7 repeats: done/s 106 a second");
    expect(report.match(/It took 6\./g)).toHaveLength(2);
  });

  test("tells its order, and names the round of each case", () => {
    const lines: string[] = [];
    const tell = progressLines((line) => lines.push(line));
    tell({ type: "run-started", ...outline });
    tell({ type: "case-started", index: 3, count: 5, lastMs: 0, url: null });
    expect(lines).toContain("up to 7 rounds of 2 cases, the order in each shuffled by seed 1");
    expect(lines).toContain("[4/14 async round 2] 5 arrivals");
  });

  test("is shown with one case of each mode, while it runs and when it is done", () => {
    const started = reduce(EMPTY_VIEW, { type: "run-started", ...outline });
    const after = cases.slice(0, 5).reduce((view, one, index) => {
      const running = reduce(reduce(view, { type: "case-preparing", index, note: "" }), { type: "sample", index, snapshot: snapshot(100) });
      return index === 4 ? running : reduce(running, { type: "case-finished", index, result: one });
    }, started);
    expect(rowsOf(after).map(({ mode, status }) => [mode, status])).toEqual([
      ["sync", "running"],
      ["async", "completed"],
    ]);
    const all = cases.reduce((view, one, index) => reduce(view, { type: "case-finished", index, result: one }), started);
    const done = reduce(all, { type: "run-finished", result });
    expect(done.cases.map(({ result: own }) => own?.explanation)).toEqual(["It took 6.", "It took 6."]);
    expect(done.result?.cases).toHaveLength(2);
  });
});
