import { describe, expect, test } from "bun:test";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { predict } from "../../../src/theory/predict.ts";
import {
  batchFillWait,
  batchWait,
  erlangC,
  littleNumber,
  md1Sojourn,
  mg1Sojourn,
  mm1k,
  mm1Sojourn,
  mm1SojournQuantile,
  mmcSojourn,
} from "../../../src/theory/queues.ts";
import { simulate } from "../../../src/theory/simulate.ts";
import { rounds } from "../../support/campaign.ts";

/** Messages of one simulation: a slice in `bun test`, a million in the whole campaign. */
const MESSAGES = rounds(250_000, 1_000_000);
/** What so many messages of a queue at ρ = 0.8 may be off by. */
const NEAR = MESSAGES >= 1_000_000 ? 0.02 : 0.04;

function simulated(mode: Mode, change: object, machine = { workers: 2, cores: 2 }) {
  const scenario = scenarioSchema.parse({ title: "x", gracefulStop: "30d", ...change });
  const result = simulate({ mode, scenario, ...machine }, MESSAGES);
  if (result === null) throw new Error("not simulated");
  return result;
}

const poisson = (rate: number) => ({
  load: { executor: "constant-arrival-rate", rate, duration: `${Math.ceil((1.1 * MESSAGES) / rate)}s`, arrivals: "poisson" },
});
const work = (distribution: string, more: object = {}) => ({ kind: "cpu", time: "1ms", distribution, ...more });
const off = (measured: number, expected: number | null) => Math.abs(measured / (expected ?? Number.NaN) - 1);
const mean = ({ sojourn }: ReturnType<typeof simulated>) => sojourn.mean / 1e9;

describe("queueing formulas agree with each other", () => {
  test("where one is the other's special case", () => {
    expect(mg1Sojourn(600, 0.001, 0)).toBeCloseTo(md1Sojourn(600, 0.001) as number, 12);
    expect(mg1Sojourn(600, 0.001, 1)).toBeCloseTo(mm1Sojourn(600, 0.001) as number, 12);
    expect(mmcSojourn(600, 0.001, 1)).toBeCloseTo(mm1Sojourn(600, 0.001) as number, 12);
    expect(mm1k(600, 0.001, 200).sojourn).toBeCloseTo(mm1Sojourn(600, 0.001) as number, 9);
    expect(mm1k(1000, 0.001, 9).loss).toBeCloseTo(0.1, 12);
    expect(mm1k(3000, 0.001, 5000).throughput).toBeCloseTo(1000, 6);
    expect(mm1SojournQuantile(0.5, 600, 0.001)).toBeCloseTo(Math.LN2 * (mm1Sojourn(600, 0.001) as number), 12);
    // Tabulated: two servers at half their capacity, a third of the arrivals wait.
    expect(erlangC(1, 2)).toBeCloseTo(1 / 3, 12);
    expect([mm1Sojourn(1000, 0.001), mmcSojourn(2000, 0.001, 2), mg1Sojourn(2000, 0.001, 1), erlangC(5, 2)]).toEqual([null, null, null, 1]);
    expect(littleNumber(100, 0.5)).toBe(50);
  });

  test("a batch that fills before its timeout waits half of it; one that does not waits about half the timeout", () => {
    expect([batchFillWait(100, 11), batchWait(100, 11, 1)]).toEqual([0.05, 0.05]);
    expect(batchWait(10, 100, 0.1)).toBeCloseTo(0.05 + 0.05 / 2, 12);
  });
});

describe("the simulator against formulas", () => {
  test.each([0.5, 0.8])("M/D/1, M/M/1, M/G/1 and M/M/c at ρ = %p", (rho) => {
    expect(off(mean(simulated("sync", { ...poisson(1000 * rho), work: work("constant") })), md1Sojourn(1000 * rho, 0.001))).toBeLessThan(
      NEAR,
    );
    const exponential = simulated("sync", { ...poisson(1000 * rho), work: work("exponential") });
    expect(off(mean(exponential), mm1Sojourn(1000 * rho, 0.001))).toBeLessThan(NEAR);
    expect(off(exponential.sojourn.percentile(0.99) / 1e9, mm1SojournQuantile(0.99, 1000 * rho, 0.001))).toBeLessThan(2 * NEAR);
    const lognormal = simulated("async", {
      ...poisson(1000 * rho),
      work: work("lognormal", { cv: 0.7 }),
      queue: { capacity: "unlimited" },
    });
    expect(off(mean(lognormal), mg1Sojourn(1000 * rho, 0.001, 0.49))).toBeLessThan(2 * NEAR);
    const several = { work: work("exponential", { kind: "io" }), keys: { count: 100_000 }, async: { concurrency: 8 } };
    expect(off(mean(simulated("async", { ...poisson(8000 * rho), ...several })), mmcSojourn(8000 * rho, 0.001, 8))).toBeLessThan(NEAR);
  });

  test.each([0.8, 1, 1.5])("M/M/1/K at ρ = %p: loss, throughput and sojourn", (rho) => {
    const queue = { capacity: 9, overflow: "drop-newest" };
    const result = simulated("async", { ...poisson(1000 * rho), work: work("exponential"), queue });
    const { loss, throughput, sojourn } = mm1k(1000 * rho, 0.001, 10);
    expect(off(mean(result), sojourn)).toBeLessThan(NEAR);
    expect(off(result.throughput, throughput)).toBeLessThan(NEAR);
    expect(Math.abs(result.dropped / result.arrivals - loss)).toBeLessThan(0.01);
  });

  test("batches wait as long as the formula says, up to the turn of the one before", () => {
    const load = { executor: "constant-arrival-rate", rate: 1000, duration: "20s", arrivals: "poisson" };
    const batched = simulated("async", { load, work: { kind: "cpu", time: "1us" }, batch: { size: 50 } });
    expect(off(mean(batched), batchFillWait(1000, 50))).toBeLessThan(0.03);
  });

  test("what is counted is everything: processed, dropped, unfinished", () => {
    const load = { executor: "bursts", size: 500, every: "100ms", count: 5 };
    for (const change of [{}, { overflow: "drop-newest", capacity: 20 }, { overflow: "block", capacity: 3 }]) {
      const result = simulated("parallel", { load, work: work("uniform"), queue: change, keys: { count: 50 }, gracefulStop: "150ms" });
      expect(result.processed + result.dropped + result.unfinished).toBe(2500);
    }
  });

  test("a closed loop of n clients keeps n in the system", () => {
    const load = { executor: "shared-iterations", vus: 7, iterations: 5000 };
    const result = simulated("sync", { load, work: work("exponential") });
    expect(off(littleNumber(result.throughput, mean(result)), 7)).toBeLessThan(0.01);
    const full = simulated("async", { load, work: work("constant"), batch: { size: 100 } });
    expect(full.processed).toBe(5000);
  });

  test("many Workers on two cores compute in turns: as M/M/2 does, in lines of their own", () => {
    const { sojourn } = simulated(
      "parallel",
      { ...poisson(1600), work: work("exponential"), keys: { count: 10_000 } },
      { workers: 64, cores: 2 },
    );
    // Who comes first is not always served first, which changes no mean where service is exponential.
    expect(off(sojourn.mean / 1e9, mmcSojourn(1600, 0.001, 2))).toBeLessThan(2 * NEAR);
    // As many lanes as cores wait in their own line only.
    const apart = simulated("parallel", { ...poisson(1600), work: work("exponential"), keys: { count: 10_000 } }, { workers: 2, cores: 2 });
    expect(off(apart.sojourn.mean / 1e9, mm1Sojourn(800, 0.001))).toBeLessThan(2 * NEAR);
  });

  test("machines that are not here: 1 024 cores", () => {
    const load = { executor: "constant-arrival-rate", rate: 150_000, duration: "1s" };
    const result = simulated(
      "parallel",
      { load, work: work("constant", { time: "5ms" }), keys: { count: 200_000 } },
      { workers: 1024, cores: 1024 },
    );
    expect(result.utilization).toBeGreaterThan(0.6);
    const crowd = { executor: "constant-arrival-rate", rate: 2000, duration: "4s" };
    const narrow = simulated(
      "parallel",
      { load: crowd, work: work("constant", { time: "5ms" }), keys: { count: 20_000 }, gracefulStop: "10ms" },
      { workers: 16, cores: 4 },
    );
    expect(off(narrow.throughput, 800)).toBeLessThan(0.05);
  });
});

describe("predictions name the model they use", () => {
  test.each([
    ["M/M/1", "sync", { ...poisson(500), work: work("exponential") }],
    ["M/G/1", "sync", { ...poisson(500), work: work("uniform") }],
    ["2 × M/D/1", "parallel", { ...poisson(500), work: work("constant"), keys: { count: 1000 } }],
    ["M/M/4", "async", { ...poisson(500), work: work("exponential", { kind: "io" }), keys: { count: 1000 }, async: { concurrency: 4 } }],
    ["M/M/1/11", "async", { ...poisson(500), work: work("exponential"), queue: { capacity: 10, overflow: "drop-newest" } }],
    ["simulation", "async", { ...poisson(500), work: work("constant"), batch: { size: 10 } }],
  ] as const)("%s", (model, mode, change) => {
    const scenario = scenarioSchema.parse({ title: "x", ...change });
    const predicted = predict({ mode, scenario, workers: 2, cores: 2 });
    expect(predicted.model).toBe(model);
    expect(off(predicted.throughput ?? 0, 500)).toBeLessThan(0.02);
  });
});
