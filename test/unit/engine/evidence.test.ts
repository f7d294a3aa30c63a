import { describe, expect, test } from "bun:test";
import { type Evidence, littlesLaw, problemOf, type RequestTotals, selfChecks } from "../../../src/engine/runner/checks.ts";
import { Histogram } from "../../../src/kernel/histogram.ts";
import type { SelfCheck } from "../../../src/telemetry/result.ts";

const SECOND = 1e9;
const histogram = (...values: readonly number[]) => {
  const all = new Histogram();
  for (const value of values) all.record(value);
  return all;
};
const three = (value: number) => histogram(value, value, value);

/** Three messages, due at 1, 2 and 3 s, each done half a second later; looked at for 10 s. */
const sound: Evidence = {
  ledger: { scheduled: 3, processed: 3, failed: 0, rejected: 0, dropped: { newest: 0, oldest: 0 }, unfinished: 0 },
  countedTwice: 0,
  ordered: true,
  counts: {
    processed: 3,
    failed: 0,
    rejected: 0,
    droppedNewest: 0,
    droppedOldest: 0,
    abandoned: 0,
    orderViolations: 0,
    busy: 0,
    batches: 0,
    measuredBatches: 0,
    batched: 0,
    measured: 3,
    measuredFailed: 0,
    firstDue: SECOND,
    lastDone: 3.5 * SECOND,
    left: 3,
    leftInstants: 7.5 * SECOND,
    others: 0,
    othersInside: 0,
    strayed: 0,
  },
  histograms: {
    sojourn: three(0.5 * SECOND),
    schedule: three(0.05 * SECOND),
    queue: three(0.15 * SECOND),
    batch: three(0.1 * SECOND),
    service: three(0.2 * SECOND),
  },
  from: 0,
  until: 10 * SECOND,
  arrivals: 3,
  arrivalArea: 24 * SECOND,
  lost: 0,
  told: { offered: 3, processed: 3, dropped: 0, measured: 3 },
  queue: { meanDepth: 0.045, highWater: 1 },
  levels: { waiting: 0.45 * SECOND, inFlight: 0.9 * SECOND },
  waitsIn: "queue",
  requests: {
    attempts: 4,
    byStatus: { "200": 3 },
    byError: { timeout: 1 },
    byHost: { a: { attempts: 1, errors: 0 }, b: { attempts: 3, errors: 1 } },
    byCause: { first: 3, retries: 1, redirects: 0, resent: 0, parents: 0 },
  },
  steppedBack: 0,
};

/** The checks that find something, with the figures they tell. */
function found(change: Partial<Evidence>): Readonly<Record<string, number>> {
  const broken = selfChecks({ ...sound, ...change }).filter(({ ok }) => !ok);
  return Object.fromEntries(broken.map(({ name, figure }) => [name, figure]));
}

const counts = (change: Partial<Evidence["counts"]>) => ({ counts: { ...sound.counts, ...change } });
const ledger = (change: Partial<Evidence["ledger"]>) => ({ ledger: { ...sound.ledger, ...change } });
const histograms = (change: Partial<Evidence["histograms"]>) => ({ histograms: { ...sound.histograms, ...change } });
const requests = (change: Partial<RequestTotals>) => ({ requests: { ...(sound.requests as RequestTotals), ...change } });

describe("P1-S what a run checks of itself", () => {
  test("is thirteen things, all of which hold where nothing is wrong", () => {
    expect(selfChecks(sound).map(({ ok }) => ok)).toEqual(new Array(13).fill(true));
    expect(new Set(selfChecks(sound).map(({ name }) => name)).size).toBe(13);
  });

  test("every item has one end", () => {
    expect(found(ledger({ scheduled: 4, unfinished: 0 }))).toMatchObject({ ledger: 1 });
    expect(found(ledger({ failed: 1 }))).toMatchObject({ ledger: -1 });
    expect(found({ countedTwice: 2 })).toEqual({ countedOnce: 2 });
    expect(found({ countedTwice: -2 })).toEqual({});
  });

  test("items of one key go in their order, where order is asked for", () => {
    expect(found(counts({ orderViolations: 2 }))).toEqual({ keyOrder: 2 });
    expect(found({ ordered: false, ...counts({ orderViolations: 2 }) })).toEqual({});
  });

  test("a clock goes back by no more than clocks of two threads may differ", () => {
    expect(found({ steppedBack: 2e6 })).toEqual({});
    expect(found({ steppedBack: 2e6 + 1000 })).toEqual({ clock: 2.001 });
  });

  test("a clock that went back along an item's way counts as well", () => {
    const back = histogram(0.05 * SECOND, 0.05 * SECOND, 0.05 * SECOND);
    back.record(-5e6);
    expect(found(histograms({ schedule: back }))).toMatchObject({ clock: 5 });
  });

  test("parts add up to the whole, and each has every item", () => {
    expect(Object.keys(found(histograms({ service: three(0.201 * SECOND) })))).toEqual(["parts", "inFlight"]);
    const missing = found(histograms({ batch: histogram(0.1 * SECOND, 0.1 * SECOND) }));
    expect(missing["parts"]).toBeCloseTo(1 / 3, 6);
  });

  test("what lies in the buckets is what was recorded", () => {
    const whole = three(0.15 * SECOND);
    const cut = new (class extends Histogram {
      override inBuckets() {
        return { count: 2, sum: whole.sum };
      }
    })();
    cut.merge(whole);
    expect(found(histograms({ queue: cut }))).toEqual({ histograms: 0.5 });
  });

  test("samples add up to the totals, each of them", () => {
    const { told } = sound;
    for (const [name, change] of Object.entries({ offered: 4, processed: 2, dropped: 1, measured: 5 }))
      expect([name, found({ told: { ...told, [name]: change } })]).toEqual([name, { series: name === "measured" ? 2 : 1 }]);
    expect(found({ told: { ...told, offered: 3.4 } })).toEqual({});
    expect(found({ told: { ...told, offered: 3.5 } })).toEqual({ series: 0.5 });
  });

  test("what was dropped is in the samples, from either end of the line", () => {
    const dropped = { ...ledger({ scheduled: 6, dropped: { newest: 1, oldest: 2 } }), told: { ...sound.told, offered: 6, dropped: 3 } };
    expect(found(dropped)).toEqual({});
  });

  test("what failed is in the histograms too, and in the samples", () => {
    expect(found({ ...counts({ measured: 2, measuredFailed: 1 }) })).toEqual({});
  });

  test("a mean depth is no more than the highest", () => {
    expect(found({ queue: { meanDepth: 1, highWater: 1 } })).toEqual({});
    expect(found({ queue: { meanDepth: 1.5, highWater: 1 } })).toEqual({ highWater: -0.5 });
  });

  test("as many leave as came after warm-up", () => {
    expect(found({ arrivals: 4 })).toMatchObject({ departures: 1 });
    expect(found({ arrivals: 2 })).toMatchObject({ departures: -1 });
  });

  test("Little's law holds to a thousandth", () => {
    expect(found(counts({ leftInstants: 7.501 * SECOND }))).toEqual({});
    expect(found(counts({ leftInstants: 7.502 * SECOND }))).toEqual({ littlesLaw: expect.closeTo(0.002 / 1.502, 9) });
  });

  test("every request that went out came to one end, at one host, for one cause", () => {
    expect(found(requests({ attempts: 5 }))).toEqual({ attempts: 1 });
    expect(found(requests({ byStatus: { "200": 1 } }))).toEqual({ attempts: 2 });
    expect(found(requests({ byHost: {} }))).toEqual({ attempts: 4 });
    expect(found(requests({ byCause: { first: 3, retries: 2, redirects: 2, resent: 0, parents: 0 } }))).toEqual({ attempts: 3 });
    expect(selfChecks({ ...sound, requests: null }).map(({ name }) => name)).not.toContain("attempts");
  });

  test("levels over time are what items waited, and were at work", () => {
    expect(found({ levels: { waiting: 0.5 * SECOND, inFlight: 0.9 * SECOND } })).toEqual({ waiting: expect.closeTo(0.1, 9) });
    expect(found({ levels: { waiting: 0.45 * SECOND, inFlight: 1.8 * SECOND } })).toEqual({ inFlight: expect.closeTo(0.5, 9) });
    expect(found({ waitsIn: "schedule", levels: { waiting: 0.15 * SECOND, inFlight: 0.9 * SECOND } })).toEqual({});
    expect(selfChecks({ ...sound, levels: null }).map(({ name }) => name)).not.toContain("waiting");
  });

  test("of a run that lost a thread, departures and Little's law say nothing", () => {
    const names = selfChecks({ ...sound, lost: 1 }).map(({ name }) => name);
    expect(names).not.toContain("departures");
    expect(names).not.toContain("littlesLaw");
    expect(names).not.toContain("attempts");
    expect(found({ lost: 1, told: { ...sound.told, measured: 9 } })).toEqual({});
  });
});

describe("Little's law", () => {
  test("L is the time integral of those inside, λW arrivals by how long they stayed", () => {
    expect(littlesLaw(sound)).toEqual({
      meanInSystem: expect.closeTo(0.15, 12),
      lambdaTimesW: expect.closeTo(0.15, 12),
      relativeError: expect.closeTo(0, 9),
    });
  });

  test("is over the time after warm-up", () => {
    expect(littlesLaw({ ...sound, from: 5 * SECOND }).meanInSystem).toBeCloseTo(0.3, 12);
    expect(littlesLaw({ ...sound, from: 5 * SECOND }).lambdaTimesW).toBeCloseTo(0.3, 12);
  });

  test("counts those that are in no histogram by the time they were inside", () => {
    const others = counts({ left: 4, leftInstants: 12.5 * SECOND, others: 1, othersInside: SECOND });
    const { meanInSystem, lambdaTimesW } = littlesLaw({ ...sound, ...others, arrivals: 4, arrivalArea: 30 * SECOND });
    expect(meanInSystem).toBeCloseTo(0.25, 12);
    expect(lambdaTimesW).toBeCloseTo(0.25, 12);
  });

  test("of nothing is off by nothing", () => {
    const empty = { ...histograms({ sojourn: new Histogram() }), ...counts({ left: 0, leftInstants: 0 }), arrivals: 0, arrivalArea: 0 };
    expect(littlesLaw({ ...sound, ...empty })).toEqual({ meanInSystem: 0, lambdaTimesW: 0, relativeError: 0 });
  });
});

describe("what a check finds is told", () => {
  const told = (name: SelfCheck["name"], figure: number) => problemOf({ name, ok: false, figure }, sound);

  test("of the ledger by whether items are missing or too many", () => {
    expect(told("ledger", 2)).toBe("The ledger does not balance: 2 of 3 items are unaccounted for.");
    expect(told("ledger", -2)).toBe("The ledger does not balance: 2 items more went than the 3 that came.");
  });

  test("of departures by whether fewer or more left", () => {
    expect(told("departures", 1)).toStartWith("1 item fewer left than came after warm-up");
    expect(told("departures", -1)).toStartWith("1 item more left than came after warm-up");
  });

  test("of shares in percent", () => {
    for (const name of ["littlesLaw", "parts", "histograms", "waiting", "inFlight"] as const) expect(told(name, 0.25)).toContain("by 25 %");
  });
});
