import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { FlowPart } from "../../../src/scenario/flow-schema.ts";
import { type Mode, type Scenario, scenarioSchema } from "../../../src/scenario/schema.ts";
import type { Prediction } from "../../../src/telemetry/prediction.ts";
import { keyLimits, messageCapacity, spentPerItem } from "../../../src/theory/capacity.ts";
import {
  coresGiven,
  type Expected,
  handoverOf,
  offeredRate,
  queryShare,
  rationed,
  sharesOf,
  simulatable,
  windowAhead,
  windowOf,
} from "../../../src/theory/demand.ts";
import { flowDemand, predictFlow } from "../../../src/theory/flow.ts";

const scenarioOf = (value: object): Scenario => scenarioSchema.parse({ title: "x", ...value });
const expected = (mode: Mode, value: object, machine: Partial<Expected> = {}): Expected => ({
  mode,
  scenario: scenarioOf(value),
  workers: 2,
  cores: 4,
  ...machine,
});
const quota = (cores: number) => ({ quota: { quotaMs: cores * 100, periodMs: 100 } });

describe("CPU time that a case may use", () => {
  test("is what the cores have, or what a quota gives where that is less", () => {
    expect([coresGiven({ cores: 4 }), coresGiven({ cores: 4, ...quota(1.5) }), coresGiven({ cores: 4, ...quota(8) })]).toEqual([4, 1.5, 4]);
  });

  test("is rationed where its threads could compute more than a quota gives", () => {
    expect([0.5, 1, 1.5].map((cores) => rationed(expected("async", {}, quota(cores))))).toEqual([true, false, false]);
    expect([1.5, 2, 3].map((cores) => rationed(expected("parallel", {}, { workers: 2, ...quota(cores) })))).toEqual([true, false, false]);
    expect(rationed(expected("parallel", {}, { workers: 9, cores: 2 }))).toBe(false);
  });
});

describe("what becomes of an item's time", () => {
  test("is by its kind of work: a core's, its thread's, or nobody's", () => {
    const of = (work: object) => sharesOf(scenarioOf({ work }));
    expect(of({ kind: "cpu" })).toEqual({ cpu: 1, hold: 0, wait: 0 });
    expect(of({ kind: "sleep" })).toEqual({ cpu: 0, hold: 1, wait: 0 });
    expect(of({ kind: "io" })).toEqual({ cpu: 0, hold: 0, wait: 1 });
    expect(of({ kind: "mixed", cpuShare: 0.25 })).toEqual({ cpu: 0.25, hold: 0, wait: 0.75 });
    expect(of({ kind: "none" })).toBeNull();
  });

  test("holds what its batch costs, as its part of it, or all where it is alone", () => {
    const value = { work: { kind: "cpu", time: "4ms", perBatch: "1ms" }, batch: { size: 10 } };
    const cpu = (mode: Mode, more: object = {}) => spentPerItem(expected(mode, { ...value, ...more })).cpu;
    expect([cpu("sync"), cpu("async"), cpu("parallel")]).toEqual([expect.closeTo(0.005), expect.closeTo(0.0041), expect.closeTo(0.0041)]);
    expect(cpu("async", { async: { offload: "message" } })).toBeCloseTo(0.005, 9);
    expect(cpu("parallel", { async: { offload: "message" } })).toBeCloseTo(0.0041, 9);
    expect(cpu("async", { batch: { timeout: "1s" } })).toBeCloseTo(0.004, 6);
    expect(cpu("async", { batch: undefined })).toBeCloseTo(0.005, 9);
  });
});

describe("what goes by its own figures", () => {
  test("handing over costs two wake-ups, and a fifth of that while both are awake", () => {
    expect([0, 0.4e-3, 0.8e-3, 1].map((piece) => handoverOf(piece) * 1e6)).toEqual([24, 72, 120, 120].map((us) => expect.closeTo(us, 6)));
  });

  test("queries take a share of each thread that has states, at most nearly all", () => {
    const queries = { rate: 1000 };
    expect(queryShare(expected("sync", { queries }))).toBeCloseTo(1.2e-3, 12);
    expect(queryShare(expected("async", { queries }))).toBeCloseTo(1e-3, 12);
    expect(queryShare(expected("parallel", { queries }, { workers: 4 }))).toBeCloseTo(2e-3, 12);
    expect(queryShare(expected("async", { queries: { rate: 60_000, timeUnit: "1m" } }))).toBeCloseTo(1e-3, 12);
    expect(queryShare(expected("sync", { queries: { rate: 1e9 } }))).toBe(0.95);
  });

  test("queries of a snapshot take nothing of a Worker, but of a loop", () => {
    const queries = { rate: 1000, consistency: "snapshot" };
    expect(queryShare(expected("parallel", { queries }))).toBe(0);
    expect(queryShare(expected("async", { queries }))).toBeCloseTo(1e-3, 12);
  });

  test("a Worker holds as many batches ahead as are done in 4 ms, from 4 to 128", () => {
    expect([0, 4e6, 1e6, 999_999, 100_000, 31_250, 1].map(windowAhead)).toEqual([4, 4, 4, 5, 40, 128, 128]);
    expect(windowOf(3, 100e-6)).toBe(42);
  });
});

describe("arrivals per second", () => {
  const of = (load: object) => offeredRate(scenarioOf({ load }));

  test("are the rate by its time unit", () => {
    expect(of({ executor: "constant-arrival-rate", rate: 120, timeUnit: "1m" })).toBe(2);
  });

  test("of a ramp are its mean by time", () => {
    const stages = [
      { target: 10, duration: "2s" },
      { target: 10, duration: "2s" },
    ];
    expect(of({ executor: "ramping-arrival-rate", startRate: 0, stages })).toBe(7.5);
  });

  test("of bursts are a burst by the time between two, and of one burst nobody knows", () => {
    expect(of({ executor: "bursts", size: 5, every: "2s", count: 2 })).toBe(2.5);
    expect(of({ executor: "bursts", size: 5, every: "2s", count: 1 })).toBeNull();
  });

  test("that wait for answers, or are to be found, have no rate", () => {
    expect(of({ executor: "constant-arrival-rate", rate: "max" })).toBeNull();
    expect(of({ executor: "constant-vus", vus: 3, duration: "1s" })).toBeNull();
    expect(of({ executor: "shared-iterations", vus: 3, iterations: 9 })).toBeNull();
  });

  test("are known beforehand but of rates to be found, files and lists", () => {
    const loads = [
      { executor: "constant-arrival-rate", rate: 5 },
      { executor: "constant-arrival-rate", rate: "80%" },
      { executor: "bursts", size: 5 },
      { executor: "replay", file: "x" },
      { executor: "once" },
    ];
    expect(loads.map((load) => simulatable(scenarioOf({ load })))).toEqual([true, false, true, false, false]);
  });
});

describe("the rate at which the first resource is used up", () => {
  const capacity = (mode: Mode, value: object, machine: Partial<Expected> = {}) => {
    const { capacity, bottleneck, servers } = messageCapacity(expected(mode, value, machine));
    return [capacity === null ? null : Number(capacity.toPrecision(9)), bottleneck, servers];
  };
  const cpu = { work: { kind: "cpu", time: "5ms" } };
  const io = { work: { kind: "io", time: "5ms" } };

  test("in sync is that of reading and working, one after the other, and is named after the longer", () => {
    const source = (ms: number) => ({ source: { latency: { min: `${ms - 1}ms`, max: `${ms + 1}ms` } } });
    expect(capacity("sync", { ...cpu, ...source(3) })).toEqual([125, "cpu", 1]);
    expect(capacity("sync", { ...cpu, ...source(5) })).toEqual([100, "cpu", 1]);
    expect(capacity("sync", { ...cpu, ...source(15) })).toEqual([50, "source", 1]);
  });

  test("is named after what an item needs most of", () => {
    const mixed = (cpuShare: number) => ({ work: { kind: "mixed", time: "5ms", cpuShare } });
    expect([0.5, 0.4].map((share) => capacity("sync", mixed(share))[1])).toEqual(["cpu", "io"]);
    expect(capacity("sync", { work: { kind: "sleep", time: "5ms" } })[1]).toBe("sleep");
  });

  test("in async is that of the thread, or of what may be at work at once", () => {
    expect(capacity("async", { ...cpu, async: { concurrency: 9 } })).toEqual([200, "cpu", 1]);
    expect(capacity("async", { work: { kind: "sleep", time: "5ms" }, async: { concurrency: 9 } })).toEqual([200, "sleep", 1]);
    expect(capacity("async", { ...io, async: { concurrency: 10 } })).toEqual([2000, "concurrency", 10]);
    expect(capacity("async", io)).toEqual([200, "io", 1]);
  });

  test("in parallel is that of the Workers, or of the cores where those are fewer", () => {
    expect(capacity("parallel", cpu)).toEqual([400, "workers", 2]);
    expect(capacity("parallel", cpu, { workers: 4 })).toEqual([800, "all cores", 4]);
    expect(capacity("parallel", cpu, { workers: 8 })).toEqual([800, "all cores", 4]);
    expect(capacity("parallel", { work: { kind: "sleep", time: "5ms" } }, { workers: 8 })).toEqual([1600, "workers", 8]);
  });

  test("is that of the source's connections where reading takes longest", () => {
    const source = { latency: "50ms", connections: 3 };
    expect(capacity("async", { ...cpu, source })).toEqual([60, "source", 1]);
    expect(capacity("async", { work: { kind: "none" }, source })).toEqual([60, "source", 1]);
  });

  test("is that of a quota where it gives less than the threads could use", () => {
    expect(capacity("sync", cpu, quota(0.5))).toEqual([100, "cpu quota", 1]);
    expect(capacity("sync", cpu, quota(2))).toEqual([200, "cpu", 1]);
    expect(capacity("async", cpu, quota(0.5))).toEqual([100, "cpu quota", 0.5]);
    expect(capacity("parallel", cpu, { workers: 4, ...quota(2) })).toEqual([400, "cpu quota", 2]);
    expect(capacity("sync", io, quota(0.5))).toEqual([200, "io", 1]);
  });

  test("is not known of work that takes no time theory knows of", () => {
    for (const mode of ["sync", "async"] as const) {
      expect(capacity(mode, { work: { kind: "none" } })).toEqual([null, "the lab's own overhead", 1]);
      expect(capacity(mode, { work: { kind: "handler", module: "./x.ts" } })).toEqual([null, "the handler", 1]);
    }
  });
});

describe("what keys leave of it", () => {
  const value = (keys: object, more: object = {}) => ({ work: { kind: "cpu", time: "5ms" }, keys, ...more });
  const unlimited = { key: Number.POSITIVE_INFINITY, thread: Number.POSITIVE_INFINITY };

  test("is all where items are worked one after another anyway", () => {
    expect(keyLimits(expected("sync", value({ count: 1 })))).toEqual(unlimited);
    expect(keyLimits(expected("async", value({ count: 1 })))).toEqual(unlimited);
    expect(keyLimits(expected("parallel", { work: { kind: "none" } }))).toEqual(unlimited);
  });

  test("is one item at a time of the busiest key, unless its order does not matter", () => {
    const async = { async: { concurrency: 8 } };
    expect(keyLimits(expected("async", value({ count: 4 }, async)))).toEqual({ ...unlimited, key: expect.closeTo(800, 6) });
    expect(keyLimits(expected("async", value({ count: 4, order: false }, async)))).toEqual(unlimited);
  });

  test("is one thread's where there is one key, and no less than that with any", () => {
    expect(keyLimits(expected("parallel", value({ count: 1 }), { workers: 4 })).thread).toBeCloseTo(200, 6);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 2, max: 9 }), (count, workers) => {
        const { thread } = keyLimits(expected("parallel", value({ count }), { workers }));
        expect(thread).toBeGreaterThanOrEqual(200 - 1e-6);
        expect(thread).toBeLessThanOrEqual(200 * workers + 1e-6);
      }),
    );
  });

  test("is nearly all where keys are many and alike, and little where one has most", () => {
    const thread = (keys: object) => keyLimits(expected("parallel", value(keys), { workers: 4 })).thread;
    expect(thread({ count: 10_000 })).toBeGreaterThan(0.9 * 800);
    expect(thread({ count: 100, distribution: "zipf", exponent: 3 })).toBeLessThan(260);
  });

  test("of waiting is as many at once on each thread as may be", () => {
    const waiting = { work: { kind: "io", time: "5ms" }, keys: { count: 1 }, async: { concurrency: 3 } };
    expect(keyLimits(expected("parallel", waiting, { workers: 4 })).thread).toBeCloseTo(600, 6);
  });

  test("of one Worker is no more than the key's", () => {
    expect(keyLimits(expected("parallel", value({ count: 1 }), { workers: 1 }))).toEqual({ ...unlimited, key: expect.closeTo(200, 6) });
  });
});

function part(value: object): FlowPart {
  const { flow } = scenarioOf({ workload: "flow", flow: value });
  if (flow === undefined || flow.kind === "orchestrator") throw new Error("unreachable");
  return { ...flow, kind: flow.kind };
}

describe("what an item asks of a flow", () => {
  // Half of all attempts fail: with one retry 1.5 attempts, of which three items in four come through.
  const half = { failureRate: 0.5, retry: { max: 1 } };

  test("of a bus: each subscriber once, side by side, none again", () => {
    expect(flowDemand(part({ kind: "event-bus", subscribers: 3, failureRate: 0.5 }))).toEqual({
      calls: 3,
      inTurn: 1,
      lanes: Number.POSITIVE_INFINITY,
      success: 0.125,
    });
  });

  test("of a stream: each subscriber once, one value at a time, none again", () => {
    expect(flowDemand(part({ kind: "reactive-stream", subscribers: 2, failureRate: 0.5 }))).toEqual({
      calls: 2,
      inTurn: 1,
      lanes: 1,
      success: 0.25,
    });
  });

  test("of a pipeline: its stages in turn, as far as it comes, each with its retries", () => {
    expect(flowDemand(part({ kind: "data-pipeline", stages: 2, concurrency: 6, ...half }))).toEqual({
      calls: 1.5 * 1.75,
      inTurn: 1.5 * 1.75,
      lanes: 4,
      success: 0.75 ** 2,
    });
    expect(flowDemand(part({ kind: "data-pipeline", stages: 3, concurrency: 6, failureRate: 0 }))).toMatchObject({ calls: 3, success: 1 });
  });

  test("of a pipeline with something to fall back on: every stage, and it comes through", () => {
    expect(flowDemand(part({ kind: "data-pipeline", stages: 2, fallback: true, ...half }))).toMatchObject({ calls: 3, success: 1 });
  });

  test("of a queue: each group, with its retries, over all its consumers", () => {
    expect(flowDemand(part({ kind: "message-queue", groups: 2, consumers: 3, concurrency: 4, ...half }))).toEqual({
      calls: 3,
      inTurn: 1.5,
      lanes: 8,
      success: 0.75 ** 2,
    });
  });

  test("where everything fails: every attempt, and nothing comes through", () => {
    expect(flowDemand(part({ kind: "message-queue", failureRate: 1, retry: { max: 3 } }))).toMatchObject({ inTurn: 4, success: 0 });
  });
});

describe("what theory expects of a flow", () => {
  const told: Prediction = {
    capacity: 1e4,
    throughput: 100,
    sojournMean: 7,
    sojournP99: 9,
    utilization: 0.1,
    bottleneck: "cpu",
    model: "simulation",
  };
  /** What is asked of messages instead, and what is made of the answer. */
  function predicted(mode: Mode, flow: object, rate = 100, machine: Partial<Expected> = {}) {
    let asked: Expected | null = null;
    const load = { executor: "constant-arrival-rate", rate, duration: "1s" };
    const prediction = predictFlow(expected(mode, { workload: "flow", flow, load }, machine), (messages) => {
      asked = messages;
      return told;
    });
    return { prediction, micros: (asked as Expected | null)?.scenario.work.time ?? null };
  }
  const io = { work: { kind: "io", time: "10ms" } };
  const cpu = { work: { kind: "cpu", time: "10ms" } };

  test("computing of subscribers adds up, waiting overlaps but in sync", () => {
    const bus = (work: object) => ({ kind: "event-bus", subscribers: 3, ...work });
    expect(predicted("async", bus(cpu)).micros).toBe(30_000);
    expect(predicted("async", bus(io)).micros).toBe(10_000);
    expect(predicted("sync", bus(io)).micros).toBe(30_000);
  });

  test("one value at a time is a limit of its own, on each thread", () => {
    const stream = { kind: "reactive-stream", subscribers: 1, ...io };
    expect(predicted("async", stream, 500).prediction).toMatchObject({
      capacity: 100,
      throughput: 100,
      utilization: 1,
      bottleneck: "a handler that takes one item at a time",
      sojournMean: null,
    });
    expect(predicted("parallel", stream, 500, { workers: 3 }).prediction).toMatchObject({ capacity: 300, throughput: 300 });
  });

  test("below that limit what comes is done, as soon as theory says of messages", () => {
    const stream = { kind: "reactive-stream", subscribers: 1, ...io };
    expect(predicted("async", stream, 50).prediction).toMatchObject({
      throughput: 50,
      utilization: 0.5,
      bottleneck: "arrivals",
      sojournMean: 7,
    });
  });

  test("of items that fail only those that come through are done, and when nobody can say", () => {
    const bus = { kind: "event-bus", subscribers: 1, failureRate: 0.5, ...cpu };
    expect(predicted("async", bus).prediction).toMatchObject({ throughput: 50, sojournMean: null, sojournP99: null });
  });

  test("of a plain flow what is said of messages is said of it", () => {
    expect(predicted("async", { kind: "event-bus", subscribers: 1, ...cpu }).prediction).toMatchObject({ sojournMean: 7, sojournP99: 9 });
  });

  test("without work all that comes is done, unless a disk has a say", () => {
    expect(predicted("async", { kind: "event-bus" }).prediction).toMatchObject({ throughput: 100, bottleneck: "overhead" });
    expect(predicted("async", { kind: "message-queue", durability: "process" }).prediction.throughput).toBeNull();
  });

  test("of work of several kinds side by side nothing is known", () => {
    const parts = { a: { kind: "event-bus", ...io }, b: { kind: "event-bus", ...cpu } };
    expect(predicted("async", { kind: "orchestrator", parts }).micros).toBeNull();
  });

  test("parts side by side wait together, and compute one after the other", () => {
    const one = { kind: "event-bus", subscribers: 1 };
    const both = (work: object) => ({ kind: "orchestrator", parts: { a: { ...one, ...work }, b: { ...one, ...work } } });
    expect([predicted("async", both(io)).micros, predicted("async", both(cpu)).micros]).toEqual([10_000, 20_000]);
  });
});
