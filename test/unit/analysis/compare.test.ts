import { describe, expect, test } from "bun:test";
import { compareResults, differencesOf, type FigureComparison } from "../../../src/analysis/compare.ts";
import { RankEstimate } from "../../../src/analysis/estimate.ts";
import { type ComparedFigure, figureOf, HEADLINE_FIGURES } from "../../../src/analysis/figures.ts";
import type { CaseResult, CaseStatus, RunResult } from "../../../src/telemetry/result.ts";
import { caseResult, runResult } from "../../support/results.ts";

interface Repeat {
  readonly throughput: number;
  readonly dropped?: number;
  readonly status?: CaseStatus;
  readonly repeat?: number;
  readonly hash?: string;
  readonly mode?: "sync" | "async";
}

function repeated({ throughput, dropped = 0, status = "completed", repeat, hash = "t", mode = "sync" }: Repeat): CaseResult {
  const one = caseResult({ mode, dropped, status });
  return { ...one, throughput, tape: { hash, count: 100 }, ...(repeat === undefined ? {} : { repeat }) };
}

const named = (name: string, cases: readonly CaseResult[]) => ({ name, result: { ...runResult([]), cases } as RunResult });
const rounds = (values: readonly number[], more: Partial<Repeat> = {}) =>
  values.map((throughput, repeat) => repeated({ throughput, repeat, ...more }));

const figures = (...names: readonly string[]): ComparedFigure[] => names.map((name) => figureOf(name) ?? expect.unreachable());
const THROUGHPUT = figures("throughput");
const FIVE = figures(...HEADLINE_FIGURES);
const one = (comparisons: readonly FigureComparison[], metric = "throughput") =>
  comparisons.find((row) => row.metric === metric) ?? expect.unreachable();

/** Rounds that are unlike one another, and alike in both arms. */
const BASE = [100, 140, 90, 200, 120, 160, 80, 110];
/** What a round of B differs in beside the change, as a share. */
const NOISE = [0.001, -0.002, 0.003, -0.001, 0.002, 0, -0.003, 0.0015];
const changed = (by: number) => BASE.map((value, i) => value * by * (1 + (NOISE[i] ?? 0)));

describe("two results", () => {
  test("with the same repeats are compared in pairs, which what rounds have in common does not disturb", () => {
    const {
      paired,
      rounds: count,
      comparisons,
      valid,
    } = compareResults(named("a", rounds(BASE)), named("b", rounds(changed(0.95))), THROUGHPUT);
    const row = one(comparisons);
    expect([paired, count, valid, row.verdict, row.better, row.roundsNeeded]).toEqual([true, 8, true, "worse", "more", null]);
    const interval = RankEstimate.ofPairs(NOISE.map((noise) => Math.log(0.95 * (1 + noise)))).interval(0.95) ?? expect.unreachable();
    expect([row.low, row.high]).toEqual([Math.exp(interval.low), Math.exp(interval.high)].map((bound) => expect.closeTo(bound, 12)));
    expect(row.level).toBeCloseTo(0.961, 3);
    expect(row.ratio).toBeCloseTo(0.95, 3);
    expect(row.smallestDetectable).toBeCloseTo(((row.high ?? 0) - (row.low ?? 0)) / 2, 12);
    expect(one(compareResults(named("b", rounds(changed(0.95))), named("a", rounds(BASE)), THROUGHPUT).comparisons).verdict).toBe("better");
    expect(one(compareResults(named("a", rounds(BASE)), named("a", rounds(changed(1))), THROUGHPUT).comparisons).verdict).toBe("same");
  });

  test("with other repeats or on other tapes are compared as two samples", () => {
    for (const b of [rounds(changed(0.95)).slice(1), rounds(changed(0.95), { hash: "other" })]) {
      const { paired, comparisons } = compareResults(named("a", rounds(BASE)), named("b", b), THROUGHPUT);
      const row = one(comparisons);
      expect([paired, row.verdict, row.rounds]).toEqual([false, "cannot tell", b.length]);
      expect(row.roundsNeeded).toBeGreaterThan(b.length);
    }
    const low = rounds([100, 101, 99, 100.5, 100.2]);
    const high = rounds([150, 151, 149, 150.5, 150.2, 150.1]);
    expect(one(compareResults(named("a", low), named("b", high), THROUGHPUT).comparisons).verdict).toBe("better");
  });

  test("give no verdict on a throughput that the arrivals of an open load set, and other figures for information", () => {
    const paced = (executor: string, rate: number, by = 1) =>
      BASE.map((_, repeat) => {
        const each = repeated({ throughput: rate * by, repeat });
        return { ...each, offeredRate: rate, load: { executor, gracefulStopMs: 0, lastMs: 1000 } };
      });
    const of = (a: readonly CaseResult[], b: readonly CaseResult[]) => compareResults(named("a", a), named("b", b), FIVE);
    const open = of(paced("constant-arrival-rate", 100), paced("constant-arrival-rate", 100));
    expect(open.comparisons.map(({ metric }) => metric)).not.toContain("throughput");
    expect(open.information).toMatchObject([
      { metric: "throughput", a: 100, b: 100, ratio: 1, why: expect.stringContaining("set by its arrivals") },
    ]);
    const behind = of(paced("constant-arrival-rate", 100), paced("constant-arrival-rate", 100, 0.8));
    expect(one(behind.comparisons).verdict).toBe("worse");
    expect(one(of(paced("constant-vus", 100), paced("constant-vus", 100)).comparisons).verdict).toBe("same");
    const beside = compareResults(named("a", rounds(BASE)), named("b", rounds(changed(0.95))), figures("sojourn_mean"), {
      ...{ margin: 0.01, marginFrom: "default", beside: THROUGHPUT },
    });
    expect(beside.information).toMatchObject([{ metric: "throughput", ratio: expect.closeTo(0.95, 2), why: expect.any(String) }]);
    expect(beside.comparisons).toHaveLength(1);
  });

  test("have a margin of their own where a figure's noise is greater", () => {
    const floorOf = (_: unknown, figure: string) => (figure === "throughput" ? 0.08 : 0.001);
    const options = { margin: 0.01, marginFrom: "default", floorOf } as const;
    const { margin, marginFrom, comparisons } = compareResults(named("a", rounds(BASE)), named("b", rounds(changed(0.95))), FIVE, options);
    expect([margin, marginFrom]).toEqual([0.08, "floor"]);
    expect(one(comparisons)).toMatchObject({ margin: 0.08, marginFrom: "floor", verdict: "same" });
    expect(one(comparisons, "sojourn_mean")).toMatchObject({ margin: 0.01, marginFrom: "default" });
  });

  test("on other tapes say so where their rounds are alike", () => {
    const { notes } = compareResults(named("a", rounds(BASE)), named("b", rounds(BASE, { hash: "other" })), THROUGHPUT);
    expect(notes).toEqual(["A and B have other arrivals: not compared in pairs"]);
  });

  test("a single run of each cannot tell, however much they differ, and six rounds would", () => {
    const [a, b] = [repeated({ throughput: 100 }), repeated({ throughput: 10 })];
    const { paired, rounds: count, comparisons } = compareResults(named("a", [a]), named("b", [b]), THROUGHPUT);
    const { verdict, low, high, ratio, smallestDetectable, roundsNeeded, ...row } = one(comparisons);
    expect([paired, count, verdict, low, high, smallestDetectable, roundsNeeded]).toEqual([false, 1, "cannot tell", null, null, null, 6]);
    expect([row.a, row.b, ratio]).toEqual([100, 10, expect.closeTo(0.1, 12)]);
  });

  test("many rounds against a single one cannot tell either", () => {
    const b = [repeated({ throughput: 10, repeat: 0 })];
    const fifty = rounds(Array.from({ length: 50 }, (_, i) => 100 + i));
    expect(one(compareResults(named("a", fifty), named("b", b), THROUGHPUT).comparisons)).toMatchObject({
      verdict: "cannot tell",
      low: null,
      high: null,
    });
  });

  test("a round that failed on one side is left out on both, and the comparison is not valid", () => {
    const b = rounds(changed(0.95)).map((each, i) => (i === 3 ? { ...each, status: "invalid" as const, throughput: 1 } : each));
    const { valid, rounds: count, comparisons, notes } = compareResults(named("a", rounds(BASE)), named("b", b), THROUGHPUT);
    expect([valid, count, one(comparisons).verdict, notes]).toEqual([false, 7, "worse", ["B: left out 1 invalid case"]]);
  });

  test("several figures of a case share the level, so that six rounds are too few for all of them", () => {
    const six = (of: readonly number[]) => rounds(of.slice(0, 6)).map((each, i) => varied(each, i));
    const [a, b] = [six(BASE), six(changed(0.5))];
    expect(one(compareResults(named("a", a), named("b", b), THROUGHPUT).comparisons).verdict).toBe("worse");
    const row = one(compareResults(named("a", a), named("b", b), FIVE).comparisons);
    // Four figures vary: 0.05/4 needs 2/2ⁿ ≤ 0.0125, eight pairs.
    expect([row.verdict, row.low, row.roundsNeeded]).toEqual(["cannot tell", null, 8]);
    const eight = (of: readonly number[]) => rounds(of).map((each, i) => varied(each, i));
    expect(one(compareResults(named("a", eight(BASE)), named("b", eight(changed(0.5))), FIVE).comparisons).verdict).toBe("worse");
  });

  /** With latencies of its own. */
  function varied(each: CaseResult, i: number): CaseResult {
    const { sojourn, service } = each.latency;
    const own = { ...sojourn, mean: 5 + i / 10, p99: 7 + i };
    return { ...each, latency: { ...each.latency, sojourn: own, service: { ...service, mean: 3 + i / 10 } } };
  }

  test("numbers of items that are 0 on both sides are the same, and from 0 to many is worse", () => {
    const none = rounds(BASE);
    const dropping = rounds(BASE, { dropped: 9 });
    const rowOf = (b: readonly CaseResult[]) =>
      one(compareResults(named("a", none), named("b", b), figures("dropped")).comparisons, "dropped");
    expect(rowOf(rounds(BASE))).toMatchObject({ a: 0, b: 0, ratio: 1, low: 1, high: 1, verdict: "same" });
    expect(rowOf(dropping)).toMatchObject({ a: 0, b: 9, ratio: expect.closeTo(19, 9), verdict: "worse" });
  });

  test("what was not measured has no figures and no verdict", () => {
    const bare = (cases: readonly CaseResult[]) =>
      cases.map((each) => ({ ...each, latency: { ...each.latency, sojourn: { ...each.latency.sojourn, count: 10, p99: null } } }));
    const [a, b] = [bare(rounds(BASE)), bare(rounds(BASE))];
    const row = one(compareResults(named("a", a), named("b", b), figures("sojourn_p99")).comparisons, "sojourn_p99");
    expect([row.a, row.b, row.ratio, row.low, row.verdict]).toEqual([null, null, null, null, "cannot tell"]);
  });

  test("a case whose arrival rate was changed by hand is left out, and told", () => {
    const b = rounds(changed(0.5)).map((each) => ({ ...each, rateChanges: [{ atMs: 5, rate: 100 }] }));
    const { comparisons, notes } = compareResults(named("a", rounds(BASE)), named("b", b), THROUGHPUT);
    expect(one(comparisons).verdict).toBe("cannot tell");
    expect(notes).toContain("B: left out 8 cases whose arrival rate was changed by hand");
  });

  test("a round in which one side was not measured is left out on both", () => {
    const b = rounds(changed(0.95)).map((each, i) => (i === 2 ? { ...each, ledger: { ...each.ledger, scheduled: 0 } } : each));
    const row = one(compareResults(named("a", rounds(BASE)), named("b", b), THROUGHPUT).comparisons);
    expect([row.rounds, row.verdict, row.ratio]).toEqual([7, "worse", expect.closeTo(0.95, 2)]);
  });

  test("rounds are matched by their number, and cases by the values of their parameters, in whatever order they stand", () => {
    const b = rounds(changed(0.95)).toReversed();
    const { paired, comparisons } = compareResults(named("a", rounds(BASE)), named("b", b), THROUGHPUT);
    expect([paired, one(comparisons).verdict]).toEqual([true, "worse"]);
    const at = (params: CaseResult["params"]) => rounds(BASE).map((each) => ({ ...each, params }));
    const swept = compareResults(named("a", at({ x: 1, y: 2 })), named("b", at({ y: 2, x: 1 })), THROUGHPUT);
    expect([swept.comparisons.length, swept.notes]).toEqual([1, []]);
  });

  test("two single runs share the level among all figures, the equal ones too", () => {
    const single = named("a", [varied(repeated({ throughput: 100 }), 0)]);
    expect(one(compareResults(single, single, FIVE).comparisons, "dropped").roundsNeeded).toBe(8);
  });

  test("failed cases, other programs and a run that has not finished are said", () => {
    const disturbed = {
      ...repeated({ throughput: 100, repeat: 1 }),
      disturbed: { otherCores: 1, stealMs: 0, calibrationOff: 0, reason: "" },
    };
    const a = [repeated({ throughput: 100, repeat: 0, status: "failed" }), disturbed];
    const b = { name: "b", result: { ...named("b", rounds([100, 100])).result, unfinished: { planned: 9 } } };
    const { valid, notes } = compareResults(named("a", a), b, THROUGHPUT);
    expect([valid, notes]).toEqual([
      false,
      ["A: left out 1 failed case", "A: 1 of 2 cases disturbed by other programs", "B has not finished: 2 of 9 cases done"],
    ]);
  });

  test("cases of one side alone are not compared, and said", () => {
    const more = [...rounds(BASE), ...rounds(BASE, { mode: "async" })];
    const { comparisons, notes } = compareResults(named("a", more), named("b", rounds(BASE)), THROUGHPUT);
    expect([comparisons.length, notes]).toEqual([1, ["1 case only in A: not compared"]]);
  });
});

test("chance alone is called a change in fewer than one comparison of twenty, and mostly in none", () => {
  // The same program twice: rounds scatter by 1 % on each side.
  let called = 0;
  let state = 1;
  const unit = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const scattered = () => BASE.map((value) => value * (1 + 0.01 * (unit() + unit() + unit() + unit() - 2) * Math.sqrt(3)));
  for (let i = 0; i < 400; i++) {
    const { comparisons } = compareResults(named("a", rounds(scattered())), named("b", rounds(scattered())), THROUGHPUT, {
      margin: 0,
      marginFrom: "flag",
    });
    if (/better|worse/.test(one(comparisons).verdict)) called++;
  }
  expect(called / 400).toBeLessThan(0.06);
  expect(called).toBeGreaterThan(0);
});

test("what makes two results unlike is told, one sentence each", () => {
  const a = runResult([]);
  const b: RunResult = {
    ...a,
    labVersion: "9.9.9",
    scenario: { ...a.scenario, seed: 77, hash: "other" },
    machine: { ...a.machine, cpu: "Other", cores: 64 },
  };
  expect(differencesOf(a, a)).toEqual([]);
  expect(differencesOf(a, b).map((told) => told.split(" ").slice(0, 4).join(" "))).toEqual([
    `the scenario ${a.scenario.name} differs`,
    "the seed differs: A",
    "the machine differs: A",
    "the number of cores",
    "the version of lab-tui",
  ]);
  expect(differencesOf(a, { ...a, scenario: { ...a.scenario, name: "else" } })).toHaveLength(1);
});

test("figures are metrics with a better side, and numbers of distributions", () => {
  for (const name of [...HEADLINE_FIGURES, "sojourn_p50", "queue_p95", "cpu", "failed", "high_water"])
    expect(figureOf(name)?.name).toBe(name);
  for (const name of ["offered_rate", "sojourn_ms", "nothing", "throughput_mean", "", "constructor"]) expect(figureOf(name)).toBeNull();
});
