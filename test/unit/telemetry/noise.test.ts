import { describe, expect, test } from "bun:test";
import { p99Range, tailsDiffer, throughputDiffers, throughputMargin } from "../../../src/telemetry/noise.ts";
import { bestOf, paysWithoutBound } from "../../../src/telemetry/points.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { caseResult, sample } from "../../support/results.ts";

const base = caseResult({ mode: "async" });
const at = (throughput: number, p99: number, change: Partial<CaseResult> = {}): CaseResult => {
  const sojourn = { ...base.latency.sojourn, count: 100_000, p95: p99 * 0.8, p99, p99_9: p99 * 1.5, max: 2 * p99 };
  return { ...base, throughput, latency: { ...base.latency, sojourn }, series: [], ...change };
};

describe("what is noise between two runs", () => {
  test("throughput: a twentieth at least, more where the series itself varies", () => {
    expect(throughputDiffers(at(100, 1), at(104, 1))).toBe(0);
    expect(throughputDiffers(at(100, 1), at(110, 1))).toBe(1);
    expect(throughputDiffers(at(110, 1), at(100, 1))).toBe(-1);
    const wild = Array.from({ length: 40 }, (_, i) => sample(100 * i, { processed: i % 8 < 4 ? 20 : 180 }));
    expect(throughputMargin({ series: wild })).toBeGreaterThan(0.2);
    expect(throughputDiffers(at(100, 1, { series: wild }), at(120, 1, { series: wild }))).toBe(0);
  });

  test("a 99th percentile of few lies between their neighbours", () => {
    expect(tailsDiffer(at(1, 10), at(1, 10.4))).toBe(0);
    expect(tailsDiffer(at(1, 10), at(1, 14))).toBe(1);
    const few = { ...at(1, 10).latency.sojourn, count: 6000 };
    expect(p99Range(few)?.high).toBeGreaterThan(10.9);
  });
});

describe("the best point", () => {
  test("is none where all are alike, and names those that are as good", () => {
    expect(bestOf([at(100, 10), at(101, 10.2)])).toBeNull();
    const best = bestOf([at(100, 10), at(101, 10.2), at(50, 3)]);
    expect([best?.one.throughput, best?.asGood.length]).toEqual([100, 1]);
  });

  test("is none at which more came than was done, that was disturbed, or that pays without a bound", () => {
    const unfinished = at(300, 10, { ledger: { ...base.ledger, unfinished: 1 } });
    const late = at(300, 10, { offeredRate: 400 });
    const grows = at(300, 10, { queue: { ...base.queue, growthPerSecond: 10 } });
    const disturbed = { ...at(300, 10), disturbed: { otherCores: 1, stealMs: 0, calibrationOff: 0, reason: "others" } };
    for (const one of [unfinished, late, grows, disturbed]) expect(bestOf([one, at(100, 10)])?.one.throughput).toBe(100);
    const memory = (peakRssBytes: number) => ({ ...base.process, peakRssBytes });
    const free = at(300, 10, { params: { "fetch.concurrency.max": "unlimited" }, process: memory(9e8) });
    const bounded = at(100, 10, { params: { "fetch.concurrency.max": 100 }, process: memory(1e8) });
    expect([paysWithoutBound(free, [free, bounded]), bestOf([free, bounded])?.one.throughput]).toEqual([true, 100]);
    expect(bestOf([{ ...free, process: memory(1e8) }, bounded])?.one.throughput).toBe(300);
  });
});
