import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type JudgedRun, judgeHypotheses } from "../../../src/analysis/hypotheses.ts";
import { parseExpectation } from "../../../src/scenario/expectation.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { rounds } from "../../support/campaign.ts";
import { caseResult } from "../../support/results.ts";

type Sketch = Parameters<typeof caseResult>[0] & { readonly params?: CaseResult["params"] };

/** A run of these cases; the points of its sweep are those of the cases, and any that were not run. */
function ran(sketches: readonly Sketch[], unrun: readonly CaseResult["params"][] = []): JudgedRun {
  const cases = sketches.map(({ params = {}, ...sketch }) => ({ ...caseResult(sketch), params }));
  return { cases, points: [...cases.map(({ params }) => params), ...unrun], cores: 2 };
}

function judged(that: string, sketches: readonly Sketch[], unrun: readonly CaseResult["params"][] = []) {
  const hypothesis = judgeHypotheses([{ that }], ran(sketches, unrun))[0];
  if (hypothesis === undefined) throw new Error("unreachable");
  return hypothesis;
}

const THREE: readonly Sketch[] = [
  { mode: "sync", processed: 100 },
  { mode: "parallel", processed: 190 },
];

describe("a hypothesis is judged by the figures it speaks of", () => {
  test("it holds where the comparison does", () => {
    expect(judged("parallel.throughput > 1.8 * sync.throughput", THREE).ok).toBe(true);
  });

  test("it does not where the comparison does not", () => {
    expect(judged("parallel.throughput > 1.9 * sync.throughput", THREE).ok).toBe(false);
  });

  test("the figures that went in are in the result, by name", () => {
    expect(judged("parallel.throughput > 1.8 * sync.throughput", THREE).figures).toEqual({
      "parallel.throughput": 190,
      "sync.throughput": 100,
    });
  });

  test("the comparison is told with its figures put in, and what a side comes to", () => {
    expect(judged("parallel.throughput > (1.8 - 0.3) * sync.throughput", THREE).reading).toBe(
      "parallel.throughput (190) > (1.8 - 0.3) * sync.throughput (100) = 150",
    );
  });

  test("in as many digits as show why it holds or not, and no more", () => {
    const near = [
      { mode: "sync", processed: 100_004 },
      { mode: "parallel", processed: 100_001 },
    ] as const;
    expect(judged("sync.throughput > parallel.throughput", near).reading).toBe("sync.throughput (100004) > parallel.throughput (100001)");
    expect(judged("sync.throughput == parallel.throughput", near).reading).toBe("sync.throughput (100004) == parallel.throughput (100001)");
    expect(judged("sync.throughput ~ parallel.throughput", near).reading).toBe("sync.throughput (100000) ~ parallel.throughput (100000)");
  });

  test("the sentence is its reason where it has one", () => {
    expect(judgeHypotheses([{ that: "sync.throughput > 1", because: "It runs." }], ran(THREE))[0]?.sentence).toBe("It runs.");
  });

  test("the machine's cores are a figure too", () => {
    expect(judged("sync.throughput == 50 * machine.cores", THREE).ok).toBe(true);
  });

  test.each([
    [89, false],
    [90, true],
    [111, true],
    [112, false],
  ])("~ is within a tenth of the larger: %p and 100", (processed, ok) => {
    expect(
      judged("sync.throughput ~ parallel.throughput", [
        { mode: "sync", processed },
        { mode: "parallel", processed: 100 },
      ]).ok,
    ).toBe(ok);
  });
});

describe("where it cannot be told", () => {
  test.each([
    ["async.throughput > 1", [], "async was not run"],
    ["sync.throughput > 1", [{ mode: "sync", status: "failed" }], "sync failed"],
    ["sync.throughput > 1", [{ mode: "sync", status: "invalid" }], "sync was not measured validly"],
    ["sync.throughput > 1", [{ mode: "sync", status: "aborted" }], "sync was stopped before its end"],
    ["sync.throughput / sync.dropped > 1", [{ mode: "sync" }], "it divides by 0"],
    ["sync.throughput * 1e308 > 1", [{ mode: "sync" }], "it comes to no finite number"],
    ["sync.sojourn_ms.avg > 1", [{ mode: "sync", processed: 0 }], "of sync.sojourn_ms.avg nothing was measured, or too few items bear it"],
  ] as const)("%p says why", (that, sketches, why) => {
    expect(judged(that, [...sketches, { mode: "parallel" }])).toMatchObject({ ok: null, why });
  });
});

const SWEPT: readonly Sketch[] = [1, 2].flatMap((rate): Sketch[] => [
  { mode: "sync", processed: 10 * rate, params: { "load.rate": rate } },
  { mode: "async", processed: 15 * rate, params: { "load.rate": rate } },
]);

describe("where the measurement is not valid", () => {
  const spoiled: readonly (readonly [string, Partial<CaseResult>])[] = [
    ["was not measured validly", { status: "invalid" }],
    ["was stopped before its end", { status: "aborted" }],
    ["did not get the scenario's arrivals, since the rate was changed by hand", { rateChanges: [{ atMs: 5, rate: 100 }] }],
  ];
  const at = (mode: "sync" | "async", rate: number, change: Partial<CaseResult> = {}) => ({
    ...caseResult({ mode, processed: mode === "async" ? 150 : 100 }),
    disturbed: null,
    params: { "load.rate": rate },
    ...change,
  });
  const verdict = (that: string, cases: readonly CaseResult[]) =>
    judgeHypotheses([{ that }], { cases, points: [{ "load.rate": 1 }, { "load.rate": 2 }], cores: 2 })[0];

  test.each(spoiled)("of a case that %s nothing is told, whichever side it is on", (why, change) => {
    for (const spoilt of ["sync", "async"] as const) {
      const cases = [1, 2].flatMap((rate) =>
        (["sync", "async"] as const).map((mode) => at(mode, rate, rate === 2 && mode === spoilt ? change : {})),
      );
      for (const that of [
        "async.throughput > 1.2 * sync.throughput",
        "sync.throughput + 0 * async.throughput >= 100",
        "sync.throughput < async.throughput",
      ])
        expect(verdict(that, cases)).toMatchObject({ ok: null, why: `${spoilt}[load.rate=2] ${why}`, reading: "" });
      // What speaks of the other points only is judged by them.
      expect(verdict("async[load.rate=1].throughput > sync[load.rate=1].throughput", cases)?.ok).toBe(true);
    }
  });

  test.each(spoiled)("that it would be broken where a case %s breaks nothing; broken elsewhere it is", (_, change) => {
    const slow = { throughput: 50, ...change };
    expect(verdict("async.throughput > 100", [at("async", 1), at("async", 2, slow)])?.ok).toBeNull();
    expect(verdict("async.throughput > 100", [at("async", 1, { throughput: 50 }), at("async", 2, slow)])?.ok).toBe(false);
  });
});

describe("in a sweep", () => {
  test("a comparison has to hold at every point, each beside its own", () => {
    expect(judged("async.throughput == 1.5 * sync.throughput", SWEPT).ok).toBe(true);
  });

  test("one point at which it does not breaks it, and is named", () => {
    expect(judged("async.throughput > 20", SWEPT)).toMatchObject({ ok: false, reading: "at load.rate 1: async.throughput (15) > 20" });
  });

  test("broken at several, it says at how many, and where most", () => {
    expect(judged("async.throughput > 40", SWEPT).reading).toBe("at 2 of 2 points, most at load.rate 1: async.throughput (15) > 40");
  });

  test("held, it says that it is so at each, and where most narrowly", () => {
    expect(judged("async.throughput > 10", SWEPT).reading).toBe(
      "at all 2 points, most narrowly at load.rate 1: async.throughput (15) > 10",
    );
  });

  test("figures of one point are of that point", () => {
    expect(judged("sync[load.rate=2].throughput == 2 * sync[load.rate=1].throughput", SWEPT).ok).toBe(true);
  });

  test("their names in the result say which", () => {
    expect(judged("sync[load.rate=2].throughput > 1", SWEPT).figures).toEqual({ "sync[load.rate=2].throughput": 20 });
  });

  test("a point that was not run leaves it open", () => {
    expect(judged("async.throughput > 1", SWEPT, [{ "load.rate": 3 }])).toMatchObject({ ok: null, why: "async[load.rate=3] was not run" });
  });

  test.each([[[10, 50, 90]], [[50, 10, 90]], [[90, 50, 10]], [[50, 90, 10]]])(
    "the worst is told of, and the closest, wherever it is: %p",
    (rates) => {
      const points = rates.map((processed) => ({ mode: "sync" as const, processed, params: { "load.rate": processed } }));
      expect(judged("sync.throughput > 100", points).reading).toBe("at 3 of 3 points, most at load.rate 10: sync.throughput (10) > 100");
      expect(judged("sync.throughput > 9", points).reading).toBe(
        "at all 3 points, most narrowly at load.rate 10: sync.throughput (10) > 9",
      );
    },
  );

  test("a point at which it is broken breaks it, though others were not run", () => {
    expect(judged("async.throughput > 20", SWEPT, [{ "load.rate": 3 }]).ok).toBe(false);
  });

  test("a field that every figure fixes needs no other point", () => {
    expect(judged("sync[load.rate=1].throughput == 10", SWEPT, [{ "load.rate": 3 }]).ok).toBe(true);
  });

  test("a field that only some fix is paired in the others", () => {
    const cases = ["a", "b"].flatMap((name) =>
      [1, 2].map((rate): Sketch => ({ mode: "sync", processed: name === "a" ? rate : 2 * rate, params: { name, rate } })),
    );
    expect(judged("sync[name=b].throughput == 2 * sync[name=a].throughput", cases)).toMatchObject({ ok: true, why: null });
  });

  test("where a flag gave a swept field one value, a point of it was not run", () => {
    expect(judged("sync[load.rate=2].throughput > 1", THREE)).toMatchObject({ ok: null, why: "sync[load.rate=2] was not run" });
  });
});

/** A sum as text, figures included, and the same in JavaScript with numbers in their place. */
interface Written {
  readonly text: string;
  readonly script: string;
}

const FIGURE_VALUES: Readonly<Record<string, number>> = {
  "sync.throughput": 100,
  "parallel.throughput": 190,
  "parallel.dropped": 0,
  "sync.sojourn_ms.p(99)": 7,
  "machine.cores": 2,
};

const { sum } = fc.letrec<{ sum: Written; leaf: Written }>((tie) => ({
  leaf: fc.oneof(
    fc.nat(20).map((n): Written => ({ text: `${n}`, script: `${n}` })),
    fc.constantFrom(...Object.entries(FIGURE_VALUES)).map(([text, value]): Written => ({ text, script: `${value}` })),
  ),
  sum: fc.oneof(
    { maxDepth: 4 },
    tie("leaf"),
    tie("sum").map(({ text, script }): Written => ({ text: `- ${text}`, script: `- ${script}` })),
    tie("sum").map(({ text, script }): Written => ({ text: `(${text})`, script: `(${script})` })),
    fc
      .tuple(tie("sum"), fc.constantFrom("+", "-", "*", "/"), tie("sum"))
      .map(([a, operator, b]): Written => ({ text: `${a.text}${operator} ${b.text}`, script: `${a.script}${operator} ${b.script}` })),
  ),
}));

describe("sums", () => {
  test("come to what JavaScript makes of them", () => {
    fc.assert(
      fc.property(sum, fc.constantFrom("<", "<=", ">", ">=", "==", "!="), sum, (left, comparison, right) => {
        const text = `${left.text} ${comparison} ${right.text}`;
        if (text.length > 500 || "rule" in parseExpectation(text)) return text.length > 500;
        const value = (script: string) => new Function(`return ${script}`)() as number;
        const { ok } = judged(text, THREE);
        // Where something is divided by 0, here or deep inside, nothing can be told.
        if (ok === null) return /\//.test(text);
        expect(ok).toBe(new Function(`return ${left.script} ${comparison} ${right.script}`)() as boolean);
        return Number.isFinite(value(left.script)) && Number.isFinite(value(right.script));
      }),
      { numRuns: rounds(1000) },
    );
  });
});

describe("where something disturbed a case", () => {
  const none = { otherCores: 0, stealMs: 0, calibrationOff: 0, reason: "x" };
  const others: Partial<CaseResult> = { disturbed: { ...none, otherCores: 0.5 } };
  const core = (slowerBy: number): Partial<CaseResult> => {
    const { process } = caseResult({ mode: "sync" });
    const work = { askedMs: 1000, roundsPerMs: 1, slowerBy, slowerByError: 0, takenAwayMs: 0 };
    return { process: { ...process, cpuMs: 1000, work }, disturbed: { ...none, calibrationOff: Math.abs(slowerBy) } };
  };
  /** Two cases of a second with one core's CPU time each; arrivals 200 a second. */
  const verdict = (that: string, sync: Partial<CaseResult>, parallel: Partial<CaseResult> = {}) => {
    const case_ = (mode: "sync" | "parallel", throughput: number, change: Partial<CaseResult>): CaseResult => {
      const one = caseResult({ mode });
      const load = { executor: "constant-arrival-rate", gracefulStopMs: 0, lastMs: 1000 };
      const process = { ...one.process, cpuMs: 1000 };
      return { ...one, load, process, params: {}, disturbed: null, durationMs: 1000, throughput, offeredRate: 200, ...change };
    };
    const cases = [case_("sync", 100, sync), case_("parallel", 190, parallel)];
    return judgeHypotheses([{ that }], { cases, points: [{}], cores: 2 })[0];
  };
  const disturbed = { ok: null, why: "sync was disturbed", reading: "" };

  test.each([
    ["what others took could not have turned it", "sync.throughput > 90", others, true],
    ["others may have kept it from holding", "sync.throughput > 140", others, null],
    ["with all that others took it would not have held", "sync.throughput > 160", others, false],
    ["it did no more than arrived", "sync.throughput > 201", { ...others, disturbed: { ...none, otherCores: 2 } }, false],
    ["a faster core may have made it hold", "sync.throughput > 95", core(-0.1), null],
    ["it would have held on a core as calibrated", "sync.throughput > 90", core(-0.1), true],
    ["a slower core may have broken it", "sync.throughput > 105", core(0.1), null],
    ["on a core as calibrated it would not have held either", "sync.throughput > 115", core(0.1), false],
    ["a core of unknown speed may have done either", "sync.throughput > 95", { disturbed: { ...none, calibrationOff: 0.1 } }, null],
    ["a stop cost it as much as it took", "sync.throughput > 120", { disturbed: { ...none, stoppedMs: 300 } }, null],
    ["so did the host", "sync.throughput > 120", { disturbed: { ...none, stealMs: 300 } }, null],
    ["so did a quota", "sync.throughput > 120", { disturbed: { ...none, throttledMs: 300 } }, null],
    ["what was measured low was low", "sync.sojourn_ms.p(95) < 7", others, true],
    ["what was measured high may have been low", "sync.sojourn_ms.p(95) > 5", others, null],
    ["on a faster core it may have been any higher", "sync.sojourn_ms.p(95) < 1e9", core(-0.1), null],
    ["on a faster core it was no lower", "sync.sojourn_ms.p(95) > 5", core(-0.1), true],
    ["arrivals come as they come", "sync.offered_rate == 200", others, true],
    ["a figure that others may have changed either way", "sync.mean_depth >= 0 - sync.batch_size", others, null],
    ["an equality between the ends", "sync.throughput == 120", others, null],
    ["an inequality between the ends", "sync.throughput != 120", others, null],
    ["nearness at one end only", "sync.throughput ~ 105", others, null],
    ["nearness between the ends", "sync.throughput ~ 125", others, null],
    ["nearness at both ends", "sync.throughput ~ 105", core(0.05), true],
  ] as const)("%s: %s", (_, that, change, ok) => {
    expect(verdict(that, change)?.ok).toBe(ok);
  });

  test("a case that was not stands for itself", () => {
    expect(verdict("parallel.throughput > 100", others)).toMatchObject({ ok: true, reading: "parallel.throughput (190) > 100" });
  });

  test("a verdict tells which were, and where there is none, why", () => {
    expect(verdict("sync.throughput > 90", others)?.reading).toBe("sync.throughput (100) > 90, though sync was disturbed");
    expect(verdict("sync.throughput > 140", others)).toMatchObject(disturbed);
    expect(verdict("sync.throughput + parallel.throughput > 300", others, others)?.why).toBe("sync and parallel were disturbed");
  });

  test("more disturbed figures than can be combined are not judged", () => {
    expect(verdict(`${Array(9).fill("sync.throughput").join(" + ")} > 1`, others)).toMatchObject(disturbed);
  });
});
