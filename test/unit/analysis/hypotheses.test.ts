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

describe("where something else had the machine, or the measurement is not valid", () => {
  const others = { otherCores: 1.4, stealMs: 0, calibrationOff: 0, reason: "Other programs used 1.40 cores." };
  const spoiled: readonly (readonly [string, Partial<CaseResult>])[] = [
    ["was disturbed", { disturbed: others }],
    ["was not measured validly", { status: "invalid" }],
    ["was stopped before its end", { status: "aborted" }],
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
