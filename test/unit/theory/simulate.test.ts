import { describe, expect, test } from "bun:test";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { handoverOf } from "../../../src/theory/demand.ts";
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

describe("what can be worked out by hand", () => {
  const uniform = (rate: number, duration: string) => ({ executor: "constant-arrival-rate", rate, duration });
  const one = { workers: 1, cores: 2 };

  test("batches by time beside a Worker: the timeout runs from a batch's first message, and who comes just then is of it", () => {
    // Due 0, 10, 20 ms, gone at 20 ms, 6 ms each: 26, 22, 18 ms.
    const given = { load: uniform(100, "6s"), keys: { count: 1 }, work: work("constant", { kind: "sleep", time: "6ms" }) };
    expect(mean(simulated("parallel", { ...given, batch: { timeout: "20ms" } }, one))).toBeCloseTo(0.022, 5);
  });

  test("a read begins when the loop has a turn: the tenth is read while the nine before it are worked no more", () => {
    // Nine reads of 2.5 ms and one beside the work of 30 ms: ten messages in 52.5 ms.
    const given = { load: uniform(300, "3s"), source: { latency: "2500us" }, batch: { size: 10 } };
    const { throughput } = simulated("async", { ...given, work: work("constant", { kind: "sleep", time: "3ms" }) }, one);
    expect(throughput).toBeWithin(189, 191.5);
  });

  test("drop-oldest lets go what has waited longest, over all Workers: who is behind loses, the other goes on", () => {
    const load = { executor: "constant-arrival-rate", rate: 1000, duration: "6s", arrivals: "poisson" };
    const given = { load, keys: { count: 6, distribution: "zipf", exponent: 1.5 }, work: work("constant", { kind: "sleep", time: "3ms" }) };
    const of = (overflow: string) => simulated("parallel", { ...given, queue: { capacity: 20, overflow } });
    expect(of("drop-oldest").throughput).toBeWithin(515, 540);
    expect(of("drop-newest").throughput).toBeLessThan(500);
  });

  test("what is computed once for a batch is shared by its messages", () => {
    const load = { executor: "bursts", size: 100 };
    const given = { load, work: work("constant", { perBatch: "10ms" }), gracefulStop: "1h", keys: { count: 1 } };
    expect(simulated("sync", given).throughput).toBeCloseTo(1000 / 11, 6);
    expect(simulated("async", { ...given, batch: { size: 10 } }).throughput).toBeCloseTo(1000 / 2, 6);
    expect(simulated("parallel", { ...given, batch: { size: 20 } }, one).throughput).toBeCloseTo(1000 / 1.5, 6);
    expect(simulated("async", { ...given, work: { kind: "none", perBatch: "10ms" }, batch: { size: 10 } }).throughput).toBeCloseTo(1000, 6);
  });

  test("more Workers than cores share them: one core does as much for eight as for one", () => {
    const load = { executor: "bursts", size: 8 };
    const given = { load, keys: { count: 8, distribution: "round-robin" }, work: work("constant") };
    const shared = simulated("parallel", given, { workers: 8, cores: 1 });
    expect(shared.throughput).toBeCloseTo(1000, 6);
    // Sleeping needs no core.
    const asleep = simulated("parallel", { ...given, work: work("constant", { kind: "sleep" }) }, { workers: 8, cores: 1 });
    expect(asleep.throughput).toBeGreaterThan(2000);
  });

  test("a loop that mixed work holds in between does what waited when it is free again, one after another", () => {
    // Of each 10 ms one computes for 5: the loop is full with two slots.
    const load = { executor: "shared-iterations", vus: 10, iterations: 1000 };
    const mixed = (concurrency: number) =>
      simulated("async", { load, keys: { count: 1000 }, work: work("constant", { kind: "mixed", time: "10ms" }), async: { concurrency } });
    expect(mixed(1).throughput).toBeCloseTo(100, 0);
    expect(mixed(2).throughput).toBeCloseTo(200, -1);
    expect(mixed(10).throughput).toBeCloseTo(200, -1);
  });

  test("handing over costs most where both threads have slept, and is no part of what can be done at most", () => {
    expect([handoverOf(0), handoverOf(1e-5), handoverOf(0.005)]).toEqual([24e-6, expect.closeTo(25.2e-6, 12), 120e-6]);
    const scenario = scenarioSchema.parse({
      title: "x",
      load: { executor: "bursts", size: 20_000 },
      work: { kind: "cpu", time: "10us" },
      async: { offload: "message" },
    });
    const { capacity, throughput } = predict({ mode: "async", scenario, ...one });
    expect(capacity).toBeCloseTo(100_000, 6);
    expect(throughput ?? 0).toBeWithin(28_000, 29_000);
  });

  test("a helper costs the loop a handover for each piece", () => {
    const load = { executor: "bursts", size: 1000 };
    const offloaded = (offload: string, size: number) =>
      simulated("async", { load, work: work("constant"), batch: { size }, async: { offload } }).throughput;
    expect(offloaded("message", 1)).toBeCloseTo(1e6 / 1120, 0);
    expect(offloaded("batch", 100)).toBeCloseTo(1e6 / 1001.1, 0);
  });

  test("who is cut short at the end of the grace is unfinished", () => {
    const load = { executor: "bursts", size: 100 };
    for (const mode of ["sync", "async"] as const) {
      const result = simulated(mode, { load, work: work("constant"), gracefulStop: "20500us" });
      expect([result.processed, result.unfinished]).toEqual([21, 79]);
    }
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
