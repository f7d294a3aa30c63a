import { describe, expect, test } from "bun:test";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { capacityOf, predict } from "../../../src/theory/predict.ts";
import { rounds } from "../../support/campaign.ts";
import { randomCase } from "../../support/random-scenarios.ts";

const expected = (mode: Mode, change: object, workers = 4, cores = 4) =>
  predict({ mode, scenario: scenarioSchema.parse({ title: "x", ...change }), workers, cores });
const rate = (perSecond: number, more: object = {}) => ({ executor: "constant-arrival-rate", rate: perSecond, duration: "5s", ...more });
const clients = (vus: number) => ({ executor: "constant-vus", vus, duration: "2s" });
const evenly = { count: 10_000, distribution: "round-robin" };

describe("what is predicted to be done", () => {
  test("is never more than the capacity, and where that is more than the mean work allows the work drawn says why", () => {
    let drawn = 0;
    for (let i = 0; i < rounds(400, 4000); i++) {
      const one = randomCase(11, i);
      if (one === null) continue;
      const prediction = predict(one);
      const byMean = capacityOf(one).capacity ?? 0;
      const { capacity, throughput, utilization } = prediction;
      expect(throughput ?? 0).toBeLessThanOrEqual(capacity ?? 0);
      expect(utilization ?? 0).toBeLessThanOrEqual(1);
      if (throughput !== null && throughput > byMean * 1.02) {
        drawn++;
        expect(prediction.drawn).toBeGreaterThan(0);
      }
    }
    expect(drawn).toBeGreaterThan(0);
  });

  test("by closed loops is bounded by the work that they draw", () => {
    const load = { executor: "shared-iterations", vus: 8, iterations: 300 };
    for (let seed = 1; seed <= 10; seed++) {
      const work = { kind: "sleep", time: "1ms", distribution: "lognormal", cv: 2 };
      const { capacity, throughput } = expected("sync", { load, work, seed });
      expect(throughput ?? 0).toBeGreaterThan(500);
      expect(throughput ?? 0).toBeLessThanOrEqual(capacity ?? 0);
    }
  });
});

describe("the limit that is predicted", () => {
  const cpu = { kind: "cpu", time: "5ms" };
  const io = { kind: "io", time: "5ms" };

  test.each([
    ["clients", "async", { work: io, load: clients(5), keys: evenly, async: { concurrency: 10 } }],
    ["clients", "sync", { work: { kind: "sleep", time: "5ms" }, load: clients(1) }],
    ["clients", "parallel", { work: cpu, load: clients(1), keys: evenly }],
    ["cpu", "sync", { work: cpu, load: clients(1) }],
    ["sleep", "sync", { work: { kind: "sleep", time: "5ms" }, load: clients(20) }],
    ["concurrency", "async", { work: io, load: clients(50), keys: evenly, async: { concurrency: 10 } }],
    ["all cores", "parallel", { work: cpu, load: rate(1600), keys: evenly }],
    ["uneven keys", "parallel", { work: cpu, load: rate(1600), keys: { count: 9, distribution: "round-robin" } }],
    ["uneven keys", "parallel", { work: cpu, load: rate(700), keys: { count: 9, distribution: "round-robin" } }],
    ["hot key", "parallel", { work: cpu, load: rate(1600), keys: { count: 100, distribution: "zipf", exponent: 1.5 } }],
    ["few keys", "async", { work: io, load: rate(3000), keys: { count: 2 }, async: { concurrency: 10 } }],
    ["queue", "async", { work: cpu, load: rate(150, { arrivals: "poisson" }), queue: { capacity: 1, overflow: "drop-newest" } }],
    ["arrivals", "sync", { work: cpu, load: rate(150) }],
    ["source", "async", { work: io, load: rate(900), source: { latency: "2ms" }, async: { concurrency: 10 }, keys: evenly }],
  ] as const)("is %s, %s", (name, mode, change) => {
    expect(expected(mode, change).bottleneck).toBe(name);
  });
});

describe("a load that is too long to simulate", () => {
  const bursts = (size: number, count: number) =>
    expected("sync", { work: { kind: "cpu", time: "100us" }, load: { executor: "bursts", size, every: "1s", count } });

  test("is predicted by its capacity alone: the arrivals, as they are measured, or what can be done", () => {
    expect(bursts(1000, 3001)).toMatchObject({
      ...{ model: "capacity", bottleneck: "arrivals", sojournMean: null, sojournP99: null },
      ...{ capacity: expect.closeTo(10_000, 6), throughput: expect.closeTo((1000 * 3001) / 3000, 6) },
      utilization: expect.closeTo((1000 * 3001) / 3000 / 10_000, 9),
    });
    expect(bursts(20_000, 200)).toMatchObject({ bottleneck: "cpu", throughput: expect.closeTo(10_000, 6), utilization: 1 });
  });

  test("all at once is done as fast as possible", () => {
    expect(bursts(3_000_000, 1)).toMatchObject({ bottleneck: "cpu", throughput: expect.closeTo(10_000, 6), utilization: 1 });
  });
});
