import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { keptUp, RateSearch } from "../../../src/engine/rates.ts";
import { Random } from "../../../src/kernel/random.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import type { CaseResult, Sample } from "../../../src/telemetry/result.ts";
import { rateLine } from "../../../src/views/report/closing.ts";
import { caseResult } from "../../support/results.ts";
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
    expect(line([[100, false]])).toBe("rate: none held every time, none from 100/s on (1 trial)");
    expect(line([[100, true]])).toBe("rate: all held up to 100/s, there is none from which on none did (1 trial)");
    const sometimes: [number, boolean][] = [
      [100, true],
      [125, false],
      [110, true],
      [110, false],
    ];
    expect(line(sometimes)).toBe("rate: all held up to 100/s, none from 125/s on; between them 1 of 2 held (4 trials)");
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
