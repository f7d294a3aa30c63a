import { describe, expect, test } from "bun:test";
import { AdaptiveLimit } from "../../../src/resilience/adaptive-limit.ts";
import { backoffDelay, isTransientStatus, retryAfterMs } from "../../../src/resilience/backoff.ts";
import { CircuitBreakers, CLOSED, HALF_OPEN, OPEN } from "../../../src/resilience/circuit-breaker.ts";
import { RateGate } from "../../../src/resilience/rate-gate.ts";
import { GROW_AFTER, RateLimiter } from "../../../src/resilience/rate-limiter.ts";

describe("a status that says the server is not well", () => {
  test("is 5xx or a timeout of the server's, and no other", () => {
    expect([500, 503, 599, 408].map(isTransientStatus)).toEqual([true, true, true, true]);
    expect([200, 404, 407, 409, 429, 499].map(isTransientStatus)).toEqual(new Array(6).fill(false));
  });
});

describe("jitter", () => {
  const rule = { backoff: "constant", baseDelay: 100, maxDelay: 100 } as const;

  test("is nothing, all, or its share of the wait", () => {
    expect([backoffDelay({ ...rule, jitter: "none" }, 1, 0.5), backoffDelay({ ...rule, jitter: "full" }, 1, 0.5)]).toEqual([100, 50]);
    expect([backoffDelay({ ...rule, jitter: 0.4 }, 1, 0.5), backoffDelay({ ...rule, jitter: 0.4 }, 1, 0)]).toEqual([80, 100]);
  });
});

describe("Retry-After", () => {
  const now = Date.parse("2030-01-01T00:00:00Z");

  test("is read up to 40 characters", () => {
    expect([retryAfterMs("1".repeat(40), now) === null, retryAfterMs("1".repeat(41), now)]).toEqual([false, null]);
  });

  test("may name its zone", () => {
    expect(retryAfterMs("Tue, 01 Jan 2030 02:00:10 +0200", now)).toBe(10_000);
  });
});

describe("breakers of several hosts", () => {
  const rule = { failureThreshold: 2, openFor: 100 };
  const fail = (breakers: CircuitBreakers, host: string, times: number) => {
    for (let i = 0; i < times; i++) breakers.failed(host, breakers.admit(host, 10), 10);
  };
  const HOSTS = Array.from({ length: 40 }, (_, i) => `host-${i}`);

  test("are each its own, wherever they lie", () => {
    const breakers = new CircuitBreakers(rule);
    for (const [i, host] of HOSTS.entries()) fail(breakers, host, i % 3);
    expect(HOSTS.map((host) => breakers.stateOf(host))).toEqual(HOSTS.map((_, i) => (i % 3 === 2 ? OPEN : CLOSED)));
    expect(HOSTS.map((host) => breakers.refuses(host, 10))).toEqual(HOSTS.map((_, i) => i % 3 === 2));
    expect(breakers.opened).toBe(13);
  });

  test("fit where as many are asked for as there are places, and one more goes unguarded", () => {
    const breakers = new CircuitBreakers(rule, CircuitBreakers.memory(3));
    for (const host of ["a", "b", "c", "d"]) fail(breakers, host, 5);
    expect(["a", "b", "c", "d"].map((host) => breakers.stateOf(host))).toEqual([OPEN, OPEN, OPEN, CLOSED]);
    expect([breakers.admit("d", 10), breakers.refuses("d", 10)]).toEqual(["call", false]);
  });

  test("the worst of them is the one furthest from closed", () => {
    const breakers = new CircuitBreakers(rule);
    const worst: number[] = [breakers.worst];
    fail(breakers, "a", 2);
    worst.push(breakers.worst);
    breakers.admit("a", 110);
    worst.push(breakers.worst);
    fail(breakers, "b", 2);
    worst.push(breakers.worst);
    expect(worst).toEqual([CLOSED, OPEN, HALF_OPEN, OPEN]);
  });
});

describe("a breaker's instants", () => {
  const rule = { failureThreshold: 1, openFor: 100 };
  const opened = () => {
    // The first place, which is the only one, is as good as any.
    const breakers = new CircuitBreakers(rule, CircuitBreakers.memory(1));
    breakers.failed("h", breakers.admit("h", 10), 10, 5);
    return breakers;
  };

  test("it refuses until its time is over, and then lets one try", () => {
    const breakers = opened();
    expect(breakers.stateOf("h")).toBe(OPEN);
    expect([breakers.refuses("h", 109), breakers.refuses("h", 110)]).toEqual([true, false]);
    expect([breakers.admit("h", 109), breakers.admit("h", 110), breakers.admit("h", 111)]).toEqual(["refused", "probe", "refused"]);
  });

  test("one that tries and never comes back lets another try as much later", () => {
    const breakers = opened();
    breakers.admit("h", 110);
    expect([breakers.admit("h", 209), breakers.admit("h", 210)]).toEqual(["refused", "probe"]);
  });

  test("one that tried, and says nothing, leaves the next free to try at once", () => {
    const breakers = opened();
    const admission = breakers.admit("h", 110);
    breakers.ignored("h", admission, 115, 110);
    expect(breakers.admit("h", 115)).toBe("probe");
  });

  test("what began before it opened says nothing: not at the instant itself either", () => {
    const breakers = opened();
    const probe = breakers.admit("h", 110);
    breakers.succeeded("h", probe, 110);
    expect(breakers.stateOf("h")).toBe(CLOSED);
    breakers.failed("h", "call", 120, 110);
    const late = breakers.stateOf("h");
    breakers.failed("h", "call", 120, 111);
    expect([late, breakers.stateOf("h")]).toEqual([CLOSED, OPEN]);
  });
});

describe("a rate that adapts", () => {
  const limiter = (initial: number, min = 1, max = 1000) => new RateLimiter({ initial, min, max });

  test("lets one go each time its gap is over, and says when to ask again", () => {
    const rate = limiter(1000);
    expect([rate.take(0), rate.take(0), rate.take(999_999), rate.take(1_000_000)]).toEqual([0, 1e6, 1e6, 1e6]);
  });

  test("makes up for a little lateness, a quarter of a gap at most", () => {
    const rate = limiter(1000);
    rate.take(0);
    rate.take(1_200_000);
    expect(rate.take(1_200_000)).toBe(2_000_000);
    rate.take(2_900_000);
    expect(rate.take(2_900_000)).toBe(2_900_000 - 250_000 + 1_000_000);
  });

  test("makes up for a millisecond at most, however long its gap", () => {
    const rate = limiter(10);
    rate.take(0);
    rate.take(150e6);
    expect(rate.take(150e6)).toBe(249e6);
  });

  test("grows after as many successes in a row, a refusal between them begins them anew", () => {
    const rate = limiter(100);
    for (let i = 1; i < GROW_AFTER; i++) rate.succeeded();
    const before = rate.rate;
    rate.succeeded();
    expect([before, rate.rate]).toEqual([100, expect.closeTo(110, 9)]);
    const cut = limiter(100);
    for (let i = 1; i < GROW_AFTER; i++) cut.succeeded();
    cut.refused(5, 10);
    cut.succeeded();
    expect(cut.rate).toBe(50);
  });

  test("goes no higher than its highest and no lower than its lowest", () => {
    const high = limiter(100, 1, 105);
    for (let i = 0; i < GROW_AFTER; i++) high.succeeded();
    const low = limiter(100, 60);
    low.refused(5, 10);
    expect([high.rate, low.rate]).toEqual([105, 60]);
  });

  test("is cut once for what went out before it was cut last, that instant included", () => {
    const rate = limiter(100);
    rate.refused(0, 10);
    rate.refused(10, 12);
    const once = rate.rate;
    rate.refused(11, 13);
    expect([once, rate.rate, rate.turns]).toEqual([50, 25, [100, 50]]);
  });

  test("waits a whole gap at the new rate once it is cut", () => {
    const rate = limiter(1000);
    rate.take(0);
    rate.refused(0, 500_000);
    expect(rate.take(500_000)).toBe(500_000 + 2_000_000);
  });

  test("keeps the first two hundred of its turns", () => {
    const rate = limiter(1e6, 1, 1e6);
    for (let i = 1; i <= 250; i++) rate.refused(i, i);
    expect([rate.turns.length, rate.turns[0], rate.turns[1]]).toEqual([200, 1e6, 5e5]);
  });
});

describe("a server's limit of requests", () => {
  test("takes one each gap, and one that comes a little early, by three tenths of it", () => {
    const gate = new RateGate(100);
    expect([gate.admits(0), gate.admits(6.9), gate.admits(7), gate.admits(20)]).toEqual([true, false, true, true]);
  });

  test("takes what is early by a millisecond however short the gap", () => {
    const gate = new RateGate(1000);
    expect([gate.admits(0), gate.admits(0), gate.admits(0.9), gate.admits(1)]).toEqual([true, true, false, true]);
  });

  test("saves nothing up for those who come later", () => {
    const gate = new RateGate(100);
    expect([gate.admits(1000), gate.admits(1000), gate.admits(1010)]).toEqual([true, false, true]);
  });
});

describe("a limit of what may be in flight", () => {
  const limited = () => {
    const limit = new AdaptiveLimit({ min: 2, max: 10, decrease: 0.5, targetLatency: 100 });
    for (let i = 0; i < 80; i++) limit.succeeded(0, 1, 10);
    return limit;
  };

  test("begins at its least and goes up to its most", () => {
    expect(new AdaptiveLimit({ min: 2, max: 10, decrease: 0.5, targetLatency: 100 }).limit).toBe(2);
    expect(limited().limit).toBe(10);
  });

  test("grows by one for each round of successes, while it is used up", () => {
    const limit = new AdaptiveLimit({ min: 4, max: 10, decrease: 0.5, targetLatency: 100 });
    for (let i = 0; i < 40; i++) limit.succeeded(0, 1, 3);
    const unused = limit.limit;
    for (let i = 0; i < 5; i++) limit.succeeded(0, 1, 4);
    expect([unused, limit.limit]).toEqual([4, 5]);
  });

  test("takes an answer that is slower than it should be for a sign of overload, not one just as slow", () => {
    const limit = limited();
    limit.succeeded(1, 101, 10);
    const just = limit.limit;
    limit.succeeded(1, 102, 10);
    expect([just, limit.limit]).toEqual([10, 5]);
  });

  test("is cut once for what began before it was cut last, that instant included, and never below its least", () => {
    const limit = limited();
    limit.overloaded(1, 50);
    limit.overloaded(50, 60);
    const once = limit.limit;
    limit.overloaded(51, 70);
    const twice = limit.limit;
    limit.overloaded(71, 80);
    limit.overloaded(81, 90);
    expect([once, twice, limit.limit]).toEqual([5, 2, 2]);
  });
});
