import { describe, expect, test } from "bun:test";
import { Random } from "../../../src/kernel/random.ts";
import { type Scenario, scenarioSchema } from "../../../src/scenario/schema.ts";
import { keyLimits } from "../../../src/theory/capacity.ts";
import type { Expected } from "../../../src/theory/demand.ts";
import { predict } from "../../../src/theory/predict.ts";
import { mmcSojourn } from "../../../src/theory/queues.ts";
import { usualCosts } from "../../../src/theory/redis.ts";
import { machineOf, type Streams } from "../../../src/theory/simulate/machine.ts";
import { type Simulated, simulate, simulateOn } from "../../../src/theory/simulate.ts";
import { rounds } from "../../support/campaign.ts";
import { Draw } from "../../support/draw.ts";

const scenarioOf = (change: object): Scenario =>
  scenarioSchema.parse({ title: "x", modes: ["distributed"], gracefulStop: "1h", ...change });
const of = (change: object, machine: Partial<Expected> = {}): Expected => ({
  ...{ mode: "distributed", workers: 4, cores: 4, scenario: scenarioOf(change) },
  ...machine,
});
const rate = (perSecond: number, more: object = {}) => ({ executor: "constant-arrival-rate", rate: perSecond, duration: "5s", ...more });
const evenly = { count: 10_000, distribution: "round-robin" };
const FREE = {
  ...{ add: 0, added: 0, take: 0, taken: 0, commit: 0, committed: 0, read: 0, readEach: 0 },
  ...{ runner: 0, slot: 0, roundTrip: 0 },
} as const;

/** Simulated with other costs of Redis, in nanoseconds. */
function simulated(expected: Expected, costs: Partial<Streams["costs"]>, change: Partial<Streams> = {}): Simulated {
  const machine = machineOf(expected);
  if (machine?.streams == null) throw new Error("there are no streams");
  const { streams } = machine;
  return simulateOn(
    { ...machine, perItem: costs.slot ?? machine.perItem, streams: { ...streams, ...change, costs: { ...streams.costs, ...costs } } },
    expected,
  );
}

describe("the limit of one key, or one partition, in distributed", () => {
  const NONE = { key: Number.POSITIVE_INFINITY, thread: Number.POSITIVE_INFINITY };
  const limits = (work: object, machine: Partial<Expected> = {}, more: object = {}) =>
    keyLimits(of({ work, keys: { count: 1 }, ...more }, machine));

  test("is the time of an item in it, with the exchange that commits it", () => {
    const { key, thread } = limits({ kind: "cpu", time: "10ms" });
    expect([key, thread].map((each) => each > 90 && each < 100)).toEqual([true, true]);
    // A partition for each of many keys leaves the key its own limit alone.
    const spread = limits({ kind: "cpu", time: "10ms" }, {}, { keys: evenly, distributed: { partitions: 4 } });
    expect(spread.thread).toBeWithin(300, 400);
    expect(spread.key).toBeGreaterThan(500_000);
  });

  test("is none for one worker that works one at a time, and not known of a handler or a program", () => {
    expect(limits({ kind: "cpu", time: "10ms" }, { workers: 1 })).toEqual(NONE);
    expect(limits({ kind: "io", time: "10ms" }, { workers: 1 }, { async: { concurrency: 2 } })).not.toEqual(NONE);
    expect(limits({ kind: "cpu", time: "10ms" }, { workers: 1 }, { async: { concurrency: 2 } })).toEqual(NONE);
    expect(limits({ kind: "handler", module: "./x.ts" })).toEqual(NONE);
    expect(limits({ kind: "command", command: ["x"] })).toEqual(NONE);
  });
});

describe("the simulation of distributed", () => {
  test("has one message travel: it is added, a slot is told, takes it and works it", () => {
    const one = of({ load: { executor: "bursts", size: 1, count: 1, every: "1s" }, work: { kind: "cpu", time: "2ms" } });
    const costs = { ...FREE, add: 10_000, added: 3000, take: 8000, taken: 2000, roundTrip: 100_000 };
    const { sojourn, processed } = simulated(one, costs, { ahead: false });
    // Out to Redis and added, told and asked again, taken, and worked at the slot.
    const way = 50_000 + (10_000 + 3000) + 100_000 + (8000 + 2000) + 50_000;
    expect(processed).toBe(1);
    expect(sojourn.max).toBe(way + 2e6);
  });

  test("has a slot read the states that another has committed, or that it has not met", () => {
    const load = { executor: "bursts", size: 1, count: 3, every: "1s" };
    const two = (keys: object) => of({ load, work: { kind: "cpu", time: "1ms" }, keys, distributed: { partitions: 1 } }, { workers: 1 });
    const dear = { ...FREE, read: 5e6, readEach: 1e6 };
    // Before the first commit there is nothing to read, and what it has made itself it has.
    expect(simulated(two({ count: 1 }), dear).sojourn.max).toBe(1e6);
    expect(simulated(two({ count: 3, distribution: "round-robin" }), dear).sojourn.max).toBe(1e6 + 5e6 + 1e6);
  });

  test("is the queue of c servers where nothing but work takes time, and partitions are many", () => {
    const work = { kind: "cpu", time: "1ms", distribution: "exponential" };
    const load = { ...rate(3200, { arrivals: "poisson" }), duration: "4s" };
    const change = { work, load, keys: { count: 100_000 }, queue: { capacity: "unlimited" }, distributed: { partitions: 4096, batch: 1 } };
    const { sojourn } = simulated(of(change), FREE, { ahead: false });
    expect(sojourn.mean / 1e9 / (mmcSojourn(3200, 0.001, 4) ?? 0)).toBeWithin(0.95, 1.05);
  });

  test("does by its slots, by the cores of each host, and by what a partition allows", () => {
    const load = { ...rate(4000), duration: "1s" };
    const busy = { work: { kind: "cpu", time: "4ms" }, load, keys: evenly, queue: { capacity: 10_000 } };
    const done = (machine: Partial<Expected>, change: object = {}) =>
      simulated(of({ ...busy, gracefulStop: "1ms", ...change }, machine), FREE).throughput;
    expect(done({ workers: 4, cores: 4 })).toBeWithin(990, 1010);
    expect(done({ workers: 4, cores: 2 })).toBeWithin(490, 510);
    expect(done({ workers: 4, cores: 2, hosts: 2 })).toBeWithin(990, 1010);
    expect(done({ workers: 4, cores: 4 }, { distributed: { partitions: 2 } })).toBeWithin(490, 510);
    expect(done({ workers: 4, cores: 4 }, { keys: { count: 1 } })).toBeWithin(245, 255);
    expect(done({ workers: 4, cores: 4 }, { work: { kind: "io", time: "4ms" }, async: { concurrency: 3 } })).toBeWithin(2950, 3050);
  });

  test("pays for a round trip once a batch, and Redis for each call and each item", () => {
    const load = { executor: "bursts", size: 40_000, count: 1, every: "1s" };
    const none = {
      work: { kind: "none" },
      load,
      keys: evenly,
      queue: { capacity: "unlimited" },
      distributed: { partitions: 16, batch: 100 },
    };
    const slow = { ...FREE, roundTrip: 1e6 };
    const done = (change: object, workers: number, streams: Partial<Streams> = {}) =>
      simulated(of({ ...none, ...change }, { workers }), slow, { states: false, ...streams }).throughput;
    // A slot commits 100 and takes 100 in each millisecond, twice as many with a batch ahead, half of that where it reads as well.
    expect(done({}, 1, { ahead: false })).toBeWithin(98_000, 101_000);
    expect(done({}, 2, { ahead: false })).toBeWithin(190_000, 202_000);
    expect(done({}, 1)).toBeWithin(190_000, 202_000);
    expect(done({ keys: { count: 100_000, distribution: "round-robin" } }, 1, { states: true })).toBeWithin(96_000, 110_000);
    expect(done({ distributed: { partitions: 16, batch: 10 } }, 1, { ahead: false })).toBeWithin(9900, 10_100);
    // Redis takes and commits an item in 20 µs, however many slots ask.
    const dear = { ...FREE, taken: 8000, committed: 12_000 };
    const eight = of(none, { workers: 8, cores: 8 });
    expect(simulated(eight, dear).throughput).toBeWithin(49_000, 50_100);
    // So does the runner's thread, and each slot's by itself.
    expect(simulated(eight, { ...FREE, runner: 20_000 }).throughput).toBeWithin(49_000, 52_500);
    expect(simulated(of(none, { workers: 2, cores: 2 }), { ...FREE, slot: 20_000 }).throughput).toBeWithin(95_000, 100_100);
  });

  test("accounts for every message, within the places of the queue, whatever is drawn", () => {
    const drops = { newest: 0, oldest: 0 };
    for (let i = 0; i < rounds(40, 3000); i++) {
      const draw = new Draw(new Random(5, `streams ${i}`));
      const overflow = draw.of("block", "drop-newest", "drop-oldest");
      const capacity = draw.of<number | string>(1, 3, 20, 500, "unlimited");
      const change = {
        load: draw.of<object>(
          { executor: "bursts", size: 200, every: "50ms", count: 3 },
          { ...rate(3000, { arrivals: "poisson" }), duration: "200ms" },
          { executor: "shared-iterations", vus: 7, iterations: 300 },
        ),
        work: { kind: draw.of("cpu", "io", "sleep", "none"), time: "1ms", distribution: "exponential" },
        keys: { count: draw.of(1, 5, 1000) },
        queue: { capacity, overflow: capacity === 1 || capacity === 3 ? draw.of("block", overflow) : overflow },
        gracefulStop: draw.of("1h", "1h", "20ms"),
        async: { concurrency: draw.of(1, 4) },
        distributed: { partitions: draw.of(4, 16), batch: draw.of(1, 7, 100) },
      };
      const machine = { workers: draw.of(1, 2, 5), cores: draw.of(1, 2), hosts: draw.of(1, 2) };
      const result = simulate(of({ ...change, seed: i + 1 }, machine));
      if (result === null) throw new Error("not simulated");
      const { arrivals, processed, dropped, unfinished, sojourn } = result;
      expect([i, processed + dropped + unfinished, sojourn.count]).toEqual([i, arrivals, processed]);
      expect(unfinished).toBeGreaterThanOrEqual(0);
      if (overflow === "block" || capacity === "unlimited") expect(dropped).toBe(0);
      if (change.gracefulStop === "1h") expect([i, unfinished]).toEqual([i, 0]);
      if (overflow === "drop-newest") drops.newest += dropped;
      if (overflow === "drop-oldest") drops.oldest += dropped;
    }
    expect(Math.min(drops.newest, drops.oldest)).toBeGreaterThan(0);
  });

  test("keeps the places of what is taken until it is committed", () => {
    const load = { executor: "bursts", size: 10, count: 2, every: "5ms" };
    const change = { work: { kind: "cpu", time: "1ms" }, load, keys: { count: 1 }, queue: { capacity: 10, overflow: "drop-newest" } };
    // Half of the first ten are done when the others come, but none is committed.
    expect(simulated(of(change), FREE)).toMatchObject({ processed: 10, dropped: 10 });
    const blocked = simulated(of({ ...change, queue: { capacity: 10, overflow: "block" } }), FREE);
    expect(blocked).toMatchObject({ processed: 20, dropped: 0 });
  });
});

describe("what is predicted of distributed", () => {
  const cpu = { kind: "cpu", time: "5ms" };
  const spread = { work: cpu, keys: evenly };
  const idle = { work: { kind: "none" }, load: rate(900_000), keys: evenly, queue: { capacity: "unlimited" } };
  const zipf = { count: 100, distribution: "zipf", exponent: 1.5 };

  test.each<[string, object, Partial<Expected>]>([
    ["all cores", { ...spread, load: rate(1600) }, {}],
    ["workers", { ...spread, load: rate(1600) }, { cores: 8 }],
    ["arrivals", { ...spread, load: rate(300) }, {}],
    ["hot key", { ...spread, load: rate(1600), keys: zipf }, {}],
    ["few partitions", { ...spread, load: rate(1600), distributed: { partitions: 2 } }, {}],
    ["hot partition", { ...spread, load: rate(1600), distributed: { partitions: 5 }, keys: { count: 9, distribution: "round-robin" } }, {}],
    ["concurrency", { work: { kind: "io", time: "5ms" }, load: rate(9000), keys: evenly, async: { concurrency: 10 } }, {}],
    ["round trips", { work: { kind: "none" }, load: rate(400_000), queue: { capacity: "unlimited" } }, { workers: 1, roundTrip: 0.002 }],
    ["redis", { ...idle, distributed: { batch: 10 } }, { workers: 64, cores: 64 }],
    ["runner", idle, { workers: 64, cores: 64 }],
    ["all cores", idle, { workers: 2, cores: 2 }],
    ["clients", { ...spread, load: { executor: "constant-vus", vus: 2, duration: "1s" }, distributed: { batch: 1 } }, { cores: 8 }],
    ["queue", { work: cpu, load: rate(500, { arrivals: "poisson" }), queue: { capacity: 3, overflow: "drop-newest" } }, {}],
  ])("is limited by %s", (name, change, machine) => {
    expect(predict(of(change, machine)).bottleneck).toBe(name);
  });

  test("grows with hosts until Redis is the limit, and with no formula beside it", () => {
    const load = { ...rate(300_000), duration: "100ms" };
    const on = (hosts: number) =>
      predict(of({ work: { kind: "cpu", time: "200us" }, load, keys: evenly }, { workers: 4 * hosts, cores: 4, hosts }));
    const [one, two, many] = [on(1), on(2), on(64)];
    expect((two?.capacity ?? 0) / (one?.capacity ?? 1)).toBeWithin(1.8, 2.05);
    expect([one?.model, one?.steadyState, many?.bottleneck]).toEqual(["simulation", null, "redis"]);
  });

  test("is less where server, runner and workers share a few cores than where each has its own", () => {
    const none = { work: { kind: "none" }, load: rate(900_000), keys: evenly, queue: { capacity: "unlimited" } };
    const on = (cores: number, redis: string) => predict(of({ ...none, distributed: { redis } }, { workers: 2, cores })).capacity ?? 0;
    expect(on(2, "auto") / on(2, "redis://h:1")).toBeWithin(0.4, 0.6);
    expect(on(16, "auto")).toBe(on(16, "redis://h:1"));
  });

  test("depends on the round trip that is told, and on the usual one of one host or of several else", () => {
    expect(usualCosts({ roundTrip: 0.004 }, 1e9).roundTrip).toBe(4e6);
    expect(usualCosts({}, 1e6).roundTrip).toBeLessThan(usualCosts({ hosts: 2 }, 1e6).roundTrip);
    const calm = (roundTrip: number) => predict(of({ work: { kind: "cpu", time: "1ms" }, load: rate(10) }, { roundTrip, workers: 1 }));
    const [near, far] = [calm(0.0001).sojournMean ?? 0, calm(0.0101).sojournMean ?? 0];
    // Added after half of one, told after another half, asked and answered after one more; a state is read at first.
    expect(far - near).toBeWithin(20, 20.5);
  });

  test("is unknown of programs and handlers", () => {
    const handler = { work: { kind: "handler", module: "./x.ts" }, load: rate(100) };
    expect(predict(of(handler))).toMatchObject({ capacity: null, bottleneck: "the handler" });
  });
});
