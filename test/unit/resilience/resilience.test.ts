import { describe, expect, test } from "bun:test";
import { ConsecutiveBreaker } from "cockatiel";
import fc from "fast-check";
import { AdaptiveLimit } from "../../../src/resilience/adaptive-limit.ts";
import { backoffDelay, retryAfterMs } from "../../../src/resilience/backoff.ts";
import { CircuitBreakers, CLOSED, HALF_OPEN, OPEN } from "../../../src/resilience/circuit-breaker.ts";
import { RateGate } from "../../../src/resilience/rate-gate.ts";
import { RateLimiter } from "../../../src/resilience/rate-limiter.ts";
import { rounds } from "../../support/campaign.ts";

const MS = 1e6;

describe("T-2 backoff", () => {
  const rule = { baseDelay: 200, maxDelay: 2000, jitter: "none" } as const;

  test("grows as its name says, up to the cap", () => {
    const delays = (backoff: "exponential" | "linear" | "constant") =>
      [1, 2, 3, 4, 5, 12].map((n) => backoffDelay({ ...rule, backoff }, n, 0));
    expect(delays("exponential")).toEqual([200, 400, 800, 1600, 2000, 2000]);
    expect(delays("linear")).toEqual([200, 400, 600, 800, 1000, 2000]);
    expect(delays("constant")).toEqual([200, 200, 200, 200, 200, 200]);
  });

  test("jitter stays within its share and below the cap", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("exponential", "linear", "constant"),
        fc.oneof(fc.constant("full" as const), fc.double({ min: 0, max: 1, noNaN: true })),
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (backoff, jitter, retry, unit) => {
          const whole = backoffDelay({ ...rule, backoff }, retry, 0);
          const delay = backoffDelay({ ...rule, backoff, jitter }, retry, unit);
          const least = jitter === "full" ? 0 : whole * (1 - jitter);
          expect(delay).toBeGreaterThanOrEqual(least - 1e-9);
          expect(delay).toBeLessThanOrEqual(whole);
        },
      ),
      { numRuns: rounds(200) },
    );
  });

  test("Retry-After is read in seconds and as a date; what is neither is nothing", () => {
    const now = Date.parse("2030-01-01T00:00:00Z");
    expect(retryAfterMs("7", now)).toBe(7000);
    expect(retryAfterMs(" 0.250 ", now)).toBe(250);
    expect(retryAfterMs("Tue, 01 Jan 2030 00:01:30 GMT", now)).toBe(90_000);
    // The oldest form names no zone: it means GMT, wherever this runs.
    expect(retryAfterMs("Tue Jan  1 00:01:30 2030", now)).toBe(90_000);
    expect(retryAfterMs("10000000000", now)).toBe(1e13);
    expect(retryAfterMs("Mon, 31 Dec 2029 00:00:00 GMT", now)).toBe(0);
    for (const junk of [null, "", "soon", "-5", "1e9", "7 seconds", `Tue, ${"x".repeat(100)}`]) expect(retryAfterMs(junk, now)).toBeNull();
  });
});

describe("T-3 circuit breaker", () => {
  const rule = { failureThreshold: 3, openFor: 100 * MS };

  test("closed → open → half-open with one probe → closed, and open again when the probe fails", () => {
    const breakers = new CircuitBreakers(rule);
    const fail = (now: number) => breakers.failed("a", breakers.admit("a", now), now);
    fail(0);
    fail(1);
    expect(breakers.stateOf("a")).toBe(CLOSED);
    fail(2);
    expect(breakers.stateOf("a")).toBe(OPEN);
    expect(breakers.admit("a", 2 + 100 * MS - 1)).toBe("refused");
    expect(breakers.admit("b", 3)).toBe("call");
    expect(breakers.admit("a", 2 + 100 * MS)).toBe("probe");
    expect(breakers.stateOf("a")).toBe(HALF_OPEN);
    expect(breakers.worst).toBe(HALF_OPEN);
    expect(breakers.admit("a", 3 + 100 * MS)).toBe("refused");
    breakers.failed("a", "probe", 110 * MS);
    expect(breakers.stateOf("a")).toBe(OPEN);
    expect(breakers.worst).toBe(OPEN);
    expect(breakers.admit("a", 210 * MS)).toBe("probe");
    breakers.succeeded("a", "probe");
    expect(breakers.stateOf("a")).toBe(CLOSED);
    expect(breakers.opened).toBe(2);
  });

  test("an answer that says nothing leaves the next free to try; a late one changes nothing", () => {
    const breakers = new CircuitBreakers({ ...rule, failureThreshold: 1 });
    breakers.failed("a", "call", 0);
    expect(breakers.admit("a", 100 * MS)).toBe("probe");
    breakers.ignored("a", "probe", 101 * MS);
    expect(breakers.admit("a", 101 * MS)).toBe("probe");
    breakers.succeeded("a", "call");
    expect(breakers.stateOf("a")).toBe(HALF_OPEN);
    breakers.failed("a", "call", 102 * MS);
    expect(breakers.stateOf("a")).toBe(HALF_OPEN);
    // A probe that never comes back is given up after as long as it was open.
    expect(breakers.admit("a", 201 * MS)).toBe("probe");
  });

  test("only what began in the state it is in counts: neither what went out before it opened nor a probe that was given up", () => {
    const breakers = new CircuitBreakers({ failureThreshold: 2, openFor: 100 });
    for (const now of [10, 20]) breakers.failed("a", "call", now, 5);
    expect(breakers.admit("a", 120)).toBe("probe");
    breakers.succeeded("a", "probe", 120);
    // Two that began before it opened, and took their time.
    for (const now of [130, 131]) breakers.failed("a", "call", now, 15);
    expect(breakers.stateOf("a")).toBe(CLOSED);
    for (const now of [140, 141]) breakers.failed("a", "call", now, 135);
    expect(breakers.stateOf("a")).toBe(OPEN);
    expect(breakers.admit("a", 241)).toBe("probe");
    expect(breakers.admit("a", 341)).toBe("probe");
    breakers.succeeded("a", "probe", 241);
    expect(breakers.stateOf("a")).toBe(HALF_OPEN);
    breakers.failed("a", "probe", 350, 241);
    expect(breakers.stateOf("a")).toBe(HALF_OPEN);
    breakers.succeeded("a", "probe", 341);
    expect(breakers.stateOf("a")).toBe(CLOSED);
  });

  test("two threads on one memory see one breaker, and more hosts than there is room for go unguarded", () => {
    const memory = CircuitBreakers.memory();
    const [one, other] = [new CircuitBreakers(rule, memory), new CircuitBreakers(rule, memory)];
    one.failed("host", "call", 0);
    other.failed("host", "call", 0);
    one.failed("host", "call", 0);
    expect(other.admit("host", 1)).toBe("refused");
    for (let i = 0; i < 3000; i++) for (let n = 0; n < 3; n++) other.failed(`h${i}`, "call", 0);
    expect(other.admit("h5", 1)).toBe("refused");
    expect(other.admit("h2999", 1)).toBe("call");
    expect(other.stateOf("h2999")).toBe(CLOSED);
  });

  test("it opens exactly when cockatiel's consecutive breaker does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(fc.boolean(), { maxLength: 60 }), (failureThreshold, calls) => {
        const breakers = new CircuitBreakers({ failureThreshold, openFor: 1e12 });
        const peer = new ConsecutiveBreaker(failureThreshold);
        for (const [i, ok] of calls.entries()) {
          const admission = breakers.admit("a", i);
          if (ok) {
            peer.success();
            breakers.succeeded("a", admission);
            continue;
          }
          const opens = peer.failure();
          breakers.failed("a", admission, i);
          expect(breakers.stateOf("a") === OPEN).toBe(opens);
          if (opens) return;
        }
      }),
      { numRuns: rounds(300) },
    );
  });

  test("whatever happens: refused only while open or half-open, and one probe at a time", () => {
    const step = fc.record({ what: fc.constantFrom("admit", "ok", "fail", "ignore"), after: fc.integer({ min: 0, max: 60 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const breakers = new CircuitBreakers({ failureThreshold: 2, openFor: 100 });
        const under: ("call" | "probe")[] = [];
        let now = 0;
        let probeAt = Number.NEGATIVE_INFINITY;
        for (const { what, after } of steps) {
          now += after;
          const before = breakers.stateOf("a");
          if (what === "admit") {
            const admission = breakers.admit("a", now);
            if (before === CLOSED) expect(admission).toBe("call");
            else expect(admission).not.toBe("call");
            if (admission === "probe") {
              if (under.includes("probe")) expect(now - probeAt).toBeGreaterThanOrEqual(100);
              probeAt = now;
            }
            if (admission !== "refused") under.push(admission);
            continue;
          }
          const admission = under.shift();
          if (admission === undefined) continue;
          if (what === "ok") breakers.succeeded("a", admission);
          else if (what === "fail") breakers.failed("a", admission, now);
          else {
            breakers.ignored("a", admission, now);
            if (admission === "probe") probeAt = Number.NEGATIVE_INFINITY;
          }
          const after_ = breakers.stateOf("a");
          if (before === OPEN) expect(after_).not.toBe(HALF_OPEN);
          if (before !== CLOSED && after_ === CLOSED) expect([what, admission]).toEqual(["ok", "probe"]);
        }
      }),
      { numRuns: rounds(200) },
    );
  });
});

describe("T-4 adaptive rate", () => {
  const rule = { initial: 100, min: 10, max: 200 };

  test("×1.1 after ten successes, ×0.5 when refused, within its bounds; one excess cuts once", () => {
    const limiter = new RateLimiter(rule);
    for (let i = 0; i < 9; i++) limiter.succeeded();
    expect(limiter.rate).toBe(100);
    limiter.succeeded();
    expect(limiter.rate).toBeCloseTo(110, 9);
    limiter.refused(1, 5);
    expect(limiter.rate).toBeCloseTo(55, 9);
    limiter.refused(2, 6);
    limiter.refused(5, 7);
    expect(limiter.rate).toBeCloseTo(55, 9);
    limiter.refused(8, 9);
    expect(limiter.rate).toBeCloseTo(27.5, 9);
    expect(limiter.turns.map(Math.round)).toEqual([110, 55]);
    for (let i = 0; i < 10; i++) limiter.refused(10 + 2 * i, 11 + 2 * i);
    expect(limiter.rate).toBe(10);
    for (let i = 0; i < 2000; i++) limiter.succeeded();
    expect(limiter.rate).toBe(200);
  });

  test("lets calls go at its rate, whoever asks and however late", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4_000_000 }), { minLength: 50, maxLength: 300 }), (lateness) => {
        const memory = RateLimiter.memory();
        const [one, other] = [new RateLimiter(rule, memory), new RateLimiter(rule, memory)];
        let now = 0;
        let gone = 0;
        for (const [i, late] of lateness.entries()) {
          const at = (i % 2 ? one : other).take(now);
          if (at > now) now = at + late;
          else gone++;
        }
        // 10 ms apart; a late one is made up for by no more than 1 ms.
        expect(gone).toBeLessThanOrEqual(now / (9 * MS) + 1);
      }),
      { numRuns: rounds(100) },
    );
  });

  test("against a server that counts, every turn after the first climb lies within 15 % of its limit", () => {
    for (const limit of [20, 100, 400]) {
      const limiter = new RateLimiter({ initial: 10, min: 1, max: 10_000 });
      const gate = new RateGate(limit);
      let now = 0;
      let ok = 0;
      while (now < 60e9) {
        const at = limiter.take(now);
        if (at > now) {
          now = at;
          continue;
        }
        if (gate.admits(now / MS)) {
          limiter.succeeded();
          ok++;
        } else limiter.refused(now, now + 1);
      }
      expect(limiter.turns.length).toBeGreaterThan(3);
      for (const turn of limiter.turns) expect(Math.abs(turn / limit - 1)).toBeLessThan(0.15);
      expect(ok / 60 / limit).toBeGreaterThan(0.6);
    }
  });
});

describe("T-4 adaptive concurrency", () => {
  const rule = { min: 2, max: 50, decrease: 0.5, targetLatency: 100 };

  test("one more per round of successes, a share of it at a sign of overload, cut once per round", () => {
    const limit = new AdaptiveLimit(rule);
    let now = 0;
    for (let round = 0; round < 3; round++) for (let i = limit.limit; i > 0; i--) limit.succeeded(now, ++now, limit.limit);
    expect(limit.limit).toBe(4);
    limit.succeeded(now, now + 1, 1);
    expect(limit.limit).toBe(4);
    limit.succeeded(now, now + 500, 4);
    expect(limit.limit).toBe(2);
    limit.overloaded(now + 100, now + 600);
    expect(limit.limit).toBe(2);
  });

  test("stays within its bounds whatever happens", () => {
    const call = fc.record({ took: fc.integer({ min: 0, max: 300 }), ok: fc.boolean(), inFlight: fc.integer({ min: 1, max: 100 }) });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 300 }), (calls) => {
        const limit = new AdaptiveLimit(rule);
        for (const [i, { took, ok, inFlight }] of calls.entries()) {
          const before = limit.limit;
          if (ok) limit.succeeded(i, i + took, inFlight);
          else limit.overloaded(i, i + took);
          expect(limit.limit).toBeGreaterThanOrEqual(2);
          expect(limit.limit).toBeLessThanOrEqual(50);
          if (!ok) expect(limit.limit).toBeLessThanOrEqual(before);
        }
      }),
      { numRuns: rounds(100) },
    );
  });
});
