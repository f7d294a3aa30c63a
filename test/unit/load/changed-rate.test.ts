import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  changedRate,
  keepsArrivals,
  nextRate,
  type RampLoad,
  rampOf,
  rateAfter,
  rateChanges,
  steppedRate,
} from "../../../src/load/changed-rate.ts";
import { openTape } from "../../../src/load/open.ts";
import { Arrival } from "../../../src/load/tape.ts";
import { loadDuration, rampTotal } from "../../../src/scenario/load-extent.ts";
import type { Load } from "../../../src/scenario/schema.ts";
import { rounds } from "../../support/campaign.ts";

const SECOND = 1e6;

function tapeOf(load: Load, seed: number): { readonly due: number; readonly key: number }[] {
  const tape = openTape({ load, seed, keys: { count: 7, distribution: "uniform", exponent: 1 } }, () => null);
  const arrival = new Arrival();
  const all = [];
  while (tape.next(arrival)) all.push({ due: arrival.dueMicros, key: arrival.key });
  return all;
}

const arrivals = { arrivals: fc.constantFrom("uniform" as const, "poisson" as const), jitter: fc.constantFrom(0, 0, 1000, 250_000) };
const timeUnits = fc.constantFrom(SECOND, 60 * SECOND);
const constant = fc.record({
  executor: fc.constant("constant-arrival-rate" as const),
  rate: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0.5, max: 500, noNaN: true })),
  timeUnit: timeUnits,
  duration: fc.integer({ min: 1, max: 8 * SECOND }),
  ...arrivals,
});
const stages = fc.array(
  fc.record({ target: fc.integer({ min: 0, max: 400 }), duration: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 * SECOND })) }),
  { minLength: 1, maxLength: 4 },
);
const ramp = fc.record({
  executor: fc.constant("ramping-arrival-rate" as const),
  startRate: fc.integer({ min: 0, max: 400 }),
  timeUnit: timeUnits,
  stages,
  ...arrivals,
});
/** Changes, each at a share of the load's time after the one before. */
const changes = fc.array(
  fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), factor: fc.double({ min: 0.2, max: 5, noNaN: true }) }),
  {
    minLength: 1,
    maxLength: 3,
  },
);

/** The loads from the first to the one with all changes, and the instants between them. */
function changedInTurn(first: RampLoad, asked: readonly { readonly share: number; readonly factor: number }[]) {
  const duration = loadDuration({ load: first }) ?? 0;
  const loads: RampLoad[] = [first];
  const instants: number[] = [];
  for (const { share, factor } of asked) {
    const from = instants.at(-1) ?? 0;
    const at = Math.floor(from + share * (duration - from));
    const load = loads.at(-1) ?? first;
    const changed = changedRate(load, at, factor);
    if (!keepsArrivals(load, changed, at)) break;
    instants.push(at);
    loads.push(changed);
  }
  return { loads, instants };
}

/** Largest difference of due times up to an instant; Infinity where another number of arrivals, or other keys, come up to there. */
function differenceUntil(before: Load, after: Load, until: number, seed: number): number {
  const [a, b] = [tapeOf(before, seed), tapeOf(after, seed)];
  const same = a.findIndex(({ due }) => due >= until);
  const count = same < 0 ? a.length : same;
  const off = a.slice(0, count).map(({ due, key }, i) => (b[i]?.key === key ? Math.abs(b[i].due - due) : Number.POSITIVE_INFINITY));
  const later = b[count]?.due ?? Number.POSITIVE_INFINITY;
  // An arrival that rounding moves over the instant itself is the same one.
  return later >= until - 1 ? Math.max(0, ...off) : Number.POSITIVE_INFINITY;
}

describe("a load whose rate is changed", () => {
  test("at a constant rate has the same tape up to there, to the last digit, however often it is changed", () => {
    fc.assert(
      fc.property(constant, changes, fc.nat(1000), (load, asked, seed) => {
        const first = rampOf(load);
        if (first === null) throw new Error("unreachable");
        expect(tapeOf(first, seed)).toEqual(tapeOf(load, seed));
        const { loads, instants } = changedInTurn(first, asked);
        for (const [i, at] of instants.entries()) {
          expect(differenceUntil(loads[i] ?? first, loads[i + 1] ?? first, at - load.jitter, seed)).toBe(0);
        }
      }),
      { numRuns: rounds(60) },
    );
  });

  test("on a ramp has it too, but for rounding to a microsecond", () => {
    fc.assert(
      fc.property(ramp, changes, fc.nat(1000), (first, asked, seed) => {
        const { loads, instants } = changedInTurn(first, asked);
        for (const [i, at] of instants.entries()) {
          expect(differenceUntil(loads[i] ?? first, loads[i + 1] ?? first, at - first.jitter, seed)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: rounds(60) },
    );
  });

  test("lasts as long, and has so many times as many arrivals from there on", () => {
    fc.assert(
      fc.property(ramp, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.2, max: 5, noNaN: true }), (load, share, factor) => {
        const duration = loadDuration({ load }) ?? 0;
        const at = Math.floor(share * duration);
        const changed = changedRate(load, at, factor);
        expect(loadDuration({ load: changed })).toBe(duration);
        if (at >= duration) return;
        expect(rateAfter(changed, at)).toBeCloseTo(factor * rateAfter(load, at), 6);
        const before = rampTotal(changedRate(load, at, 0));
        expect(rampTotal(changed)).toBeCloseTo(before + factor * (rampTotal(load) - before), 6);
      }),
      { numRuns: rounds(200) },
    );
  });

  test("twice at one instant has one jump there", () => {
    const level: RampLoad = { ...LEVEL, stages: [{ target: 100, duration: 4 * SECOND }] };
    const once = changedRate(level, SECOND, 2);
    expect(once.stages).toEqual([
      { target: 100, duration: SECOND },
      { target: 200, duration: 0 },
      { target: 200, duration: 3 * SECOND },
    ]);
    expect(changedRate(once, SECOND, 2).stages.map(({ target }) => target)).toEqual([100, 400, 400]);
    expect(rateChanges(once, [SECOND, SECOND])).toEqual([{ atMs: 1000, rate: 200 }]);
  });

  test("an item falls due a gap of the new rate after the last one before it", () => {
    const level: RampLoad = { ...LEVEL, startRate: 10, stages: [{ target: 10, duration: SECOND }] };
    const dues = tapeOf(changedRate(level, 500_000, 2), 1).map(({ due }) => due);
    expect(dues.slice(4, 8)).toEqual([400_000, 500_000, 550_000, 600_000]);
    expect(dues).toHaveLength(15);
  });
});

const LEVEL: RampLoad = { executor: "ramping-arrival-rate", startRate: 100, timeUnit: SECOND, stages: [], arrivals: "uniform", jitter: 0 };

describe("steps of the rate", () => {
  test("are preferred numbers, up and down", () => {
    const up = [275, 315, 400, 950, 1000, 0.9, 0.0012].map((rate) => nextRate(rate, "up"));
    expect(up).toEqual([315, 400, 500, 1000, 1250, 1, 0.001_25]);
    expect([275, 250, 125, 100, 1, 0.01].map((rate) => nextRate(rate, "down"))).toEqual([250, 200, 100, 80, 0.8, 0.008]);
  });

  test("up and down again comes back to a preferred rate, whatever it was", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (rate) => {
        const there = nextRate(rate, "up");
        expect(there).toBeGreaterThan(rate);
        expect(there / rate).toBeLessThan(1.3);
        expect(nextRate(nextRate(there, "down"), "up")).toBeCloseTo(there, 9);
      }),
      { numRuns: rounds(200) },
    );
  });

  test("are told as they were meant, per second", () => {
    const load: Load = {
      executor: "constant-arrival-rate",
      rate: 275 * 60,
      timeUnit: 60 * SECOND,
      duration: 4 * SECOND,
      arrivals: "poisson",
      jitter: 0,
    };
    const changed = steppedRate(load, SECOND, "up");
    expect(changed === null ? null : rateAfter(changed, SECOND)).toBe(315);
  });

  test("there are none of a load without a rate, of a rate of nothing, and beyond what a tape may hold", () => {
    expect(steppedRate({ executor: "bursts", size: 5, every: SECOND, count: 2 }, 5, "up")).toBeNull();
    expect(steppedRate({ ...LEVEL, startRate: 0, stages: [{ target: 0, duration: 9 }] }, 5, "up")).toBeNull();
    // Of 10/s the last one in a second is due at 0.9 s, and at 8/s there would be none in the rest.
    const ten: Load = { executor: "constant-arrival-rate", rate: 10, timeUnit: SECOND, duration: SECOND, arrivals: "uniform", jitter: 0 };
    expect([steppedRate(ten, 900_001, "down"), steppedRate({ ...ten, arrivals: "poisson" }, 900_001, "down")]).toEqual([
      null,
      expect.anything(),
    ]);
    expect(steppedRate(ten, 800_001, "down")).not.toBeNull();
    // In 1.09 s there are still 10, and at 12.5/s there would be an eleventh, due before the change.
    expect([1_000_001, 900_001].map((at) => steppedRate({ ...ten, duration: 1_090_000 }, at, "up") === null)).toEqual([true, false]);
    const most: Load = { executor: "constant-arrival-rate", rate: 1e9, timeUnit: SECOND, duration: SECOND, arrivals: "uniform", jitter: 0 };
    expect(steppedRate(most, 0, "up")).toBeNull();
    expect(steppedRate(most, 0, "down")).not.toBeNull();
  });
});
