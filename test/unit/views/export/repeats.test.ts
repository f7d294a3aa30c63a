import { describe, expect, test } from "bun:test";
import { estimatedRepeats } from "../../../../src/analysis/repeats.ts";
import type { RunResult } from "../../../../src/telemetry/result.ts";
import { csvOf } from "../../../../src/views/export/csv.ts";
import { stepSummaryOf } from "../../../../src/views/export/github.ts";
import { htmlOf } from "../../../../src/views/export/html.ts";
import { junitOf } from "../../../../src/views/export/junit.ts";
import { markdownOf } from "../../../../src/views/export/markdown.ts";
import { NOWHERE } from "../../../../src/views/export/test-cases.ts";
import { caseResult, runResult, sample } from "../../../support/results.ts";

/** Six rounds of two modes; throughput rises by one a round. */
function repeatedRun(): RunResult {
  const cases = Array.from({ length: 6 }, (_, repeat) =>
    (["sync", "async"] as const).map((mode) => {
      const one = caseResult({ mode, processed: (mode === "sync" ? 100 : 200) + repeat });
      const sojourn = { ...one.latency.sojourn, mean: 5 + repeat };
      return { ...one, repeat, latency: { ...one.latency, sojourn }, series: [sample(100, { processed: repeat })] };
    }),
  ).flat();
  const threshold = { case: 4, metric: "throughput", expression: "value>150", value: 102, ok: false };
  return { ...runResult(cases), repeats: estimatedRepeats(cases), thresholds: [threshold] };
}

describe("a run with repeats", () => {
  test("as HTML has the estimates with their intervals, and else the repeat that stands for each case", () => {
    const page = htmlOf(repeatedRun());
    expect(page).toContain("<h2>Over repeats</h2>");
    // Mean of the two middle Walsh averages; the widest interval of six is from the least to the greatest.
    expect(page).toContain('<tr><th scope="row">sync</th><td>6</td><td>103/s [100/s, 105/s]</td>');
    expect(page.match(/<figure>/g)).toHaveLength(4);
    expect(page).toContain("<summary>sync over time</summary>");
    expect(page).not.toContain("round 3 over time");
    // The first box speaks of every one.
    expect(page.match(/<th scope="row">sync, round \d<\/th>/g)).toHaveLength(6);
  });

  test("as Markdown and as a step's summary has the estimates as a table", () => {
    const row = "| sync | 6 | 103/s \\[100/s, 105/s\\] |";
    for (const text of [markdownOf(repeatedRun()), stepSummaryOf([{ result: repeatedRun(), places: NOWHERE, comparison: null }])]) {
      expect(text).toContain(row);
      expect(text.split("\n").filter((line) => /^\| (sync|async) \| \d+\/s/.test(line))).toHaveLength(2);
    }
  });

  test("as CSV has every repeat, with its number in a last column", () => {
    const lines = csvOf(repeatedRun()).split("\r\n");
    expect(lines[0]).toBe("run,scenario,mode,params,metric,field,value,repeat");
    const rates = lines.filter((line) => line.includes(",sync,") && line.includes(",throughput,value,"));
    expect(rates.map((line) => line.split(",").slice(-2))).toEqual(Array.from({ length: 6 }, (_, i) => [String(100 + i), String(i)]));
    expect(csvOf(runResult([caseResult({ mode: "sync" })])).split("\r\n")[0]).toBe("run,scenario,mode,params,metric,field,value");
  });

  test("as JUnit has names that do not depend on which repeat was judged", () => {
    expect(junitOf(repeatedRun())).toContain('<testcase name="sync: throughput value&gt;150"');
  });
});
