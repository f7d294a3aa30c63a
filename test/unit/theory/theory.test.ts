import { describe, expect, test } from "bun:test";
import { explain } from "../../../src/analysis/explain.ts";
import { planCases, scenarioHash } from "../../../src/plan/plan.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { unswept } from "../../../src/scenario/sweep.ts";
import type { MeasuredCase } from "../../../src/telemetry/result.ts";
import { predict } from "../../../src/theory/predict.ts";
import { dd1OverloadSojourn, dd1Sojourn, md1Sojourn, md1SojournQuantile, md1WaitCdf } from "../../../src/theory/queues.ts";
import { caseResult } from "../../support/results.ts";

describe("queueing formulas", () => {
  test("D/D/1: nobody waits until the server is overloaded, then the line grows evenly", () => {
    expect([dd1Sojourn(100, 0.005), dd1Sojourn(200, 0.005), dd1Sojourn(201, 0.005)]).toEqual([0.005, 0.005, null]);
    // 4 arrivals, one a second, each 2 s of service: they wait 0, 1, 2, 3 s.
    expect(dd1OverloadSojourn(1, 2, 4)).toBeCloseTo(2 + 1.5, 12);
  });

  test("M/D/1 by Pollaczek and Khinchine", () => {
    expect(md1Sojourn(500, 0.001)).toBeCloseTo(0.0015, 12);
    expect(md1Sojourn(800, 0.001)).toBeCloseTo(0.003, 12);
    expect(md1Sojourn(1000, 0.001)).toBeNull();
  });

  test("the distribution of waiting in M/D/1 agrees with a simulation of its recursion", () => {
    for (const rho of [0.3, 0.5, 0.8]) {
      let seed = 42;
      const uniform = () => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return (seed + 0.5) / 2 ** 32;
      };
      const waits: number[] = [];
      let wait = 0;
      for (let i = 0; i < 400_000; i++) {
        waits.push(wait);
        wait = Math.max(0, wait + 1 + Math.log(uniform()) / rho);
      }
      waits.sort((a, b) => a - b);
      for (const t of [0, 0.5, 1, 2.5]) {
        const share = waits.findLastIndex((value) => value <= t + 1e-12) / waits.length;
        expect(Math.abs(md1WaitCdf(t, rho, 1) - share)).toBeLessThan(0.01);
      }
      const p99 = 1 + (waits[Math.floor(waits.length * 0.99)] ?? 0);
      expect(Math.abs((md1SojournQuantile(0.99, rho, 1) ?? 0) / p99 - 1)).toBeLessThan(0.05);
    }
    expect(md1SojournQuantile(0.5, 0.1, 1)).toBe(1);
    expect(md1SojournQuantile(0.99, 1, 1)).toBeNull();
    expect(md1SojournQuantile(0.99, 0.97, 1) ?? 0).toBeGreaterThan(50);
  });
});

describe("P1-S predictions", () => {
  const expectation = (mode: "sync" | "async" | "parallel", change: object, workers = 4, cores = 4) =>
    predict({ mode, scenario: scenarioSchema.parse({ title: "x", ...change }), workers, cores });
  const rate = (perSecond: number, more: object = {}) => ({ executor: "constant-arrival-rate", rate: perSecond, ...more });

  test("what a batch costs once is shared by its messages: full batches bear it best", () => {
    const costly = { work: { kind: "cpu", time: "1ms", perBatch: "2ms" }, load: rate(10_000) };
    expect(expectation("sync", { ...costly, batch: { size: 10 } }).capacity).toBeCloseTo(1 / 0.003, 9);
    expect(expectation("async", { ...costly, batch: { size: 10 } }).capacity).toBeCloseTo(1 / 0.0012, 9);
    expect(expectation("async", costly).capacity).toBeCloseTo(1 / 0.003, 9);
    expect(expectation("parallel", { ...costly, batch: { size: 10 } }, 4, 2).capacity).toBeCloseTo(2 / 0.0012, 9);
    expect(expectation("async", { ...costly, batch: { timeout: "5ms" }, queue: { capacity: 100 } }).capacity).toBeCloseTo(1000, 1);
    expect(expectation("sync", { ...costly, work: { kind: "none", perBatch: "2ms" } })).toMatchObject({ capacity: 500, bottleneck: "cpu" });
  });

  test("capacity is servers ÷ service time, per mode and kind of work", () => {
    const cpu = { work: { kind: "cpu", time: "5ms" }, load: rate(1000) };
    expect(expectation("sync", cpu)).toMatchObject({ capacity: 200, throughput: 200, utilization: 1, bottleneck: "cpu" });
    expect(expectation("async", { ...cpu, async: { concurrency: 100 } })).toMatchObject({ capacity: 200, bottleneck: "cpu" });
    const many = { keys: { count: 10_000, distribution: "round-robin" } };
    expect(expectation("parallel", { ...cpu, ...many })).toMatchObject({ capacity: 800, bottleneck: "all cores" });
    expect(expectation("parallel", cpu)).toMatchObject({ capacity: 800, bottleneck: "uneven keys" });
    expect(expectation("parallel", cpu, 8, 4).capacity).toBe(800);
    expect(expectation("parallel", { ...cpu, ...many }, 2, 4)).toMatchObject({ capacity: 400, bottleneck: "workers" });
    const io = { work: { kind: "io", time: "5ms" }, load: rate(50_000), async: { concurrency: 100 }, keys: { count: 10_000 } };
    expect(expectation("sync", io).capacity).toBeCloseTo(200, 9);
    expect(expectation("async", io)).toMatchObject({ capacity: 20_000, bottleneck: "concurrency" });
    expect(expectation("parallel", io).capacity).toBeCloseTo(80_000, 6);
    expect(expectation("parallel", { ...io, work: { kind: "sleep", time: "5ms" } }, 16, 2).capacity).toBeCloseTo(3200, 6);
    const mixed = { work: { kind: "mixed", time: "4ms", cpuShare: 0.25 }, load: rate(10_000), async: { concurrency: 100 } };
    expect(expectation("async", mixed)).toMatchObject({ capacity: 1000, bottleneck: "cpu" });
    expect(expectation("async", { work: { kind: "none" } })).toMatchObject({ capacity: null, model: "capacity" });
    const handler = { work: { kind: "handler", module: "x.ts" }, load: rate(1000) };
    expect(expectation("parallel", handler)).toMatchObject({ capacity: null, bottleneck: "the handler" });
    expect(expectation("parallel", { ...cpu, load: rate(10) }, 100_000, 100_000).capacity).toBeCloseTo(2e7, 0);
  });

  test("a hot key shows in throughput, not in capacity", () => {
    const hot = expectation("parallel", { work: { kind: "cpu", time: "5ms" }, load: rate(1000), keys: { count: 1 } });
    expect(hot).toMatchObject({ capacity: 800, throughput: 200, bottleneck: "hot key" });
    const zipf = expectation("parallel", {
      work: { kind: "cpu", time: "5ms" },
      load: rate(1000),
      keys: { count: 1000, distribution: "zipf", exponent: 2 },
    });
    expect(zipf.throughput ?? 0).toBeLessThan(400);
    expect(expectation("parallel", { work: { kind: "cpu", time: "5ms" }, load: rate(100), keys: { count: 1 } }).bottleneck).toBe(
      "arrivals",
    );
  });

  test("a load that is never in a steady state is simulated whole, or not at all", () => {
    const ramp = { executor: "ramping-arrival-rate", startRate: 1, stages: [{ target: 20_000, duration: "60s" }] };
    const fast = { work: { kind: "io", time: "1ms" }, async: { concurrency: 100 }, keys: { count: 10_000 } };
    expect(expectation("async", { ...fast, load: ramp }).throughput ?? 0).toBeWithin(9950, 10_050);
    const burst = (size: number) => expectation("sync", { work: { kind: "cpu", time: "10us" }, load: { executor: "bursts", size } });
    expect(burst(1_000_000).sojournMean ?? 0).toBeCloseTo(5000, 0);
    expect(burst(3_000_000)).toMatchObject({ sojournMean: null, utilization: 1, model: "capacity" });
  });

  test("handing over costs each message once, however many a batch may hold", () => {
    const given = { work: { kind: "sleep", time: "1ms" }, load: rate(100), async: { offload: "message" } };
    const timed = expectation("async", { ...given, batch: { timeout: "20ms" } });
    expect(timed.sojournMean ?? 0).toBeWithin(10, 16);
    expect(expectation("async", { ...given, batch: { size: 500, timeout: "20ms" } }).sojournMean).toBe(timed.sojournMean);
  });

  test("an overload is that of the time after the warm-up", () => {
    const over = { work: { kind: "sleep", time: "10ms" }, load: rate(200, { duration: "4s" }), gracefulStop: "20s" };
    expect(expectation("sync", over).sojournMean ?? 0).toBeCloseTo(2005, -1);
    expect(expectation("sync", { ...over, warmup: "2s" }).sojournMean ?? 0).toBeCloseTo(3005, -1);
  });

  test("reads wait for a loop that work holds", () => {
    const given = {
      work: { kind: "sleep", time: "3ms" },
      load: rate(300, { duration: "3s" }),
      source: { latency: "2500us", connections: 1 },
      batch: { size: 10 },
    };
    const held = expectation("async", given);
    expect([Math.round(held.throughput ?? 0), held.bottleneck]).toEqual([190, "source"]);
    expect(expectation("async", { ...given, work: { kind: "io", time: "3ms" } }).throughput ?? 0).toBeCloseTo(297, -1);
  });

  test("few keys keep the rate down, in async too, and by where they are hashed to", () => {
    const waits = { work: { kind: "io", time: "10ms" }, async: { concurrency: 100 }, load: rate(500) };
    expect(expectation("async", { ...waits, keys: { count: 1 } })).toMatchObject({ throughput: 100, bottleneck: "hot key" });
    expect(expectation("async", { ...waits, keys: { count: 3 } }).bottleneck).toBe("few keys");
    expect(expectation("async", { ...waits, keys: { count: 1000 } }).bottleneck).toBe("arrivals");
    const work = { kind: "cpu", time: "5ms" };
    const bottlenecks = [2, 4, 5, 6].map((count) => expectation("parallel", { work, keys: { count }, load: rate(300) }, 2, 2));
    for (const { throughput, bottleneck } of bottlenecks) expect(bottleneck === "arrivals").toBe((throughput ?? 0) > 290);
  });

  test("queries take their part of the thread that answers them", () => {
    const given = (queries: object) => ({ work: { kind: "cpu", time: "1ms" }, load: rate(4000), queries });
    const of = (mode: "sync" | "parallel", queries: object) => expectation(mode, given(queries), 1, 2).throughput ?? 0;
    expect(of("sync", { rate: 50_000 }) / of("sync", {})).toBeCloseTo(0.94, 2);
    expect(of("parallel", { rate: 50_000 }) / of("parallel", {})).toBeCloseTo(0.6, 1);
    expect(of("parallel", { rate: 50_000, consistency: "snapshot" })).toBe(of("parallel", {}));
  });

  test("the model fits the arrivals, and says nothing where no formula applies", () => {
    const work = { kind: "cpu", time: "1ms" };
    expect(expectation("sync", { work, load: rate(500, { arrivals: "poisson" }) })).toMatchObject({
      model: "M/D/1",
      steadyState: { model: "M/D/1", sojournMean: 1.5 },
    });
    expect(expectation("sync", { work, load: rate(500) })).toMatchObject({ model: "D/D/1", sojournMean: 1, sojournP99: 1 });
    const over = expectation("sync", { work, load: rate(2000, { duration: "2s" }) });
    expect(over.model).toBe("D/D/1, overloaded");
    expect(over.sojournMean).toBeCloseTo(1 + (3999 / 2) * 0.5, 6);
    const dropping = expectation("async", { work, load: rate(2000), queue: { overflow: "drop-newest" } });
    expect([dropping.model, Math.round(dropping.throughput ?? 0)]).toEqual(["simulation", 1000]);
    expect(expectation("async", { work, load: rate(500), batch: { size: 10 } })).toMatchObject({ model: "simulation", sojournMean: 14.5 });
    expect(expectation("sync", { work, load: { executor: "bursts", size: 5 } }).utilization).toBe(1);
    const keys = { count: 10_000, distribution: "round-robin" };
    const waits = { keys, work: { kind: "io", time: "5ms" }, async: { concurrency: 10 } };
    const burst = { ...waits, load: { executor: "bursts", size: 200 } };
    expect(expectation("sync", burst).utilization).toBeCloseTo(1, 6);
    expect(expectation("async", burst).utilization).toBeCloseTo(1, 6);
    const clients = { ...waits, load: { executor: "constant-vus", vus: 5, duration: "1s" } };
    expect(expectation("sync", clients).utilization).toBeCloseTo(1, 2);
    expect(expectation("async", clients).utilization).toBeCloseTo(0.5, 1);
    expect(expectation("sync", { work, load: { executor: "bursts", size: 100, every: "1s", count: 5 } }).utilization).toBeCloseTo(0.1, 9);
    expect(expectation("sync", { work, load: { executor: "replay", file: "a", rate: 100 } }).utilization).toBeCloseTo(0.1, 9);
  });

  test("bursts of which theory knows no work are measured from the first to the last, and so expected", () => {
    const load = { executor: "bursts", size: 1000, every: "2s", count: 2 };
    expect(expectation("sync", { load, work: { kind: "none" } }).throughput).toBe(1000);
  });
});

describe("explanations name the bottleneck from utilisation", () => {
  const cores = (...shares: number[]) => shares.map((utilization, core) => ({ core, utilization }));
  const threads = (main: number, ...workers: number[]) => [
    { name: "main", utilization: main },
    ...workers.map((utilization, i) => ({ name: `worker-${i}`, utilization })),
  ];

  test.each([
    ["one thread", caseResult({ mode: "sync", threads: threads(0.99), cores: cores(1, 0.02) }), "One core is the limit: its one thread"],
    ["one loop", caseResult({ mode: "async", threads: threads(0.99), cores: cores(1, 0.02) }), "One core is the limit: its one event loop"],
    ["all cores", caseResult({ mode: "parallel", threads: threads(0.05, 0.97, 0.98), cores: cores(1, 1) }), "All cores are the limit"],
    [
      "a program",
      caseResult({ mode: "async", threads: [...threads(0.2), { name: "program-0", utilization: 0.97 }], cores: cores(1, 0.2) }),
      "The program is the limit: the program was computing 97 % of the time",
    ],
    [
      "programs on all cores",
      caseResult({
        mode: "parallel",
        threads: [...threads(0.1, 0.1, 0.1), ...[0.75, 0.77].map((utilization, i) => ({ name: `program-${i}`, utilization }))],
        cores: cores(1, 1),
        unfinished: 9,
      }),
      "All cores are the limit: the 2 programs were computing 76 % of the time",
    ],
    [
      "a hot Worker",
      caseResult({ mode: "parallel", threads: threads(0.05, 0.99, 0.2), cores: cores(1, 0.2) }),
      "1 of 2 Workers is the limit",
    ],
    ["arrivals", caseResult({ mode: "async", threads: threads(0.2), cores: cores(0.2, 0) }), "The arrivals are the limit"],
    ["drops", caseResult({ mode: "async", threads: threads(0.97), cores: cores(0.2, 0), dropped: 7 }), "7 of 100 were dropped"],
    [
      "a short queue",
      caseResult({ mode: "async", threads: threads(0.2), cores: cores(0.2, 0), dropped: 7 }),
      "The queue is the limit: its 10 places",
    ],
    ["left undone", caseResult({ mode: "sync", threads: threads(0.99), cores: cores(1), unfinished: 9 }), "9 of 100 were still undone"],
    ["waiting", caseResult({ mode: "sync", threads: threads(0.99), cores: cores(1), sojournP99: 900 }), "99th percentile 900 ms"],
    ["nothing done", caseResult({ mode: "sync", processed: 0 }), "Nothing was processed"],
    ["a failure", caseResult({ mode: "sync", status: "failed", problems: ["It broke."] }), "It broke."],
  ])("%s", (_, result, part) => {
    expect(explain(result, scenarioSchema.parse({ title: "x" }))).toContain(part);
  });

  test("one thread that computes most of the time is not said to wait", () => {
    const result = caseResult({ mode: "sync", threads: threads(0.85), cores: cores(0.85, 0), sojournP99: 900 });
    const { latency } = result;
    const [service, sojourn] = [9.5, 60].map((mean) => ({ ...latency.sojourn, mean, p99: 10 * mean }));
    const waits = { ...result, latency: { ...latency, sojourn, service: { ...service, p99: 9.5 } } } as MeasuredCase;
    const told = explain(waits, scenarioSchema.parse({ title: "x", work: { kind: "cpu", time: "5ms" } }));
    expect(told).toStartWith("The one thread is close to its limit: it was computing 85 % of the time");
  });

  test("a handler that does not end, in a part of the Workers after a while", () => {
    const one = caseResult({ mode: "parallel", processed: 54, unfinished: 46 });
    const scenario = scenarioSchema.parse({
      title: "x",
      work: { kind: "handler", module: "x.ts" },
      load: { executor: "constant-arrival-rate", rate: 50, duration: "2s" },
    });
    expect(explain({ ...one, durationMs: 1320 }, scenario)).toContain("nothing was done any more after the first 1.32 s");
    expect(explain({ ...one, durationMs: 1990 }, scenario)).not.toContain("does not end");
    expect(explain({ ...one, durationMs: 1320, status: "aborted" }, scenario)).not.toContain("does not end");
  });

  test("blocking waits", () => {
    const result = caseResult({ mode: "async", threads: threads(0.01), cores: cores(0, 0), busy: 1 });
    const work = { kind: "handler", module: "x.ts" };
    expect(explain(result, scenarioSchema.parse({ title: "x", work }))).toContain("The event loop is the limit: it was held 100 %");
    // Half of it and more was computing: waiting otherwise would not help.
    const computing = caseResult({ mode: "async", threads: threads(0.8), cores: cores(0.8, 0), busy: 1 });
    const told = explain(computing, scenarioSchema.parse({ title: "x", work }));
    expect(told).toContain("it was held 100 % of the time, computing for 80 % of it");
    expect(told).toContain("parallel mode would help.");
  });
});

describe("plan", () => {
  test("every mode is a case, and auto means all cores", () => {
    const scenario = scenarioSchema.parse({ title: "x", modes: ["async", "parallel"] });
    expect(planCases(unswept(scenario), 6).map(({ mode, workers }) => [mode, workers])).toEqual([
      ["async", 6],
      ["parallel", 6],
    ]);
    expect(planCases(unswept({ ...scenario, parallel: { ...scenario.parallel, workers: 3 } }), 6)[0]?.workers).toBe(3);
  });

  test("the hash is that of the meaning, not of the writing", () => {
    const hash = (value: object) => scenarioHash(scenarioSchema.parse(value));
    expect(hash({ title: "x", seed: 1 })).toBe(hash({ seed: 1, title: "x" }));
    expect(hash({ title: "x" })).not.toBe(hash({ title: "x", seed: 2 }));
  });
});
