import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { atRate, keptUp, RateSearch, tooShort } from "../../../src/engine/rates.ts";
import { Random } from "../../../src/kernel/random.ts";
import { keyShares, workerName } from "../../../src/load/keys.ts";
import { openTape } from "../../../src/load/open.ts";
import { ServiceTimes } from "../../../src/load/service-times.ts";
import { Arrival } from "../../../src/load/tape.ts";
import type { CasePlan } from "../../../src/plan/plan.ts";
import { type Scenario, scenarioSchema } from "../../../src/scenario/schema.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import type { Sample } from "../../../src/telemetry/sample.ts";
import { rateLine } from "../../../src/views/report/closing.ts";
import { shardOfName } from "../../../src/workloads/message/intake.ts";
import { patience, rounds } from "../../support/campaign.ts";
import { caseResult } from "../../support/results.ts";
import { runVirtually } from "../../support/virtual-run.ts";
import { planOf } from "../../support/virtual-setup.ts";

const limits = fc.double({ min: 1, max: 1e6, noNaN: true });
const starts = fc.double({ min: 0.3, max: 2, noNaN: true });

function searched(start: number, holds: (rate: number) => boolean): RateSearch {
  const search = new RateSearch(start);
  for (let rate = search.next; rate !== null; rate = search.next) search.tried(rate, holds(rate));
  return search;
}

describe("the search for the highest rate", () => {
  test("finds any limit to within 5 %, from any start near it, and tries both ends three times", () => {
    fc.assert(
      fc.property(limits, starts, (limit, off) => {
        const search = searched(limit * off, (rate) => rate <= limit);
        expect(search.low).toBeLessThanOrEqual(limit);
        expect(search.high).toBeGreaterThan(limit);
        expect(search.high / search.low).toBeLessThanOrEqual(1.06);
        expect([search.timesTried(search.low), search.timesTried(search.high)]).toEqual([3, 3]);
        expect(search.trials.length).toBeLessThanOrEqual(16);
        expect(search.figures()).toMatchObject({ asked: "max", resolved: search.low });
      }),
    );
  });

  test("where a rate holds only sometimes it says between which two, however the trials come out", () => {
    fc.assert(
      fc.property(limits, starts, fc.integer(), fc.double({ min: 0.01, max: 0.3, noNaN: true }), (limit, off, seed, width) => {
        const random = new Random(seed, "trials");
        const { low, high, trials } = searched(limit * off, (rate) => random.unit() < 1 / (1 + Math.exp((rate / limit - 1) / width)));
        expect(trials.length).toBeLessThanOrEqual(20);
        expect(low).toBeLessThan(high);
        for (const { rate, ok } of trials) {
          if (rate <= low) expect(ok).toBe(true);
          if (rate >= high) expect(ok).toBe(false);
        }
      }),
    );
  });

  test("the wider it is unsure, the wider what it says", () => {
    const spread = (width: number) => {
      const random = new Random(1, "trials");
      const all = Array.from({ length: 200 }, () => searched(100, (rate) => random.unit() < 1 / (1 + Math.exp((rate / 100 - 1) / width))));
      return all.reduce((sum, { low, high }) => sum + Math.log(high / low), 0) / all.length;
    };
    expect(spread(0.001)).toBeLessThan(0.05);
    expect(spread(0.05)).toBeGreaterThan(2 * spread(0.01));
  });

  test("is told in a line, whatever came of it", () => {
    const line = (trials: readonly [number, boolean][]) => {
      const search = new RateSearch(100);
      for (const [rate, ok] of trials) search.tried(rate, ok);
      return rateLine(search.figures());
    };
    expect(line([])).toBe("rate: no rate was tried to its end");
    expect(line([[100, false]])).toBe("rate: none held, none from 100/s on (1 trial)");
    expect(line([[100, true]])).toBe("rate: held up to 100/s, there is none from which on none did (1 trial)");
    const sometimes: [number, boolean][] = [
      [100, true],
      [125, false],
      [110, true],
      [110, false],
    ];
    expect(line(sometimes)).toBe("rate: held up to 100/s, none from 125/s on; between them 1 of 2 held (4 trials)");
  });
});

describe("a rate holds", () => {
  const load = { executor: "constant-arrival-rate", rate: 100, duration: "3s" };
  const plan = planOf(scenarioSchema.parse({ title: "x", load }), "sync");
  const settled = caseResult({ mode: "sync" });
  /** Messages take `p50` at each tenth of a second; those of the last second come after the load. */
  const taking = (p50: (second: number) => number, p99 = (second: number) => 2 * p50(second)): CaseResult => {
    const [sample] = settled.series;
    const series = Array.from(
      { length: 40 },
      (_, i): Sample => ({ ...(sample as Sample), t: (i + 1) * 100, processed: 100, p50: p50(i / 10), p99: p99(i / 10) }),
    );
    return { ...settled, series };
  };

  test("where messages take as long in the end as before, the line still being filled at first", () => {
    expect(
      keptUp(
        taking(() => 50),
        plan,
      ),
    ).toBe(true);
    expect(
      keptUp(
        taking((second) => Math.min(1, second) * 300),
        plan,
      ),
    ).toBe(true);
    expect(
      keptUp(
        taking((second) => (second > 3 ? 500 : 5)),
        plan,
      ),
    ).toBe(true);
    // A longer line every other sample, as batches make it.
    expect(
      keptUp(
        taking((second) => 200 + (Math.round(second * 10) % 2) * 100),
        plan,
      ),
    ).toBe(true);
  });

  test("not where more than a hundredth of requests fail, unless a threshold says how many may", () => {
    const asked = (thresholds: object) =>
      planOf(scenarioSchema.parse({ title: "x", workload: "fetch", load, thresholds, fetch: { target: { mock: {} } } }), "async");
    const failing = (failed: number) => {
      const one = taking(() => 50);
      const { scheduled } = one.ledger;
      return { ...one, ledger: { ...one.ledger, processed: scheduled - failed, failed } };
    };
    const { scheduled } = taking(() => 50).ledger;
    expect(keptUp(failing(Math.floor(0.01 * scheduled)), asked({}))).toBe(true);
    expect(keptUp(failing(Math.ceil(0.02 * scheduled)), asked({}))).toBe(false);
    for (const thresholds of [{ failed: ["rate<0.1"] }, { fetch_ok: ["rate>0.9"] }])
      expect(keptUp(failing(Math.ceil(0.02 * scheduled)), asked(thresholds))).toBe(true);
  });

  test("not where the line grows by two in a hundred, and not where a hundredth is lost", () => {
    expect(
      keptUp(
        taking((second) => 5 + second * 20),
        plan,
      ),
    ).toBe(false);
    // The line of one thread among many: the slowest wait longer and longer, half of them do not.
    const half = () => 5;
    expect(
      keptUp(
        taking(half, (second) => 20 + second * 50),
        plan,
      ),
    ).toBe(false);
    expect(
      keptUp(
        taking(half, (second) => 100 + (Math.round(second * 10) % 3) * 60),
        plan,
      ),
    ).toBe(true);
    const { ledger } = settled;
    const lost = Math.ceil(ledger.processed * 0.02);
    const losing = { ...ledger, processed: ledger.processed - lost, dropped: { newest: lost, oldest: 0 } };
    expect(keptUp({ ...taking(() => 5), ledger: losing }, plan)).toBe(false);
    expect(keptUp({ ...taking(() => 5), ledger: { ...ledger, unfinished: 1 } }, plan)).toBe(false);
    expect(keptUp({ ...taking(() => 5), status: "aborted" }, plan)).toBe(false);
  });
});

describe("the range of a search", () => {
  const sleeping = (distribution: string, more: object = {}) => ({ kind: "sleep", time: "5ms", distribution, ...more });
  const CASES = [
    ["sync", { work: sleeping("constant") }, "uniform", 200],
    ["sync", { work: sleeping("constant") }, "poisson", 200],
    ["sync", { work: sleeping("exponential") }, "poisson", 200],
    ["sync", { work: sleeping("lognormal", { cv: 3 }) }, "poisson", 200],
    ["async", { work: { ...sleeping("exponential"), kind: "io" }, keys: { count: 10_000 }, async: { concurrency: 4 } }, "poisson", 800],
  ] as const;
  const scenarioOf = (change: object, arrivals: string, seed: number, duration = "5s") =>
    scenarioSchema.parse({ title: "x", seed, ...change, load: { executor: "constant-arrival-rate", rate: "max", duration, arrivals } });

  /** Searches as a run does, each trial on a virtual clock. */
  async function searchFrom(start: number, plan: CasePlan): Promise<RateSearch> {
    const { mode, workers } = plan;
    const search = new RateSearch(start);
    for (let rate = search.next; rate !== null; rate = search.next) {
      const trial = atRate(plan, rate, search.timesTried(rate));
      const { result, samples: series } = await runVirtually(trial.scenario, mode, { workers, cores: workers });
      search.tried(rate, keptUp({ ...caseResult({ mode }), ...result, series }, trial));
    }
    return search;
  }

  test(
    "holds what can be done in nine seeds of ten, whatever is drawn and wherever it begins",
    async () => {
      const random = new Random(1, "starts");
      const seeds = rounds(2, 40);
      let held = 0;
      for (const [mode, change, arrivals, capacity] of CASES)
        for (let seed = 1; seed <= seeds; seed++) {
          const plan = planOf(scenarioOf(change, arrivals, seed), mode);
          const search = await searchFrom(capacity * (0.8 + 0.4 * random.unit()), plan);
          const { low = 0, high } = search.figures();
          if (low <= capacity && (high ?? 0) >= capacity) held++;
          expect(search.trials.length).toBeLessThan(20);
          // Of the tape that varies most a third more than can be done is told.
          expect((high ?? Number.POSITIVE_INFINITY) / capacity).toBeLessThan(1.4);
        }
      expect(held / (seeds * CASES.length)).toBeGreaterThanOrEqual(0.9);
    },
    patience(60_000),
  );

  const each = (ms: number) => ({ work: { ...sleeping("exponential"), time: `${ms}ms` } });
  /** What one thread does a second at most, and the keys that are dealt to Workers. */
  const WORKERS: readonly {
    readonly change: object;
    readonly arrivals: string;
    readonly alone: number;
    readonly workers: number;
    readonly keys: object;
  }[] = [
    { change: each(5), arrivals: "poisson", alone: 200, workers: 4, keys: { count: 1000 } },
    // One of four has nearly half of the messages.
    { change: each(5), arrivals: "poisson", alone: 200, workers: 4, keys: { count: 9 } },
    { change: each(5), arrivals: "poisson", alone: 200, workers: 2, keys: { count: 20, distribution: "zipf", exponent: 1 } },
    {
      change: { work: sleeping("constant") },
      arrivals: "uniform",
      alone: 200,
      workers: 2,
      keys: { count: 9, distribution: "round-robin" },
    },
    { change: { ...each(5), batch: { size: 10, timeout: "20ms" } }, arrivals: "poisson", alone: 200, workers: 2, keys: { count: 1000 } },
    {
      change: { work: { ...sleeping("exponential"), kind: "io" }, async: { concurrency: 4 } },
      ...{ arrivals: "poisson", alone: 800, workers: 2, keys: { count: 10_000 } },
    },
    { change: { work: sleeping("constant") }, arrivals: "uniform", alone: 200, workers: 2, keys: { count: 1000 } },
  ];

  /** The share of all messages that the busiest Worker gets. */
  function busiestShare(workers: number, keys: Scenario["keys"]): number {
    const shares = new Float64Array(workers);
    keyShares(keys).forEach((share, key) => {
      const shard = shardOfName(workerName(key), workers);
      shares[shard] = (shares[shard] ?? 0) + share;
    });
    return Math.max(...shares);
  }

  test(
    "holds it of Workers too, with keys that are dealt evenly or not, in batches and side by side",
    async () => {
      const random = new Random(2, "starts");
      const searches = rounds(4, 140);
      const missed: string[] = [];
      for (let i = 0; i < searches; i++) {
        const { change, arrivals, alone, workers, keys } = WORKERS[i % WORKERS.length] as (typeof WORKERS)[number];
        const scenario = scenarioOf({ ...change, keys, parallel: { workers } }, arrivals, 1 + i, "3s");
        const capacity = alone / busiestShare(workers, scenario.keys);
        const search = await searchFrom(capacity * (0.8 + 0.4 * random.unit()), planOf(scenario, "parallel"));
        const { low = 0, high } = search.figures();
        const range = `${(low / capacity).toFixed(3)} to ${((high ?? Number.POSITIVE_INFINITY) / capacity).toFixed(3)}`;
        if (low > capacity || (high ?? 0) < capacity) missed.push(`${JSON.stringify({ ...change, workers, keys, seed: 1 + i })}: ${range}`);
        expect(search.trials.length).toBeLessThan(20);
        // A trial of 3 s brings less than one of 5 s, and the busiest Worker a part of it: √(5/3) as much is left to chance.
        expect((high ?? Number.POSITIVE_INFINITY) / capacity).toBeLessThan(1.5);
      }
      expect(missed.slice(Math.floor(0.1 * searches))).toEqual([]);
    },
    patience(60_000),
  );

  test("has trials whose tapes bring the work that the rate promises, each its own", () => {
    const plan = planOf(scenarioOf({ work: sleeping("lognormal", { cv: 3 }) }, "poisson", 7), "sync");
    const tapes = [0, 1, 2].map((times) => atRate(plan, 190, times));
    for (const { scenario } of tapes) {
      const times = new ServiceTimes(scenario.work, scenario.seed);
      const tape = openTape(scenario, () => null);
      const arrival = new Arrival();
      let work = 0;
      while (tape.next(arrival)) work += times.next() / 1e9;
      expect(Math.abs(work / 5 / (190 * 0.005) - 1)).toBeLessThan(0.0026);
    }
    expect(new Set(tapes.map(({ scenario }) => scenario.seed)).size).toBe(3);
    expect(atRate(plan, 190, 1)).toEqual(atRate(plan, 190, 1));
    // A rate that is not looked for comes on the arrivals that were asked for.
    const share = { ...plan, scenario: { ...plan.scenario, load: { ...plan.scenario.load, rate: "80%" } } } as CasePlan;
    expect(atRate(share, 160).scenario).toMatchObject({ seed: 7, load: { rate: 160 } });
  });

  test("is said to need longer trials where chance decides", () => {
    const at = (change: object, arrivals: string) => tooShort(atRate(planOf(scenarioOf(change, arrivals, 1), "sync"), 200));
    expect(at({ work: sleeping("constant") }, "uniform")).toBeNull();
    expect(at({ work: sleeping("lognormal", { cv: 3 }) }, "poisson")).toBe(
      "A trial of 5.00 s brings 1.00 k messages, and by chance alone its line may end as if the rate were 16 % higher: rates closer to each other cannot be told apart. With a load.duration of 53.1 s they could to 5 %.",
    );
  });
});
