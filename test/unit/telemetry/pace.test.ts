import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { keepsPace, keepsUp, lineGrowth } from "../../../src/telemetry/pace.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { caseResult, sample } from "../../support/results.ts";

const base = caseResult({ mode: "async" });

/** A case of which so many were done: sojourns per sample, offered rates per sample. */
function ran(change: object, p50s: readonly number[] = [], offered: readonly number[] = []): CaseResult {
  const series = p50s.map((p50, i) => sample(100 * (i + 1), { p50, p99: p50 + 30, offered: offered[i] ?? 100, processed: 100 }));
  return { ...base, queue: { ...base.queue, growthPerSecond: 0 }, series, ...change } as CaseResult;
}

const service = (mean: number, p99: number) => ({ ...base.latency, service: { ...base.latency.service, mean, p99 } });

describe("keeping up", () => {
  test("50 at a time, of 300: the last of them end after the last one came, which is no line", () => {
    const list = { offeredRate: 1075.6, throughput: 846.6, durationMs: 354.4, ledger: { ...base.ledger, scheduled: 300, processed: 300 } };
    const several = ran({ ...list, latency: service(51.7, 79.6) });
    expect([keepsPace(several), keepsUp(several)]).toEqual([true, true]);
    // One at a time the last takes no longer than others do.
    expect(keepsPace(ran({ ...list, latency: service(1.1, 79.6) }))).toBe(false);
  });

  test("how long messages take varies from sample to sample: a growth that chance makes is no line, one that is steady is", () => {
    const rate = { offeredRate: 100, throughput: 100 };
    const noisy = [40, 60, 45, 58, 41, 43, 61, 44, 43, 52, 47, 55, 55, 46, 55];
    expect(lineGrowth(ran(rate, noisy).series)).toBeGreaterThan(10);
    expect(keepsUp(ran(rate, noisy))).toBe(true);
    const steady = Array.from({ length: 15 }, (_, i) => 20 + 20 * i);
    expect(keepsUp(ran(rate, steady))).toBe(false);
  });

  test("a line that the simulation of the same arrivals has too, with time to spare, is no lasting one", () => {
    const grows = Array.from({ length: 15 }, (_, i) => 20 + 20 * i);
    const foreseen = { ...base.predicted, throughput: 100, utilization: 0.94, sojournMean: 150, bottleneck: "arrivals" };
    const latency = { ...base.latency, sojourn: { ...base.latency.sojourn, mean: 160 } };
    const keeps = (change: object, more: object = {}) =>
      keepsUp(ran({ offeredRate: 100, throughput: 100, latency, predicted: { ...foreseen, ...change }, ...more }, grows));
    expect(keeps({})).toBe(true);
    for (const change of [
      { utilization: 0.98 },
      { sojournMean: 100 },
      { bottleneck: "hot key" },
      { throughput: 90 },
      { utilization: null },
    ])
      expect(keeps(change)).toBe(false);
    // What came and was not done is no line that chance makes.
    expect(keeps({}, { ledger: { ...base.ledger, unfinished: 5 } })).toBe(false);
  });

  test("a line that is fed two in a hundred too much is found in two seconds", () => {
    const series = Array.from({ length: 21 }, (_, i) =>
      sample(100 * (i + 1), { p50: 4 + 2.1 * i, p99: 5 + 2.1 * i, offered: 511, processed: 500 }),
    );
    const queue = { ...base.queue, growthPerSecond: 11 };
    const ledger = { ...base.ledger, scheduled: 1022, processed: 1022 };
    expect(keepsUp(ran({ offeredRate: 511, throughput: 500, durationMs: 2044, series, queue, ledger, latency: service(2, 2) }))).toBe(
      false,
    );
  });

  test("a line that grows for long enough is always found, whatever the noise about it", () => {
    const noise = fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { minLength: 30, maxLength: 90 });
    fc.assert(
      fc.property(noise, fc.integer({ min: 12, max: 60 }), (noise, perSample) => {
        const grows = noise.map((extra, i) => extra + perSample * i);
        expect(keepsUp(ran({ offeredRate: 100, throughput: 100 }, grows))).toBe(false);
        const stays = noise.map((extra) => 50 + extra / 10);
        expect(keepsUp(ran({ offeredRate: 100, throughput: 100 }, stays))).toBe(true);
      }),
    );
  });

  test("bursts have until another would come: four of 44 in half a second each, at 80 a second, do not keep up; of 40 they do", () => {
    const period = [440, 0, 0, 0, 0];
    const offered = [...period, ...period, ...period, ...period, 0, 0, 0];
    const of = (each: number, durationMs: number) =>
      ran(
        {
          offeredRate: (4 * each) / 1.5,
          throughput: (4000 * each) / durationMs,
          durationMs,
          ledger: { ...base.ledger, scheduled: 4 * each, processed: 4 * each },
          latency: service(1, 1),
        },
        offered.map(() => 250),
        offered,
      );
    expect(keepsUp(of(44, 2219))).toBe(false);
    expect(keepsUp(of(40, 2010))).toBe(true);
  });

  test("what all comes at once has no pace: the later wait longer, though nothing is added", () => {
    const drained = Array.from({ length: 15 }, (_, i) => 100 * i);
    expect(keepsUp(ran({ offeredRate: null, throughput: 500 }, drained))).toBe(true);
  });
});
