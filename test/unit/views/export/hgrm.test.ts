import { describe, expect, test } from "bun:test";
import { Histogram } from "../../../../src/kernel/histogram.ts";
import { histogramText } from "../../../../src/kernel/histogram-text.ts";
import { kept } from "../../../../src/telemetry/percentiles.ts";
import type { CaseResult } from "../../../../src/telemetry/result.ts";
import { distributionOf, hgrmOf } from "../../../../src/views/export/hgrm.ts";
import { hostileRun } from "../../../support/reports.ts";
import { caseResult, runResult } from "../../../support/results.ts";

/** A case of `count` items, the i-th of which took i milliseconds. */
function caseOf(count: number): CaseResult {
  const histogram = new Histogram();
  for (let i = 1; i <= count; i++) histogram.record(i * 1e6);
  const one = caseResult({ mode: "async" });
  return { ...one, latency: { ...one.latency, sojourn: kept(histogram.summary()) } };
}

/** The data lines, read as the plotters of HdrHistogram read them. */
function points(text: string): number[][] {
  const lines = text.split("\n").filter((line) => /^\s*\d/.test(line));
  return lines.map((line) => line.trim().split(/\s+/).map(Number));
}

describe("sojourn times for the plotters of HdrHistogram", () => {
  test("have heading, lines and footer in its columns", () => {
    const lines = distributionOf(caseOf(10_000), "first").split("\n");
    expect(lines.slice(0, 4)).toEqual([
      "       Value     Percentile TotalCount 1/(1-Percentile)",
      "",
      "       1.000 0.000000000000          1           1.00",
      expect.stringMatching(/^ {4}\d{4}\.\d{3} 0\.500000000000 {7}5000 {11}2\.00$/),
    ]);
    expect(lines).toContain("   10000.000 1.000000000000      10000");
    expect(lines).toContain("#[Max     =    10000.000, Total count    =        10000]");
    expect(lines).toContainEqual(expect.stringMatching(/^#\[Mean {4}= {5}5000\.500, StdDeviation {3}= {5}2886\.\d{3}\]$/));
    expect(lines).toContain("# first, async (completed): sojourn time in milliseconds, from due to ended.");
  });

  test("rise in every column, and hold each percentile with the items up to it", () => {
    const read = points(distributionOf(caseOf(100_000), "first"));
    expect(read.map(([, share]) => share)).toEqual([0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1]);
    expect(read.map(([, , total]) => total)).toEqual([1, 50_000, 75_000, 90_000, 95_000, 99_000, 99_900, 100_000]);
    for (const column of [0, 1, 2]) {
      const values = read.map((line) => line[column] ?? Number.NaN);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
    }
    expect(read.at(-1)).toHaveLength(3);
  });

  test("leave out what too few items bear, and say so", () => {
    const text = distributionOf(caseOf(1000), "first");
    expect(points(text).map(([, share]) => share)).toEqual([0, 0.5, 0.75, 0.9, 1]);
    expect(text).toContain("# Left out: p95, p99, p99.9, which too few items bear.");
    expect(distributionOf(caseOf(100_000), "first")).not.toContain("Left out");
  });

  test("say that there is no histogram behind them", () => {
    expect(distributionOf(caseOf(1000), "first")).toContain("# A result keeps these percentiles, not the histogram");
  });

  test("of nothing are no lines", () => {
    const text = distributionOf(caseOf(0), "first");
    expect(points(text)).toEqual([]);
    expect(text).toContain("# Nothing was measured.");
  });

  test("of several cases follow each other, and names are comments on one line", () => {
    expect(hgrmOf(runResult([caseOf(10), caseOf(20)])).match(/Total count/g)).toHaveLength(2);
    const comments = hgrmOf(hostileRun())
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith("       Value"));
    expect(comments.filter((line) => !/^ *[\d.]+ [01]\.\d{12} +\d+( +[\d.]+)?$/.test(line))).toEqual([]);
  });

  test("of a result that keeps its histogram are as fine as its plotters want them, within 0.2 %", () => {
    const exact = Array.from({ length: 20_000 }, (_, i) => 1e5 + ((i * 7919) % 20_000) ** 2);
    const histogram = new Histogram();
    for (const ns of exact) histogram.record(ns);
    exact.sort((a, b) => a - b);
    const one = caseResult({ mode: "async" });
    const whole = {
      ...one,
      latency: { ...one.latency, sojourn: kept(histogram.summary()) },
      histograms: { sojourn: histogramText(histogram) },
    };
    const text = distributionOf(whole, "first");
    const read = points(text);
    expect(read.length).toBeGreaterThan(60);
    expect(read[0]?.[1]).toBe(0);
    for (const [value = 0, share = 0, total = 0] of read) {
      const rank = Math.max(1, Math.ceil(share * exact.length - 1e-6));
      expect(Math.abs((value * 1e6) / (exact[rank - 1] ?? 0) - 1)).toBeLessThan(0.002);
      expect(total).toBeGreaterThanOrEqual(rank);
    }
    // By half the distance to 100 % at most from line to line, until there is one for each item.
    const shares = read.map(([, share = 0]) => share);
    expect(shares.slice(1, -1).every((share, i) => (share - (shares[i] ?? 0)) * 5.001 <= 1 - (shares[i] ?? 0))).toBe(true);
    expect([read.at(-1)?.[2], 1 - (shares.at(-2) ?? 0)]).toEqual([20_000, expect.closeTo(0, 4)]);
    expect(text).not.toContain("not the histogram");
  });
});
