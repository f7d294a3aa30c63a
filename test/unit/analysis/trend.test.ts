import { describe, expect, test } from "bun:test";
import { type ComparedFigure, figureOf, HEADLINE_FIGURES } from "../../../src/analysis/figures.ts";
import { LEAST_RUNS, trendOf } from "../../../src/analysis/trend.ts";
import type { RunResult } from "../../../src/telemetry/result.ts";
import { trendText } from "../../../src/views/export/trend.ts";
import { trendHtml } from "../../../src/views/export/trend-html.ts";
import { HOSTILE } from "../../support/reports.ts";
import { caseResult, runResult } from "../../support/results.ts";

const figures = HEADLINE_FIGURES.map((name) => figureOf(name) as ComparedFigure);

/** Runs with these throughputs, a day apart; those from `changed` on are of another version. */
function past(throughputs: readonly number[], changed = Number.POSITIVE_INFINITY, change: Partial<RunResult> = {}) {
  return throughputs.map((throughput, i) => {
    const startedAt = new Date(Date.UTC(2026, 0, 1 + i)).toISOString();
    const result = {
      ...runResult([{ ...caseResult({ mode: "sync" }), throughput }]),
      startedAt,
      labVersion: i < changed ? "1.0.0" : "1.1.0",
    };
    return { run: `r${i}`, result: { ...result, ...change } };
  });
}

/** Noise without chance, around 100, and 10 % below from `at` on. */
const dropped = (count: number, at: number) => Array.from({ length: count }, (_, i) => (i < at ? 100 : 90) + ((i * 7) % 5) / 2);

describe("the trend of a scenario", () => {
  test("has its figures run by run, and the run from which one is different", () => {
    const trend = trendOf("x", past(dropped(40, 25), 25), figures);
    expect(trend.runs.slice(24, 26).map(({ run, labVersion }) => [run, labVersion])).toEqual([
      ["r24", "1.0.0"],
      ["r25", "1.1.0"],
    ]);
    expect(trend.figures.map(({ metric }) => metric)).toEqual([...HEADLINE_FIGURES]);
    expect(trend.figures[0]?.values).toEqual(dropped(40, 25));
    expect(trend.changes).toMatchObject([
      {
        mode: "sync",
        metric: "throughput",
        run: "r25",
        index: 25,
        before: expect.closeTo(101, 5),
        after: expect.closeTo(91, 5),
        verdict: "worse",
      },
    ]);
    expect(trend.notes).toEqual([]);
  });

  test("has no change points of fewer than about 30 runs, and says so", () => {
    const trend = trendOf("x", past(dropped(LEAST_RUNS - 1, 15)), figures);
    expect([trend.changes, trend.notes]).toEqual([[], ["change points need about 30 runs; there are 29"]]);
    expect(trendOf("x", past(dropped(LEAST_RUNS, 15)), figures).changes).toHaveLength(1);
    expect(trendOf("x", [], figures)).toMatchObject({ runs: [], figures: [], notes: ["change points need about 30 runs; there are 0"] });
  });

  test("leaves out cases whose arrival rate was changed by hand, and says so", () => {
    const [one, two] = past([100, 140]);
    if (one === undefined || two === undefined) throw new Error("unreachable");
    const steered = two.result.cases.map((each) => ({ ...each, rateChanges: [{ atMs: 5, rate: 200 }] }));
    const { figures: trends, notes } = trendOf("x", [one, { ...two, result: { ...two.result, cases: steered } }], figures);
    expect(trends[0]?.values).toEqual([100, null]);
    expect(notes[0]).toBe("1 run with cases whose arrival rate was changed by hand: those cases are left out");
  });

  test("leaves out runs of other settings or machines than the last, and such as have not finished", () => {
    const [one, two, three, four] = past([1, 2, 3, 4]);
    if (one === undefined || two === undefined || three === undefined || four === undefined) throw new Error("unreachable");
    const { scenario, machine } = four.result;
    const others = [
      { ...one, result: { ...one.result, scenario: { ...scenario, hash: "other" } } },
      { ...two, result: { ...two.result, machine: { ...machine, cores: 64 } } },
      { ...three, result: { ...three.result, unfinished: { planned: 9 } } },
    ];
    const trend = trendOf("x", [...others, four], figures);
    expect(trend.runs.map(({ run }) => run)).toEqual(["r3"]);
    expect(trend.notes[0]).toBe("3 runs of other settings or machines, or not finished: left out");
  });

  test("takes the estimate of repeats, and nothing of a case that does not count", () => {
    const repeats = [100, 1000, 102].map((throughput, repeat) => ({ ...caseResult({ mode: "sync" }), repeat, throughput }));
    const invalid = { ...caseResult({ mode: "sync", status: "invalid" }), throughput: 5 };
    const runs = [repeats, [invalid]].map((cases, i) => ({ run: `r${i}`, result: runResult(cases) }));
    // Walsh averages: 100, 101, 102, 550, 551, 1000.
    expect(trendOf("x", runs, figures.slice(0, 1)).figures[0]?.values).toEqual([326, null]);
  });

  test("a change for the better is one, by the side on which the figure is better", () => {
    const service = past(new Array(40).fill(50)).map((one, i) => {
      const [first] = one.result.cases;
      const cases =
        first === undefined
          ? []
          : [
              {
                ...first,
                latency: { ...first.latency, service: { ...first.latency.service, mean: i < 20 ? 8 + (i % 3) / 50 : 5 + (i % 3) / 50 } },
              },
            ];
      return { ...one, result: { ...one.result, cases } };
    });
    const trend = trendOf("x", service, [figureOf("service_mean") as ComparedFigure]);
    expect(trend.changes.map(({ run, verdict }) => [run, verdict])).toEqual([["r20", "better"]]);
  });
});

describe("a trend on the terminal", () => {
  test("is a chart of what varies, with its change points below, and a line for what does not", () => {
    const text = trendText(trendOf("x", past(dropped(40, 25), 25), figures), 60);
    const lines = text.split("\n");
    expect(lines[0]).toBe("x: 40 runs, 2026-01-01 to 2026-02-09");
    expect(lines.every((line) => line.length <= 100)).toBe(true);
    const title = lines.indexOf("sync: throughput");
    expect(lines[title + 9]?.indexOf("▲")).toBe(8 + 25);
    expect(lines[title + 10]).toBe("  ▲ from run r25 on (2026-01-26, lab-tui 1.1.0): 101/s → 91/s, −9.9 %: worse");
    expect(text).toContain("sync: sojourn_p99: 7.00 ms in every run");
    expect(text).toContain("sync: dropped: 0 in every run");
  });

  test("of more runs than there are columns is drawn in means", () => {
    const text = trendText(trendOf("x", past(dropped(400, 250)), figures.slice(0, 1)), 60);
    const [marks = ""] = text.split("\n").filter((line) => /^ +▲$/.test(line));
    expect(marks.length).toBeGreaterThanOrEqual(8 + Math.floor((250 * 52) / 400) - 1);
    expect(marks.length).toBeLessThanOrEqual(8 + Math.floor((250 * 52) / 400) + 2);
    for (const line of text.split("\n").slice(0, 11)) expect(line.length).toBeLessThanOrEqual(61);
  });
});

describe("a trend as an HTML file", () => {
  test("draws values, means and change points, has every value in a table, and asks for nothing", () => {
    const page = trendHtml(trendOf("x", past(dropped(40, 25), 25), figures));
    expect(page).toContain("default-src 'none'");
    expect(page.match(/<figure>/g)).toHaveLength(HEADLINE_FIGURES.length);
    expect(page).toContain('<path class="other predicted" d="M625 0V100"/>');
    expect(page).toContain("<li>From run r25 on (2026-01-26, lab-tui 1.1.0): 101/s → 91/s, −9.9 %: worse</li>");
    expect(page.match(/<th scope="row">/g)).toHaveLength(40);
    expect(page).not.toMatch(/<script|https?:|src=|href=/);
    expect(trendHtml(trendOf("x", past(dropped(40, 25), 25), figures))).toBe(page);
  });

  test("hostile names are text, and what was not measured is no line", () => {
    const runs = past([1, 2, 3], 9, { labVersion: HOSTILE }).map(({ result }, i) => ({ run: HOSTILE + i, result }));
    const page = trendHtml(trendOf(HOSTILE, runs, figures));
    expect(page).not.toMatch(/<script|NaN|undefined/);
    expect(page).not.toContain("\u001b");
    const none = runs.map(({ run, result }) => ({
      run,
      result: { ...result, cases: result.cases.map((one) => ({ ...one, status: "failed" as const })) },
    }));
    expect(trendHtml(trendOf("x", none, figures))).toContain("throughput: not measured.");
  });
});
