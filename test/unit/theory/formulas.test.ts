import { describe, expect, test } from "bun:test";
import { Histogram } from "../../../src/kernel/histogram.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { bottleneckOf, limitOf } from "../../../src/theory/bottleneck.ts";
import type { Expected } from "../../../src/theory/demand.ts";
import type { Simulated } from "../../../src/theory/simulate.ts";
import { formulaOf } from "../../../src/theory/steady-state.ts";

const NO_LIMITS = { key: Number.POSITIVE_INFINITY, thread: Number.POSITIVE_INFINITY };

function expected(mode: Mode, value: object, machine: Partial<Expected> = {}): Expected {
  return { mode, scenario: scenarioSchema.parse({ title: "x", ...value }), workers: 2, cores: 4, ...machine };
}

/** Twenty messages a second at random for twenty seconds, each worked for 5 ms. */
const load = { executor: "constant-arrival-rate", rate: 20, duration: "20s", arrivals: "poisson" };
const work = { kind: "cpu", time: "5ms", distribution: "exponential" };
const line = { load, work };

interface Asked {
  readonly mode?: Mode;
  readonly lambda?: number;
  readonly servers?: number;
  readonly limits?: { readonly key: number; readonly thread: number };
  readonly machine?: Partial<Expected>;
}

/** The model, and the mean and 99th percentile that it gives, in milliseconds; null: there is no formula. */
function told(value: object, { mode = "async", lambda = 20, servers = 1, limits = NO_LIMITS, machine = {} }: Asked = {}) {
  const formula = formulaOf(expected(mode, value, machine), lambda, servers, limits);
  if (formula === null) return null;
  const { model, steadyState } = formula;
  const rounded = (ms: number | null | undefined) => (ms === null || ms === undefined ? null : Number(ms.toFixed(3)));
  return [model, rounded(steadyState?.sojournMean), rounded(steadyState?.sojournP99)];
}

describe("the formula of a line that settles", () => {
  test("is that of its service times: exponential, constant, or by their variance", () => {
    expect(told(line)).toEqual(["M/M/1", 5.556, 25.584]);
    expect(told({ load, work: { ...work, distribution: "constant" } })?.slice(0, 2)).toEqual(["M/D/1", 5.278]);
    expect(told({ load, work: { ...work, distribution: "lognormal", cv: 2 } })).toEqual(["M/G/1", 6.389, null]);
    // E[S²] = (1 + 1/3) of the square of the mean, from nothing to twice it.
    expect(told({ load, work: { ...work, distribution: "uniform" } })?.[0]).toBe("M/G/1");
  });

  test("holds in every mode that works one message after another", () => {
    expect(told(line, { mode: "sync" })?.[0]).toBe("M/M/1");
    expect(told({ ...line, async: { concurrency: 8 } })?.[0]).toBe("M/M/1");
    expect(told({ load, work: { ...work, kind: "sleep" } })?.[0]).toBe("M/M/1");
  });

  test("with room for so many is that of a line that loses, where the newest is dropped", () => {
    const queue = (overflow: string) => ({ ...line, queue: { capacity: 3, overflow } });
    expect(told(queue("drop-newest"))?.[0]).toBe("M/M/1/4");
    expect(told(queue("drop-oldest"))).toBeNull();
    expect(told(queue("drop-newest"), { mode: "parallel", machine: { workers: 1 } })).toBeNull();
    expect(told({ ...queue("drop-newest"), work: { ...work, distribution: "constant" } })).toBeNull();
    expect(told(queue("block"))?.[0]).toBe("M/M/1");
    expect(told(queue("drop-newest"), { mode: "sync" })?.[0]).toBe("M/M/1");
  });

  test("of evenly spaced messages that take the same time is the time itself", () => {
    const even = { load: { ...load, arrivals: "uniform" }, work: { ...work, distribution: "constant" } };
    expect(told(even)).toEqual(["D/D/1", 5, 5]);
    expect(told({ ...even, work })).toBeNull();
    expect(told(even, { servers: 2 })).toBeNull();
  });

  test("of evenly spaced messages that are too many has no steady state, and none is told where some are lost", () => {
    const even = { load: { ...load, arrivals: "uniform" }, work: { ...work, distribution: "constant" } };
    expect(told(even, { lambda: 300 })).toEqual(["D/D/1, overloaded", null, null]);
    expect(told({ ...even, queue: { capacity: 3, overflow: "drop-newest" } }, { lambda: 300 })).toBeNull();
    expect(told({ ...even, queue: { capacity: "unlimited", overflow: "drop-newest" } }, { lambda: 300 })?.[0]).toBe("D/D/1, overloaded");
  });
});

describe("there is no formula", () => {
  test.each([
    ["where arrivals are moved", { ...line, load: { ...load, jitter: "1ms" } }],
    ["where reading takes time", { ...line, source: { latency: "1ms" } }],
    ["of batches", { ...line, batch: { size: 2 } }],
    ["of batches by time", { ...line, batch: { timeout: "1ms" } }],
    ["where a batch costs something", { load, work: { ...work, perBatch: "1ms" } }],
    ["where a helper works", { ...line, async: { offload: "message" } }],
    ["of bursts", { work, load: { executor: "bursts", size: 5, count: 4, every: "5s" } }],
    ["where the line grows", { load, work: { ...work, time: "50ms" } }],
    ["of a run that is over before its line has settled", { load: { ...load, duration: "70ms" }, work }],
    ["of very uneven times, of which the longest decide", { load, work: { ...work, distribution: "lognormal", cv: 20 } }],
  ])("%s", (_, value) => {
    expect(told(value)).toBeNull();
  });

  test("where its threads are stopped for a part of each period", () => {
    expect(told(line, { machine: { quota: { quotaMs: 50, periodMs: 100 } } })).toBeNull();
    expect(told(line, { machine: { quota: { quotaMs: 150, periodMs: 100 } } })?.[0]).toBe("M/M/1");
  });

  test("but batches of one are none, nor are any in sync", () => {
    expect(told({ ...line, batch: { size: 1, timeout: "1ms" } })?.[0]).toBe("M/M/1");
    expect(told({ ...line, batch: { size: 9 } }, { mode: "sync" })?.[0]).toBe("M/M/1");
  });

  test("the warm-up is no part of the time in which a line can settle", () => {
    const short = (duration: string, warmup: string) => told({ load: { ...load, duration }, work, warmup });
    expect(short("4s", "3900ms")?.[0]).toBe("M/M/1");
    expect(short("4s", "3950ms")).toBeNull();
  });
});

describe("the formula of waits that overlap", () => {
  const io = (more: object = {}) => ({ load, work: { ...work, kind: "io" }, keys: { count: 80 }, async: { concurrency: 4 }, ...more });

  test("is that of so many servers", () => {
    expect(told(io(), { servers: 4 })?.slice(0, 2)).toEqual(["M/M/4", 5]);
  });

  test("needs keys enough, alike, none of them a limit, and room for all", () => {
    expect(told(io({ keys: { count: 79 } }), { servers: 4 })).toBeNull();
    expect(told(io({ keys: { count: 80, distribution: "zipf" } }), { servers: 4 })).toBeNull();
    expect(told(io(), { servers: 4, limits: { ...NO_LIMITS, key: 20 } })).toBeNull();
    expect(told(io(), { servers: 4, limits: { ...NO_LIMITS, key: 20.1 } })?.[0]).toBe("M/M/4");
    expect(told(io({ queue: { capacity: 9, overflow: "drop-newest" } }), { servers: 4 })).toBeNull();
  });

  test("is known of waiting alone, in async, exponential", () => {
    expect(told(io({ work: { ...work, kind: "mixed" } }), { servers: 4 })).toBeNull();
    expect(told(io({ work: { ...work, kind: "io", distribution: "constant" } }), { servers: 4 })).toBeNull();
    expect(told(io(), { mode: "parallel", servers: 4 })).toBeNull();
    expect(told(io({ async: { concurrency: 1 } }))?.[0]).toBe("M/M/1");
  });
});

describe("the formula of several Workers", () => {
  const parallel = (keys: object, more: Asked = {}) => told({ ...line, keys }, { mode: "parallel", servers: 2, ...more });

  test("is that of as many lines, each with its part of the messages", () => {
    expect(parallel({ count: 1000 })).toEqual(["2 × M/M/1", 5.263, expect.closeTo(24.238, 2)]);
  });

  test("needs keys enough, alike, and spread evenly", () => {
    expect(parallel({ count: 199 })).toBeNull();
    expect(parallel({ count: 200 })?.[0]).toBe("2 × M/M/1");
    expect(parallel({ count: 1000, distribution: "zipf" })).toBeNull();
    expect(parallel({ count: 1000 }, { limits: { ...NO_LIMITS, thread: 300 } })).toBeNull();
  });

  test("is none where there are more Workers than cores", () => {
    expect(parallel({ count: 1000 }, { machine: { workers: 4 } })).toBeNull();
  });
});

describe("what keeps the rate down", () => {
  const simulated = (change: Partial<Simulated> = {}): Simulated => ({
    arrivals: 1000,
    processed: 1000,
    dropped: 0,
    unfinished: 0,
    throughput: 100,
    sojourn: new Histogram(),
    service: 0,
    utilization: 0,
    ...change,
  });
  const named = (lambda: number | null, foreseen: Simulated, value: object = line, mode: Mode = "async", limits = NO_LIMITS, free = 0) =>
    bottleneckOf(
      expected(mode, value),
      { capacity: 200, bottleneck: "cpu", servers: 1 },
      { lambda, limits, foreseen, withoutOrder: () => free },
    );

  test("is what nobody knows of where no capacity is known", () => {
    const known = { lambda: 1, limits: NO_LIMITS, foreseen: simulated(), withoutOrder: () => 0 };
    expect(bottleneckOf(expected("async", line), { capacity: null, bottleneck: "the handler", servers: 1 }, known)).toBe("the handler");
  });

  test("is the keys where more would be done of what comes if they needed no order", () => {
    const free = (throughput: number, unordered: number) => named(100, simulated({ throughput }), line, "async", NO_LIMITS, unordered);
    expect([free(94, 100), free(96, 100), free(94, 95)]).toEqual(["few keys", "arrivals", "arrivals"]);
  });

  test("is the queue where more can be done than comes and yet more than a hundredth is lost", () => {
    expect([
      named(100, simulated({ dropped: 10 })),
      named(100, simulated({ dropped: 11 })),
      named(200, simulated({ dropped: 11 })),
    ]).toEqual(["arrivals", "queue", "cpu"]);
  });

  test("is the source where reading and working take turns and neither gets all its time", () => {
    const read = { ...line, source: { latency: "1ms" } };
    expect([named(100, simulated({ throughput: 94 }), read), named(100, simulated({ throughput: 95 }), read)]).toEqual([
      "source",
      "arrivals",
    ]);
    expect(named(100, simulated({ throughput: 94, dropped: 1 }), read)).toBe("arrivals");
    expect(named(100, simulated({ throughput: 94 }), read, "parallel")).toBe("arrivals");
    expect(named(300, simulated({ throughput: 189 }), read)).toBe("source");
    expect(named(300, simulated({ throughput: 190 }), read)).toBe("cpu");
  });

  test("is uneven keys where a thread has more than its part, and less is done for it", () => {
    const thread = (limit: number) => ({ ...NO_LIMITS, thread: limit });
    expect(named(300, simulated({ throughput: 150 }), line, "parallel", thread(180))).toBe("uneven keys");
    expect(named(300, simulated({ throughput: 195 }), line, "parallel", thread(180))).toBe("cpu");
    expect(named(300, simulated({ throughput: 150 }), line, "parallel", thread(190))).toBe("cpu");
  });

  test("is its clients where each finds a server free", () => {
    const sojourn = (ms: number) => {
      const all = new Histogram();
      all.record(ms * 1e6);
      return all;
    };
    const vus = (count: number, kind: string) => ({
      work: { kind, time: "5ms" },
      load: { executor: "constant-vus", vus: count, duration: "1s" },
      async: { concurrency: 4 },
    });
    expect(named(null, simulated({ throughput: 189, sojourn: sojourn(10) }), vus(1, "io"))).toBe("clients");
    expect(named(null, simulated({ throughput: 189, sojourn: sojourn(10.1) }), vus(1, "io"))).not.toBe("clients");
    expect(named(null, simulated({ throughput: 190, sojourn: sojourn(10) }), vus(4, "io"))).toBe("clients");
    expect(named(null, simulated({ throughput: 190, sojourn: sojourn(10) }), vus(5, "io"))).not.toBe("clients");
    expect(named(null, simulated({ throughput: 190, sojourn: sojourn(10) }), vus(1, "cpu"))).not.toBe("clients");
    expect(named(null, simulated({ throughput: 190, sojourn: sojourn(10) }), vus(8, "io"), "parallel")).toBe("clients");
    expect(named(null, simulated({ throughput: 190, sojourn: sojourn(10) }), vus(2, "io"), "sync")).not.toBe("clients");
  });
});

describe("a limit that is no resource all share", () => {
  const limit = (lambda: number | null, key: number, thread: number, keys: object = { count: 5 }) =>
    limitOf({ mode: "parallel", scenario: scenarioSchema.parse({ title: "x", keys }), workers: 2, cores: 2 }, lambda, 200, { key, thread });

  test("is what comes where that is less than anything else", () => {
    expect([limit(99, 100, 100), limit(100, 100, 300), limit(100, 300, 100)]).toEqual(["arrivals", "few keys", "uneven keys"]);
  });

  test("is one key where it has most, or is alone, or few of them", () => {
    expect(limit(null, 189, 300)).toBe("few keys");
    expect(limit(null, 189, 300, { count: 1 })).toBe("hot key");
    expect(limit(null, 189, 300, { count: 5, distribution: "zipf" })).toBe("hot key");
    expect(limit(null, 190, 300)).toBeNull();
  });

  test("is keys that lie unevenly where more comes than a thread can do, and less than all could", () => {
    expect([limit(150, 300, 150), limit(200, 300, 150), limit(null, 300, 150), limit(150, 300, 200)]).toEqual([
      "uneven keys",
      null,
      null,
      "arrivals",
    ]);
  });
});
