import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isBorne } from "../../../src/kernel/borne.ts";
import { Histogram } from "../../../src/kernel/histogram.ts";
import { keptLatencies } from "../../../src/telemetry/kept-latencies.ts";
import { medianDiffers, queriesDiffer, tailsDiffer } from "../../../src/telemetry/noise.ts";
import {
  kept,
  PERCENTILES,
  percentileOf,
  percentileText,
  SHARES,
  slowest,
  tailOf,
  tailText,
  typical,
} from "../../../src/telemetry/percentiles.ts";
import { caseResult } from "../../support/results.ts";

/** Of so many items, the i-th of which took i milliseconds. */
function summaryOf(count: number) {
  const histogram = new Histogram();
  for (let i = 1; i <= count; i++) histogram.record(i * 1e6);
  return histogram.summary();
}

describe("a percentile", () => {
  test("is borne by 60 items beyond it and by no fewer", () => {
    const least = { p50: 120, p75: 240, p90: 600, p95: 1200, p99: 6000, p99_9: 60_000 };
    for (const name of PERCENTILES)
      expect([isBorne(least[name], SHARES[name]), isBorne(least[name] - 1, SHARES[name])]).toEqual([true, false]);
  });

  test("is null in files exactly where fewer than 60 items lie beyond it, and listed there", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), (count) => {
        const summary = kept({ ...summaryOf(3), count });
        const few = PERCENTILES.filter((name) => Math.round(count * (1 - SHARES[name]) * 1e6) / 1e6 < 60);
        expect(summary.tooFew ?? []).toEqual(few);
        for (const name of PERCENTILES) expect(summary[name] === null).toBe(few.includes(name));
      }),
    );
  });

  test("leaves all other figures of a summary as they are", () => {
    const summary = summaryOf(100);
    expect(kept(summary)).toMatchObject({ count: 100, mean: summary.mean, stddev: summary.stddev, min: 1, max: 100 });
    expect(kept({ ...summary, count: 60_000 })).toEqual({ ...summary, count: 60_000 });
  });

  test("of files of earlier versions, which have a number there, is told by the same rule", () => {
    expect(percentileOf(summaryOf(100), "p99")).toBeNull();
    expect(percentileText(summaryOf(100), "p99")).toBe("too few");
    expect(percentileText(summaryOf(130), "p50")).toBe("65.0 ms");
  });

  test("gives way to the mean and the longest in sentences", () => {
    expect([typical(summaryOf(100)), slowest(summaryOf(100))]).toEqual([
      { word: "mean", ms: 50.5 },
      { word: "longest", ms: 100 },
    ]);
    expect([typical(summaryOf(6000)).word, slowest(summaryOf(6000)).word]).toEqual(["median", "p99"]);
  });
});

describe("two cases", () => {
  const one = caseResult({ mode: "async" });
  const at = (count: number, ms: number) => {
    const times = { ...one.latency.sojourn, count, min: ms, p50: ms, p75: ms, p90: ms, p95: ms, p99: ms, p99_9: ms, max: ms };
    const queries = { sent: count, answered: count, latency: times };
    const series = one.series.flatMap((sample) => new Array(10).fill({ ...sample, p50: ms, p99: ms }));
    return { ...one, latency: { ...one.latency, sojourn: times }, queries, series };
  };

  test("are told apart by the highest percentile that both bear, and by none where there is none", () => {
    expect([tailsDiffer(at(119, 1), at(1e6, 9)), tailsDiffer(at(1e6, 1), at(119, 9)), tailsDiffer(at(120, 1), at(1e6, 9))]).toEqual([
      0, 0, 1,
    ]);
    expect([medianDiffers(at(119, 1), at(1e6, 9)), medianDiffers(at(120, 1), at(1e6, 9))]).toEqual([0, 1]);
    expect([queriesDiffer(at(119, 1), at(1e6, 9)), queriesDiffer(at(120, 1), at(1e6, 9))]).toEqual([0, 1]);
  });
});

describe("the highest percentile that all bear", () => {
  test("is the p99 at most, and named in words", () => {
    const of = (...counts: readonly number[]) => tailOf(counts.map(summaryOf));
    expect([of(6000, 60_000), of(5999), of(6000, 1199), of(240), of(239), of(119, 6000)]).toEqual([
      "p99",
      "p95",
      "p90",
      "p75",
      "p50",
      null,
    ]);
    expect([tailText(summaryOf(240)), tailText(summaryOf(100))]).toEqual(["p75 180 ms", "p99 too few"]);
  });
});

describe("the latencies of a case in files", () => {
  const times = summaryOf(100);
  const measured = { sojourn: times, schedule: times, queue: times, batch: times, service: times, ok: times, failed: times };

  test("hold null for what too few items bear, in each part and of what was done and failed", () => {
    for (const part of Object.values(keptLatencies(measured, "message"))) {
      expect(part).toMatchObject({ p50: null, p99: null, tooFew: [...PERCENTILES] });
    }
  });

  test("of requests keep the numbers of the sojourn beside the list", () => {
    const { sojourn, service } = keptLatencies(measured, "fetch");
    expect(sojourn).toEqual({ ...times, tooFew: [...PERCENTILES] });
    expect(service.p99).toBeNull();
  });
});
