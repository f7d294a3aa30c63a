import { describe, expect, test } from "bun:test";
import { conclude } from "../../../src/analysis/conclude.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { caseResult } from "../../support/results.ts";

const base = caseResult({ mode: "async" });
const list = { executor: "shared-iterations", gracefulStopMs: 30_000, lastMs: 0 };

/** So many requests of 50 ms each, `places` at a time, and of the last of them one that takes 100 ms. */
function listCase(places: number, requests = 300, change: object = {}): CaseResult {
  const durationMs = (requests / places) * 50 + 50;
  const throughput = (1000 * requests) / durationMs;
  const fetch = { requests, ok: requests, degraded: 0, resumed: 0, sent: requests, itemMs: 50 };
  const latency = { ...base.latency, service: { ...base.latency.service, mean: 50, max: 100 } };
  const params = { "fetch.concurrency.max": places };
  return { ...base, load: list, durationMs, throughput, fetch, latency, params, ...change } as unknown as CaseResult;
}

const said = (cases: readonly CaseResult[]) => conclude(cases).join(" ");

describe("T-10 how throughput grows with requests in flight", () => {
  test("is told of a list without its end, at which places are free for want of requests", () => {
    const text = said([1, 5, 10, 20, 50].map((places) => listCase(places)));
    expect(text).toContain("50: 857/s × 50.0 ms = 42.9 under way.");
    expect(text).toContain(
      "Without the end of the list, when fewer are left than may be under way, that is 1: 20/s, 5: 100/s, 10: 200/s, 20: 400/s, 50: 1.00 k/s. Amdahl's law fits with 0 % that does not overlap (R² 1.00;",
    );
  });

  test("is no law where places were free before the list ended, or it never filled them", () => {
    const waves = said([1, 5, 10, 20].map((places) => listCase(places, 300, places === 20 ? { durationMs: 1200, throughput: 250 } : {})));
    expect(waves).toContain("No law is fitted, since the list ends with fewer under way than may be, and at some points there were fewer");
    expect(said([1, 5, 10, 400].map((places) => listCase(places)))).not.toContain("fits");
  });

  test("is no law where it is the arrivals that make the rate", () => {
    const load = { ...list, executor: "constant-arrival-rate" };
    const rates = [20, 100, 150, 150].map((throughput, i) =>
      listCase([1, 5, 10, 20][i] ?? 0, 300, { load, throughput, offeredRate: 150, tape: { hash: "a", count: 300 } }),
    );
    expect(said(rates)).toContain("No law is fitted, since at some points all was done that came, and that is no limit of theirs.");
    expect(said(rates.slice(0, 2).concat(listCase(10, 300, { load, throughput: 140, offeredRate: 150 })))).not.toContain(
      "all was done that came",
    );
  });
});

test("P3 a list of which the end is a good part of the time tells no law of Workers", () => {
  const workers = (max: number) =>
    said(
      [1, 2, 4].map((n) => {
        const { fetch: _, ...one } = listCase(n, 300, { mode: "parallel", params: { "parallel.workers": n } });
        return { ...one, latency: { ...one.latency, service: { ...one.latency.service, max } } };
      }),
    );
  expect(workers(1000)).toContain(
    "no law is fitted, since the end of a list, when less is left than there are Workers, is a good part of these rates",
  );
  expect(workers(100)).toContain("Amdahl's law fits");
});
