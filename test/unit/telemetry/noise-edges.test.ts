import { describe, expect, test } from "bun:test";
import {
  LEAST_MARGIN,
  loadsDiffer,
  mean,
  medianDiffers,
  p99Range,
  queriesDiffer,
  tailsDiffer,
  throughputDiffers,
  throughputMargin,
} from "../../../src/telemetry/noise.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { caseResult, sample } from "../../support/results.ts";

const one = caseResult({ mode: "async" });
/** Samples of a hundred milliseconds, processed as told. */
const done = (...processed: readonly number[]) => processed.map((each, i) => sample(100 * (i + 1), { processed: each }));
const steady = (count: number) => done(...new Array<number>(count).fill(100));

describe("the margin of a throughput", () => {
  test("is the least where samples are alike, or fewer than two for each of ten batches", () => {
    expect([throughputMargin({ series: steady(40) }), throughputMargin({ series: [] })]).toEqual([LEAST_MARGIN, LEAST_MARGIN]);
    const jumping = (count: number) => done(...Array.from({ length: count }, (_, i) => (Math.floor(i / 2) % 2 === 0 ? 50 : 150)));
    expect(throughputMargin({ series: jumping(19) })).toBe(LEAST_MARGIN);
    expect(throughputMargin({ series: jumping(20) })).toBeGreaterThan(LEAST_MARGIN);
  });

  test("is 1.96 standard errors of the mean of ten batches, by what neighbours differ", () => {
    // Batches of 50 and 150 in turn: they differ by 100, so the variance is half of 100².
    const series = done(...Array.from({ length: 20 }, (_, i) => (Math.floor(i / 2) % 2 === 0 ? 50 : 150)));
    expect(throughputMargin({ series })).toBeCloseTo((1.96 * Math.sqrt(100 ** 2 / 2 / 10)) / 100, 9);
  });

  test("leaves out samples in which nothing was done", () => {
    expect(throughputMargin({ series: done(...Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? 0 : 100))) })).toBe(LEAST_MARGIN);
  });
});

describe("two throughputs", () => {
  const of = (throughput: number): CaseResult => ({ ...one, throughput, series: steady(40) });

  test("differ by more than a twentieth of the larger", () => {
    expect([throughputDiffers(of(95), of(100)), throughputDiffers(of(94.9), of(100))]).toEqual([0, 1]);
    expect([throughputDiffers(of(100), of(95)), throughputDiffers(of(100), of(94.9))]).toEqual([0, -1]);
  });
});

const latency = { count: 1000, mean: 1, stddev: 0, min: 0, max: 100, p50: 50, p75: 75, p90: 90, p95: 95, p99: 99, p99_9: 99.9 };

describe("where a 99th percentile may lie", () => {
  test("goes by rank, between the percentiles that are borne, a quarter of the values counting", () => {
    const half = 1.96 * Math.sqrt((0.99 * 0.01) / 1500);
    const range = p99Range({ ...latency, count: 6000, max: 1000 });
    expect(range?.high).toBeCloseTo(99 + ((1000 - 99) * half) / 0.01, 9);
  });

  test("is never nearer than the least margin", () => {
    const sure = p99Range({ ...latency, count: 1e9 });
    expect([sure?.low, sure?.high]).toEqual([expect.closeTo(99 * 0.95, 9), expect.closeTo(99 * 1.05, 9)]);
  });

  test("nobody can tell of too few", () => {
    expect([p99Range({ ...latency, count: 5999 }), p99Range({ ...latency, count: 0 })]).toEqual([null, null]);
  });
});

describe("two 99th percentiles", () => {
  const of = (factor: number, p99s: readonly number[] = []): CaseResult => {
    const scaled = Object.fromEntries(Object.entries(latency).map(([name, value]) => [name, name === "count" ? 1e9 : value * factor]));
    const sojourn = { ...latency, ...scaled };
    return { ...one, latency: { ...one.latency, sojourn }, series: p99s.map((p99, i) => sample(100 * (i + 1), { p99 })) };
  };

  test("differ by more than both their errors together", () => {
    const error = Math.SQRT2 * 0.05;
    expect([tailsDiffer(of(1), of(1 + error * 0.9)), tailsDiffer(of(1), of(1 + error * 1.1))]).toEqual([0, 1]);
    expect(tailsDiffer(of(1 + error * 1.1), of(1))).toBe(-1);
  });

  test("of runs that cannot be told so differ where each sample of one is slower than each of the other", () => {
    const apart = (a: readonly number[], b: readonly number[]) => tailsDiffer(of(1, a), of(1, b));
    expect([apart([1, 1, 1, 1], [2, 2, 2, 2]), apart([2, 2, 2, 2], [1, 1, 1, 1])]).toEqual([1, -1]);
    expect([apart([1, 1, 1], [2, 2, 2]), apart([1, 1, 1, 2], [2, 2, 2, 2])]).toEqual([0, 0]);
    expect([apart([1, 1, 1, 1], new Array(4).fill(1.05)), apart([1, 1, 1, 1], new Array(4).fill(1.051))]).toEqual([0, 1]);
  });

  test("go by all but a tenth of the samples where they meet", () => {
    const ten = new Array<number>(9).fill(1);
    expect(tailsDiffer(of(1, [...ten, 9]), of(1, new Array<number>(10).fill(2)))).toBe(1);
    // Wherever in the run it was.
    for (let at = 0; at <= ten.length; at++)
      expect(tailsDiffer(of(1, [...ten.slice(0, at), 9, ...ten.slice(at)]), of(1, new Array<number>(10).fill(2)))).toBe(1);
    expect(tailsDiffer(of(1, [...ten.slice(1), 9, 9]), of(1, new Array<number>(10).fill(2)))).toBe(0);
  });
});

describe("two medians", () => {
  const of = (p50: number): CaseResult => ({
    ...one,
    latency: { ...one.latency, sojourn: { ...latency, count: 1e9, min: p50, p50, p75: p50, p90: p50 } },
    series: [],
  });

  test("differ by more than the least margin, and by more than waking up makes", () => {
    expect([medianDiffers(of(10), of(10.7)), medianDiffers(of(10), of(10.9)), medianDiffers(of(10.9), of(10))]).toEqual([0, 1, -1]);
    expect([medianDiffers(of(0.01), of(0.03)), medianDiffers(of(0.01), of(0.05))]).toEqual([0, 1]);
  });
});

describe("waits of queries", () => {
  const of = (answered: number, factor: number): CaseResult => ({
    ...one,
    queries: {
      sent: answered,
      answered,
      latency: { ...latency, count: 1e9, p95: 95 * factor, p99: 99 * factor, p99_9: 99 * factor, max: 100 * factor },
    },
  });

  test("are told apart where both were asked any", () => {
    expect([queriesDiffer(of(9, 1), of(9, 2)), queriesDiffer(of(0, 1), of(9, 2)), queriesDiffer(of(9, 1), of(0, 2))]).toEqual([1, 0, 0]);
  });
});

describe("loads", () => {
  const of = (offeredRate: number | null, hash: string | null = null) => ({ offeredRate, tape: { hash, count: 1 } });

  test("differ by more than a twentieth", () => {
    expect([loadsDiffer([of(100), of(105)]), loadsDiffer([of(100), of(105.1)])]).toEqual([false, true]);
  });

  test("on one tape are one load, and of one rate none differs", () => {
    expect(loadsDiffer([of(100, "a"), of(200, "a")])).toBe(false);
    expect(loadsDiffer([of(100, "a"), of(200, "b")])).toBe(true);
    expect([loadsDiffer([of(100), of(null)]), loadsDiffer([])]).toEqual([false, false]);
  });
});

test("the mean of nothing is nothing", () => {
  expect([mean([]), mean([1, 2, 6])]).toEqual([0, 3]);
});
