import { describe, expect, test } from "bun:test";
import { explain } from "../../../src/analysis/explain.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { predict } from "../../../src/theory/predict.ts";
import { dd1OverloadSojourn } from "../../../src/theory/queues.ts";
import { simulate } from "../../../src/theory/simulate.ts";
import { patience, rounds } from "../../support/campaign.ts";
import { caseResult } from "../../support/results.ts";

const machine = { workers: 4, cores: 4 };
const scenarioOf = (change: object) => scenarioSchema.parse({ title: "x", ...change });
const expected = (mode: Mode, change: object) => predict({ mode, scenario: scenarioOf(change), ...machine });
const poisson = (seconds: number, more: object = {}) => ({
  executor: "constant-arrival-rate",
  rate: 100,
  duration: `${seconds}s`,
  arrivals: "poisson",
  ...more,
});
const sleeping = (ms: number, distribution = "constant", more: object = {}) => ({ kind: "sleep", time: `${ms}ms`, distribution, ...more });

/** Share of other seeds' runs, from `first` on, whose mean lies within the band of seed 1. */
function coverage(mode: Mode, change: object, seeds: number, first = 2): number {
  const { steadyState } = expected(mode, change);
  const [low, high] = steadyState?.band ?? [Number.NaN, Number.NaN];
  let inside = 0;
  for (let seed = first; seed < first + seeds; seed++) {
    const mean = (simulate({ mode, scenario: scenarioOf({ ...change, seed }), ...machine })?.sojourn.mean ?? Number.NaN) / 1e6;
    if (mean >= low && mean <= high) inside++;
  }
  return inside / seeds;
}

describe("the band of the steady state", () => {
  test(
    "holds nine of ten runs of this length",
    () => {
      const seeds = rounds(60, 600);
      const shares: number[] = [];
      for (const rho of [0.5, 0.8, 0.9])
        for (const seconds of [20, 60])
          for (const distribution of ["constant", "exponential"]) {
            const share = coverage(
              "sync",
              { load: poisson(seconds), work: sleeping(10 * rho, distribution) },
              seeds,
              2 + seeds * shares.length,
            );
            shares.push(share);
            // Of few runs the share varies by itself.
            const slack = seeds >= 600 ? 0 : 0.12;
            expect(share).toBeGreaterThan(0.85 - slack);
            expect(share).toBeLessThan(0.95 + slack);
          }
      const all = shares.reduce((sum, share) => sum + share, 0) / shares.length;
      expect(all).toBeGreaterThan(0.85);
      expect(all).toBeLessThan(0.95);
    },
    patience(30_000),
  );

  test.each([
    ["M/G/1", "sync", { load: poisson(30), work: sleeping(7, "uniform") }],
    ["M/M/4", "async", { load: poisson(40, { rate: 400 }), work: { ...sleeping(8, "exponential"), kind: "io" }, keys: { count: 4000 } }],
    ["M/M/1/11", "async", { load: poisson(40), work: sleeping(12, "exponential"), queue: { capacity: 10, overflow: "drop-newest" } }],
    ["M/D/1", "sync", { load: poisson(60), work: sleeping(8), warmup: "10s" }],
    ["M/M/1", "sync", { load: poisson(300), work: sleeping(8, "exponential") }],
  ] as const)("%s in %s, too", (model, mode, change) => {
    const asked = { ...change, async: { concurrency: 4 } };
    expect(expected(mode, asked).steadyState?.model).toBe(model);
    const seeds = rounds(40, 200);
    expect(coverage(mode, asked, seeds)).toBeGreaterThan(seeds >= 200 ? 0.82 : 0.72);
  });

  test("is the same each time, narrower the longer the run is, and one point where nothing is left to chance", () => {
    const band = (seconds: number) => expected("sync", { load: poisson(seconds), work: sleeping(8) }).steadyState?.band ?? [0, 0];
    expect(band(40)).toEqual(band(40));
    const widths = [20, 80, 320, 1280].map((seconds) => band(seconds)[1] - band(seconds)[0]);
    for (const [i, width] of widths.slice(1).entries()) {
      expect(width / (widths[i] ?? 0)).toBeGreaterThan(0.3);
      expect(width / (widths[i] ?? 0)).toBeLessThan(0.75);
    }
    expect(expected("sync", { load: { ...poisson(10), arrivals: "uniform" }, work: sleeping(8) }).steadyState).toEqual({
      model: "D/D/1",
      sojournMean: 8,
      sojournP99: 8,
      band: [8, 8],
    });
  });
});

describe("a prediction", () => {
  test("is the simulation of the case's own tape, the formula beside it", () => {
    const change = { load: poisson(20), work: sleeping(9, "exponential"), seed: 3 };
    const { model, sojournMean, sojournP99, steadyState } = expected("sync", change);
    const simulated = simulate({ mode: "sync", scenario: scenarioOf(change), ...machine });
    expect(sojournMean).toBe((simulated?.sojourn.mean ?? 0) / 1e6);
    expect(sojournP99).toBe((simulated?.sojourn.percentile(0.99) ?? 0) / 1e6);
    expect([model, steadyState?.sojournMean]).toEqual(["M/M/1", expect.closeTo(90, 9)]);
    expect(steadyState?.sojournP99).toBeCloseTo(90 * Math.log(100), 6);
  });

  test("has no steady state where the line grows, and its simulation is what the formula of that comes to", () => {
    const load = { executor: "constant-arrival-rate", rate: 200, duration: "2s" };
    const over = expected("sync", { load, work: sleeping(10) });
    expect([over.model, over.steadyState]).toEqual(["D/D/1, overloaded", null]);
    expect(over.sojournMean).toBeCloseTo(1000 * dd1OverloadSojourn(200, 0.01, 2), 6);
    expect(expected("sync", { load: poisson(20), work: sleeping(11) })).toMatchObject({ model: "simulation", steadyState: null });
  });

  test("tells no steady state of a run that cannot come near it", () => {
    expect(expected("sync", { load: poisson(2), work: sleeping(9.5) }).steadyState).toBeNull();
    expect(expected("sync", { load: poisson(20), work: sleeping(9.99) }).steadyState).toBeNull();
    // A mean of what has a heavy tail hangs on the few longest.
    const heavy = (seconds: number) => expected("sync", { load: poisson(seconds), work: sleeping(4, "lognormal", { cv: 4 }) });
    expect(heavy(20)).toMatchObject({ model: "simulation", steadyState: null });
    expect(heavy(20).sojournMean).toBeGreaterThan(0);
    expect(heavy(20_000).steadyState?.sojournMean).toBeCloseTo(4 + (0.4 * 4 * 17) / (2 * 0.6), 9);
  });

  test("of a tape that is too long says of which part it is", () => {
    const load = poisson(20_000);
    expect(expected("sync", { load, work: sleeping(1) }).part).toEqual({ arrivals: 300_000, of: 2_000_000 });
    expect(expected("sync", { load: poisson(20), work: sleeping(1) }).part).toBeNull();
  });
});

describe("an explanation", () => {
  const base = caseResult({ mode: "sync" });
  const steadyState = { model: "M/D/1", sojournMean: 3, sojournP99: null, band: [2.5, 3.5] as const };
  const told = (mean: number, more: object = {}) =>
    explain(
      {
        ...base,
        latency: { ...base.latency, sojourn: { ...base.latency.sojourn, mean } },
        predicted: { ...base.predicted, throughput: 100, sojournMean: 2.9, model: "M/D/1", steadyState, ...more },
      },
      scenarioOf({}),
    );

  test("compares with the simulation, and says whether it is one of the nine runs in ten", () => {
    expect(told(2.6)).toContain(
      "The simulation of this tape expects 100/s and a mean sojourn time of 2.90 ms; measured: 100/s and 2.60 ms.",
    );
    expect(told(2.6)).toContain(
      "M/D/1 settles at 3.00 ms; nine of ten runs of this length lie between 2.50 ms and 3.50 ms, and this one does.",
    );
    expect(told(3.6)).toContain("between 2.50 ms and 3.50 ms, and this one does not.");
  });

  test("names the part that was simulated, and no formula where there is none", () => {
    expect(told(2.6, { part: { arrivals: 300_000, of: 2_000_000 } })).toContain(
      "The simulation of the first 300 k of 2.00 M arrivals expects 100/s",
    );
    expect(told(2.6, { steadyState: null })).not.toContain("settles");
    const always = { ...steadyState, model: "D/D/1", band: [3, 3] };
    expect(told(3, { steadyState: always })).toEndWith("D/D/1 settles at 3.00 ms.");
  });
});
