import { describe, expect, test } from "bun:test";
import { type FetchSettings, type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { fetchSlots, predictFetch, requestDemand, sawtoothMean } from "../../../src/theory/fetch.ts";

const URLS = { tiles: { count: 9 } };

function settings(mock: object, rest: object = {}): FetchSettings {
  const { fetch } = scenarioSchema.parse({ title: "x", workload: "fetch", fetch: { ...URLS, target: { mock }, ...rest } });
  if (fetch === undefined) throw new Error("unreachable");
  return fetch;
}

function predicted(mode: Mode, mock: object, load: object, rest: object = {}) {
  const scenario = scenarioSchema.parse({ title: "x", workload: "fetch", load, fetch: { ...URLS, target: { mock }, ...rest } });
  return predictFetch({ mode, scenario, workers: 2, cores: 4 });
}

const demand = (mock: object, rest: object = {}) => requestDemand(settings(mock, rest));
const near = (value: number) => expect.closeTo(value, 9);
const once = { retry: { max: 0 } };
/** One retry, 100 ms after. */
const again = { retry: { max: 1, backoff: "constant", baseDelay: "100ms", jitter: "none" } };

describe("what a request costs on average", () => {
  test("is the mean of the server's time where nothing goes wrong", () => {
    expect(demand({ latency: { min: "20ms", max: "80ms" } })).toEqual({
      attempt: near(0.05),
      failing: 0,
      told: 0,
      success: 1,
      attempts: 1,
      item: near(0.05),
    });
  });

  test("is not known of a server that nobody has described", () => {
    const { fetch } = scenarioSchema.parse({ title: "x", workload: "fetch", fetch: { urls: ["http://127.0.0.1:1/"] } });
    expect(fetch === undefined ? undefined : requestDemand(fetch)).toBeNull();
  });

  test("has half of its answers cut off by a time limit in the middle of them", () => {
    expect(demand({ latency: { min: "20ms", max: "80ms" } }, { timeout: "50ms", ...once })).toMatchObject({
      failing: near(0.5),
      attempt: near((0.035 + 0.05) / 2),
      success: near(0.5),
    });
  });

  test("a time limit at the end of the range cuts off nothing, one at its beginning everything", () => {
    const limited = (timeout: string) => demand({ latency: { min: "20ms", max: "80ms" } }, { timeout, ...once });
    expect(limited("80ms")).toMatchObject({ failing: 0, attempt: near(0.05), success: 1 });
    expect(limited("20ms")).toMatchObject({ failing: 1, attempt: near(0.02), success: 0 });
  });

  test("an item's deadline limits its attempts too, and the item", () => {
    expect(demand({ latency: { min: "20ms", max: "80ms" } }, { deadline: "50ms", ...once })?.failing).toBeCloseTo(0.5, 9);
    expect(demand({ latency: "50ms", errorRate: 1 }, { deadline: "120ms", ...again })?.item).toBeCloseTo(0.12, 9);
  });

  test("errors are tried again, and what is waited for between counts", () => {
    expect(demand({ latency: "50ms", errorRate: 0.5 }, again)).toMatchObject({
      failing: 0.5,
      attempts: 1.5,
      success: 0.75,
      item: near(1.5 * 0.05 + 0.5 * 0.1),
    });
  });

  test("where everything fails all attempts are made", () => {
    expect(demand({ latency: "50ms", errorRate: 1 }, again)).toMatchObject({ attempts: 2, success: 0, item: near(0.2) });
  });

  test("an answer that is the client's own fault is not tried again, and is no success", () => {
    expect(demand({ latency: "50ms", errorRate: 0.5, errorStatus: 404 }, again)).toMatchObject({ failing: 0, attempts: 1, success: 0.5 });
  });

  test("told to wait and not how long, a client waits as long as it ever does", () => {
    const told = demand({ latency: "50ms", errorRate: 0.5, errorStatus: 429 }, { retry: { ...again.retry, maxDelay: "2s" } });
    expect(told).toMatchObject({ told: 0.5, failing: 0.5, item: near(0.075 + 0.5 * 2) });
  });

  test("of several things that go wrong only those that are told to wait wait so long", () => {
    const mixed = demand(
      { latency: "50ms", errorRate: 0.3, errorStatus: 429, resetRate: 0.3 },
      { retry: { ...again.retry, maxDelay: "2s" } },
    );
    expect(mixed).toMatchObject({ failing: near(0.6), told: near(0.3), item: near(1.6 * 0.05 + 0.3 * 2 + 0.3 * 0.1) });
  });

  test("jitter takes its share of half of the wait", () => {
    const item = (jitter: unknown) => demand({ latency: "50ms", errorRate: 0.5 }, { retry: { ...again.retry, jitter } })?.item ?? 0;
    expect([item("full"), item(0.5), item(0)]).toEqual([near(0.075 + 0.025), near(0.075 + 0.0375), near(0.075 + 0.05)]);
  });

  test("waits of later retries are as their backoff says", () => {
    const retry = { ...again.retry, max: 2, backoff: "exponential" };
    expect(demand({ latency: "50ms", errorRate: 0.5 }, { retry })?.item).toBeCloseTo(1.75 * 0.05 + 0.5 * 0.1 + 0.25 * 0.2, 9);
  });

  test("what is never answered takes as long as it is waited for", () => {
    expect(demand({ latency: "50ms", stallRate: 0.1 }, { timeout: "1s", ...once })).toMatchObject({
      attempt: near(0.9 * 0.05 + 0.1),
      failing: 0.1,
    });
  });

  test("slow bodies take as long as they do, or as they are waited for, and then fail", () => {
    const slow = (timeout: string) => demand({ latency: "50ms", slowRate: 0.5 }, { timeout, ...once });
    expect(slow("10s")).toMatchObject({ attempt: near(0.05 + 0.5 * 1.8), failing: 0 });
    expect(slow("1s")).toMatchObject({ attempt: near(0.05 + 0.5 * 0.95), failing: 0.5 });
  });

  test("resets, bodies cut short and silence all fail", () => {
    expect(demand({ latency: "50ms", resetRate: 0.1, truncateRate: 0.2, stallRate: 0.3 }, once)?.failing).toBeCloseTo(0.6, 9);
  });
});

describe("requests in flight at most", () => {
  const slots = (mode: Mode, rest: object) => {
    const scenario = scenarioSchema.parse({ title: "x", workload: "fetch", fetch: { ...URLS, ...rest } });
    return fetchSlots({ mode, scenario });
  };

  test("are what is allowed, or the connections where those are fewer, and one in sync", () => {
    expect(slots("async", { concurrency: { max: 7 } })).toBe(7);
    expect(slots("async", { concurrency: { max: 7 }, connections: { max: 3 } })).toBe(3);
    expect(slots("parallel", { concurrency: { max: "unlimited" }, connections: { max: 3 } })).toBe(3);
    expect(slots("sync", { concurrency: { max: 7 } })).toBe(1);
  });
});

describe("requests of mode distributed", () => {
  const steady = { latency: "100ms" };
  const evenly = (rate: number) => ({ executor: "constant-arrival-rate", rate, duration: "1s", arrivals: "uniform" });
  const of = (load: object, rest: object, more: object = {}) => {
    const value = {
      title: "x",
      workload: "fetch",
      modes: ["distributed"],
      load,
      fetch: { ...URLS, target: { mock: steady }, ...once, ...rest },
    };
    return predictFetch({ mode: "distributed", scenario: scenarioSchema.parse(value), workers: 2, cores: 4, roundTrip: 0.01, ...more });
  };

  test("are limited by all workers together, each of which a round trip keeps from its next one", () => {
    expect(of(evenly(100), { concurrency: { max: 4 } }).capacity).toBeCloseTo((2 * 4) / 0.11, 6);
    // Of hosts with several threads each one keeps to the limits as a whole.
    expect(of(evenly(100), { concurrency: { max: 4 } }, { hosts: 3, workers: 12 }).capacity).toBeCloseTo((3 * 4) / 0.11, 6);
    expect(of(evenly(10), { rateLimit: { initial: 20, max: 20 } }).capacity).toBeCloseTo(40, 6);
  });

  test("share a server's rate in a way that is not known, where each worker has to find it", () => {
    const limited = { target: { mock: { latency: "5ms", rateLimit: 50 } }, rateLimit: { initial: 20, max: 100 } };
    const list = { executor: "shared-iterations", vus: 8, iterations: 100 };
    expect(of(list, limited)).toMatchObject({ throughput: null, bottleneck: "the server's rate limit" });
    expect(of(list, limited, { workers: 1 }).throughput).toBeGreaterThan(0);
  });

  test("take two round trips more than in a process, and Redis has a limit for all of them", () => {
    expect(of(evenly(10), {}).sojournMean).toBeCloseTo(120, 3);
    expect(of(evenly(10), {})).toMatchObject({ bottleneck: "arrivals", model: "simulation" });
    const many = of(evenly(90_000), { concurrency: { max: 240 }, target: { mock: { latency: "1ms" } } }, { roundTrip: 0.0001 });
    expect(many).toMatchObject({ bottleneck: "Redis", throughput: many.capacity ?? 0, sojournMean: null });
    const list = { executor: "shared-iterations", vus: 200, iterations: 1000 };
    const idle = of(list, { concurrency: { max: 100 }, target: { mock: { latency: "0ms" } } }, { roundTrip: 0.0001 });
    expect(idle).toMatchObject({ bottleneck: "Redis", throughput: many.capacity ?? 0 });
  });
});

test("the mean of a rate that is halved at its peak is ln 2 of it", () => {
  expect(sawtoothMean(0.5)).toBeCloseTo(Math.LN2, 12);
});

describe("a list that is asked for once", () => {
  const listed = (iterations: number, vus: number) => ({ executor: "shared-iterations", vus, iterations });
  const steady = { latency: "100ms" };
  const throughput = (mode: Mode, load: object, rest: object) => predicted(mode, steady, load, { ...once, ...rest }).throughput ?? 0;

  test("takes as many rounds as it has requests for each slot", () => {
    expect(throughput("async", listed(10, 4), { concurrency: { max: 4 } })).toBeCloseTo(10 / 0.3, 6);
    expect(throughput("sync", listed(10, 1), { concurrency: { max: 4 } })).toBeCloseTo(10, 6);
  });

  test("with fewer clients than slots has no more under way than clients", () => {
    expect(throughput("async", listed(10, 2), { concurrency: { max: 4 } })).toBeCloseTo(10 / 0.5, 6);
  });

  test("in waves takes as long as each wave by itself", () => {
    const two = { concurrency: { max: 3 }, connections: { max: 2 } };
    const waves = { ...two, concurrency: { max: 3, window: "waves" } };
    expect(throughput("async", listed(9, 3), two)).toBeCloseTo(9 / 0.5, 6);
    expect(throughput("async", listed(9, 3), waves)).toBeCloseTo(9 / 0.6, 6);
  });

  test("in waves is slower than sliding where answers vary, and sync has no waves", () => {
    const vary = (mode: Mode, window: string) =>
      predicted(mode, { latency: { min: "10ms", max: "190ms" } }, listed(400, 8), { ...once, concurrency: { max: 8, window } })
        .throughput ?? 0;
    expect(vary("async", "waves")).toBeLessThan(0.8 * vary("async", "sliding"));
    expect(vary("sync", "waves")).toBe(vary("sync", "sliding"));
  });
});

describe("requests at a rate", () => {
  const rate = (perSecond: number) => ({ executor: "constant-arrival-rate", rate: perSecond, duration: "2s" });

  test("below what can be done take their own time", () => {
    const { throughput, sojournMean, sojournP99, utilization, bottleneck } = predicted("async", { latency: "50ms" }, rate(10), once);
    expect([sojournMean, utilization, bottleneck]).toEqual([expect.closeTo(50, 3), expect.closeTo(0.05, 9), "arrivals"]);
    expect(sojournP99).toBeCloseTo(50, 0);
    expect(throughput).toBeCloseTo(20 / 1.95, 6);
  });

  test("above it are done as fast as can be", () => {
    const { throughput, capacity, utilization, bottleneck } = predicted("sync", { latency: "100ms" }, rate(40), once);
    expect([capacity, utilization, bottleneck]).toEqual([expect.closeTo(10, 9), 1, "concurrency"]);
    expect(throughput).toBeCloseTo(10, 1);
  });

  test("those that fail are not done", () => {
    const { throughput } = predicted("async", { latency: "50ms", errorRate: 1 }, rate(10), once);
    expect(throughput).toBe(0);
  });

  test("of clients for a time stop with it", () => {
    const { throughput } = predicted("async", { latency: "100ms" }, { executor: "constant-vus", vus: 2, duration: "1s" }, once);
    expect(throughput).toBeCloseTo(20, 6);
  });
});

describe("what limits requests", () => {
  const load = { executor: "constant-arrival-rate", rate: 1000, duration: "1s" };
  const limit = (mock: object, rest: object = {}) => {
    const { capacity, bottleneck, throughput } = predicted("async", { latency: "1ms", ...mock }, load, { ...once, ...rest });
    return [capacity, bottleneck, throughput];
  };
  const limiter = (max: number, initial = max) => ({ rateLimit: { initial, min: 1, max } });

  test("is the server's limit, of attempts", () => {
    expect(limit({ rateLimit: 30 })).toEqual([30, "the server's rate limit", null]);
    expect(limit({ rateLimit: 30, errorRate: 0.5 }, again).slice(0, 2)).toEqual([20, "the server's rate limit"]);
  });

  test("is the client's own limit, of attempts", () => {
    expect(limit({}, limiter(30))).toEqual([30, "the client's rate limit", 30]);
    expect(limit({ errorRate: 0.5 }, { ...limiter(30), ...again })).toEqual([near(20), "the client's rate limit", near(15)]);
  });

  test("is the mean of the sawtooth where both limit", () => {
    expect(limit({ rateLimit: 30 }, limiter(500)).slice(0, 2)).toEqual([near(30 * Math.LN2), "the server's rate limit"]);
  });

  test("a rate that has to climb first is nobody's to know", () => {
    expect(limit({}, limiter(30, 29))[2]).toBeNull();
  });

  test("a breaker that will open leaves nothing to be known", () => {
    const breaker = (failureThreshold: number) => ({ circuitBreaker: { failureThreshold }, ...limiter(30) });
    expect(limit({ errorRate: 0.1 }, breaker(2))[2]).toBeNull();
    expect(limit({ errorRate: 0.1 }, breaker(4))[2]).toEqual(near(27));
  });

  test("so do outages, limits of what may be in flight that adapt, and a server that takes fewer connections", () => {
    expect(limit({ outages: [{ at: "1s", for: "1s" }] }, limiter(30))[2]).toBeNull();
    expect(limit({}, { concurrency: { adaptive: "aimd" }, ...limiter(30) })[2]).toBeNull();
    expect(limit({ maxConnections: 9 })).toEqual([null, "the server's connections", null]);
    expect(limit({ maxConnections: 10 })[1]).not.toBe("the server's connections");
  });

  test("with very many in flight is not theirs: what they cost here nobody knows", () => {
    const many = (max: number) => limit({}, { concurrency: { max }, connections: { max } }).slice(0, 2);
    expect(many(500)).toEqual([near(500_000), "arrivals"]);
    expect(many(501)).toEqual([null, "arrivals"]);
  });
});

describe("requests that are drawn one by one", () => {
  const list = { executor: "shared-iterations", vus: 1, iterations: 100_000 };
  const waits = { retry: { max: 2, backoff: "exponential", baseDelay: "30ms", maxDelay: "400ms", jitter: "full" } };

  test.each<[string, object, object]>([
    ["between the least and the most", { latency: { min: "20ms", max: "80ms" } }, once],
    ["that fail and are tried again", { latency: "50ms", errorRate: 0.4 }, waits],
    ["that are told to come later", { latency: "50ms", errorRate: 0.4, errorStatus: 429 }, waits],
    ["of which some are told so, and others broken off", { latency: "50ms", errorRate: 0.2, errorStatus: 429, resetRate: 0.2 }, waits],
    ["that are refused for good", { latency: "50ms", errorRate: 0.3, errorStatus: 404, resetRate: 0.2 }, waits],
    ["that are never answered", { latency: "50ms", stallRate: 0.2, resetRate: 0.2 }, { ...waits, timeout: "300ms" }],
    ["that come in drops", { latency: "50ms", slowRate: 0.3, resetRate: 0.2 }, waits],
    ["that come in drops, for just as long as they are waited for", { latency: "50ms", slowRate: 0.3 }, { ...waits, timeout: "1850ms" }],
    ["that come in drops, for longer than they are waited for", { latency: "50ms", slowRate: 0.3 }, { ...waits, timeout: "1s" }],
  ])("%s cost on average what the rules make of them, and as many end well", (_, mock, rest) => {
    const { item, success } = demand(mock, rest) ?? { item: Number.NaN, success: Number.NaN };
    // Items that fail in the end take their time as well.
    const { throughput } = predicted("sync", mock, list, rest);
    expect((throughput ?? 0) / (success / item)).toBeWithin(0.98, 1.02);
  });

  test("end at their deadline: neither an attempt nor a wait goes on after it", () => {
    const least = (deadline: string, mock: object) => predicted("sync", mock, { ...list, iterations: 100 }, { ...again, deadline });
    // The second attempt would begin at 150 ms.
    expect(least("150ms", { latency: "50ms", errorRate: 1 }).throughput).toBe(0);
    expect(least("1s", { latency: "50ms" }).sojournMean).toBeCloseTo(50, 3);
    expect(least("50ms", { latency: "50ms" }).throughput).toBe(0);
  });

  test("find the server's rate by their own limiter, and do ln 2 of it on average", () => {
    const limited = { latency: "5ms", rateLimit: 200 };
    const found = predicted("async", limited, { ...list, vus: 8 }, { ...once, rateLimit: { initial: 200, min: 1, max: 1000 } });
    expect(found.model).toBe("simulation");
    expect((found.throughput ?? 0) / (200 * Math.LN2)).toBeWithin(0.9, 1.1);
  });
});
