import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { pointsText } from "../../../src/telemetry/point-text.ts";
import { bestOf, mostDone, whyNoBest } from "../../../src/telemetry/points.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { bestLine } from "../../../src/views/report/sweep.ts";
import { named } from "../../support/claims/points.ts";
import { caseResult } from "../../support/results.ts";

const base = caseResult({ mode: "async" });

function at(params: Record<string, unknown>, change: Partial<CaseResult> = {}, sojourn: object = {}): CaseResult {
  const all = { count: 6000, min: 1, p50: 5, p75: 5.5, p90: 6, p95: 6.5, p99: 7, p99_9: 7.5, max: 8, ...sojourn };
  const latency = { ...base.latency, sojourn: { ...base.latency.sojourn, ...all } };
  return { ...base, params, latency, throughput: 100, series: [], ...change };
}

const asked = (p99: number) => ({
  queries: {
    ...base.queries,
    sent: 6000,
    answered: 6000,
    latency: {
      ...base.queries.latency,
      count: 6000,
      p50: p99 / 2,
      p75: p99 / 1.5,
      p90: p99 / 1.2,
      p95: p99 / 1.1,
      p99,
      p99_9: p99,
      max: p99,
    },
  },
});

describe("what is best beyond throughput and p99", () => {
  test("the wait of queries, where messages take as long", () => {
    const cases = ["batch", 10, 1].map((every, i) => at({ "loop.yieldEvery": every }, asked([50.6, 10.3, 1.41][i] ?? 0)));
    expect(bestLine(cases)).toBe("★ best: async, loop.yieldEvery 1: 100/s, p99 7.00 ms, p99 of queries 1.41 ms");
  });

  test("the median, where nobody can tell by the p99", () => {
    const loose = { p95: 6, p99: 20, p99_9: 90, max: 200 };
    const cases = [0.0914, 0.276, 1.04].map((p50, i) => at({ "flow.durability": "mfp"[i] }, {}, { ...loose, min: p50 / 2, p50, p75: p50 }));
    expect(bestLine(cases)).toBe("★ best: async, flow.durability m: 100/s, p99 20.0 ms, median 91.4 µs");
  });

  test("of few, the highest percentile that all of them bear", () => {
    const few = (count: number, p95: number) => at({ x: p95 }, {}, { count, p95, p99: 13, p99_9: 13, max: 13 });
    expect(bestLine([few(1200, 6.5), few(2000, 12)])).toBe("★ best: async, x 6.5: 100/s, p95 6.50 ms");
    expect(bestLine([few(1199, 6.5), few(2000, 12)])).toBe("None is best: no point is better than the others by more than noise.");
  });

  test("where one waits less and the other's queries do, both are told", () => {
    const cases = [at({ x: 1 }, asked(50), { p99: 7 }), at({ x: 2 }, asked(2), { p95: 60, p99: 70, p99_9: 71, max: 72 })];
    expect(bestLine(cases)).toBe(
      "★ best: async, x 1: 100/s, p99 7.00 ms, though the slowest queries wait less at x 2 (2.00 ms against 50.0 ms)",
    );
  });

  test("a point at which more fails is not best, though more is done there", () => {
    const failing = { throughput: 150, ledger: { ...base.ledger, scheduled: 1000, processed: 900, failed: 100 } };
    expect(bestOf([at({ x: 1 }), at({ x: 2 }, failing)])?.one.params).toEqual({ x: 1 });
  });

  test("nor is one that was stopped or not measured validly", () => {
    for (const status of ["invalid", "aborted"] as const)
      expect(bestOf([at({ x: 1 }), at({ x: 2 }, { throughput: 150, status })])?.one.params).toEqual({ x: 1 });
    expect(whyNoBest([at({ x: 1 }, { status: "invalid" })])).toBe("invalid");
  });

  test("points that do not qualify are named where the best is, each with its reason", () => {
    const disturbed = { otherCores: 1, stealMs: null, calibrationOff: 0, reason: "Other programs." };
    const dropped = { ledger: { ...base.ledger, dropped: { newest: 9, oldest: 0 } } };
    const line = bestLine([
      at({ x: 1 }, { throughput: 100 }),
      at({ x: 2 }, { throughput: 150, disturbed }),
      at({ x: 3 }, { throughput: 150, disturbed }),
      at({ x: 4 }, { throughput: 150, ...dropped }),
      at({ x: 5 }, { throughput: 150, status: "aborted" }),
      at({ x: 6 }, { throughput: 50 }),
    ]);
    expect(line).toBe(
      "★ best: async, x 1: 100/s, p99 7.00 ms; left out as disturbed: x 2 and 3; left out as not keeping up: x 4; left out as not measured whole: x 5",
    );
  });

  test("none is best where the server had an outage, which some meet later than others by chance", () => {
    const met = (duringOutage: number) => ({ fetch: { attempts: 100, server: { duringOutage } } }) as unknown as Partial<CaseResult>;
    const cases = [at({ x: 1 }, { throughput: 150, ...met(20) }), at({ x: 2 }, met(0))];
    expect([bestOf(cases), whyNoBest(cases)]).toEqual([null, "outage"]);
    expect(bestLine(cases)).toBe("None is called best: the server had an outage, and how long anybody waited for its end is chance.");
    expect(bestLine(cases.map((one) => ({ ...one, ...met(0) })))).toStartWith("★ best: async, x 1");
  });

  test("where most was done is not told by noise", () => {
    const over = (rates: readonly number[]) =>
      rates.map((throughput, i) => at({ "parallel.workers": i + 1 }, { throughput, offeredRate: 1000 }));
    expect(bestLine(over([126, 243.8, 244.2, 241]))).toBe(
      "None is best: no point keeps up with what comes. Most was done, as much but for noise, at parallel.workers 2 to 4: 241/s to 244/s",
    );
    expect(bestLine(over([126, 244]))).toEndWith("Most was done at async, parallel.workers 2: 244/s");
    expect(bestLine(over([244, 245]))).toEndWith("As much was done at all of them but for noise: 244/s to 245/s");
    expect(mostDone([])).toEqual([]);
  });

  test("what keeps up only since nothing limits it is not said to fall behind", () => {
    const dropped = { ledger: { ...base.ledger, dropped: { newest: 9, oldest: 0 } } };
    const process = { ...base.process, peakRssBytes: 9e9 };
    const line = bestLine([at({ "queue.capacity": 10 }, dropped), at({ "queue.capacity": "unlimited" }, { process })]);
    expect(line).toStartWith("None is called best: what keeps up with what comes is only what nothing limits");
  });
});

describe("points in words", () => {
  const grid = [10, 50, 100, 500].flatMap((size) =>
    ["1ms", "10ms", "100ms"].map((timeout) => at({ "batch.size": size, "batch.timeout": timeout })),
  );
  const those = (...keys: string[]) => grid.filter(({ params }) => keys.includes(`${params["batch.size"]}/${params["batch.timeout"]}`));

  test("say a range, a list, or any", () => {
    expect(pointsText(those("10/1ms", "50/1ms", "100/1ms"), grid)).toBe("batch.timeout 1ms, batch.size 10 to 100");
    expect(pointsText(those("10/1ms", "100/1ms"), grid)).toBe("batch.timeout 1ms, batch.size 10 and 100");
    expect(pointsText(those("10/1ms", "10/10ms", "10/100ms", "50/1ms", "100/1ms"), grid)).toBe(
      "batch.size 10, any batch.timeout; batch.timeout 1ms, batch.size 50 and 100",
    );
    expect(pointsText(those("10/1ms", "10/10ms", "50/1ms", "50/10ms"), grid)).toBe("batch.size 10 and 50 with batch.timeout 1ms and 10ms");
  });

  test("name exactly the points that they are of, whichever those are", () => {
    const sweep = (["sync", "async"] as const).flatMap((mode) => grid.map((one) => ({ ...one, mode })));
    fc.assert(
      fc.property(fc.subarray(sweep, { minLength: 1 }), (points) => {
        const text = pointsText(points, sweep);
        expect(new Set(named(text, sweep))).toEqual(new Set(points));
        expect(text.split("; ").length).toBeLessThanOrEqual(points.length);
      }),
    );
  });
});
