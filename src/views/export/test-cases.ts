import type { FigureComparison, ResultComparison } from "../../analysis/compare.ts";
import { counted } from "../../kernel/wording.ts";
import { disturbanceOf } from "../../telemetry/disturbance.ts";
import type { CaseResult, HypothesisResult, RunResult, ThresholdResult } from "../../telemetry/result.ts";
import { isUnsound, wasJudged } from "../../telemetry/verdicts.ts";
import { caseName } from "../report/closing.ts";
import { changeText, untoldReason } from "./comparison.ts";

/** Verdicts as test cases, for the programs that show those of a build. */

/** A line of a scenario file, from 1. */
export interface FileLine {
  readonly file: string;
  readonly line: number;
}

/** Where a scenario's thresholds and hypotheses are written; null: not known. */
export interface Places {
  readonly threshold: (threshold: ThresholdResult) => FileLine | null;
  readonly hypothesis: (index: number, hypothesis: HypothesisResult) => FileLine | null;
}

export const NOWHERE: Places = { threshold: () => null, hypothesis: () => null };

/** A run, the places of what it is judged by, and its comparison with a baseline. */
export interface RunVerdicts {
  readonly result: RunResult;
  readonly places: Places;
  /** null: there is none. */
  readonly comparison: ResultComparison | null;
}

export function testsOfRun({ result, places, comparison }: RunVerdicts): TestCase[] {
  return [...testsOf(result, places), ...(comparison === null ? [] : comparisonTests(comparison))];
}

export interface TestCase {
  readonly kind: "threshold" | "hypothesis" | "measurement" | "comparison";
  readonly name: string;
  readonly outcome: "passed" | "failure" | "error" | "skipped";
  readonly message: string;
  /** Further sentences. */
  readonly details: readonly string[];
  readonly at: FileLine | null;
  readonly ms: number;
}

/**
 * A test case for each threshold and each hypothesis. What could not be judged is skipped; what a failed or invalid case would have decided
 * is an error, and so is such a case without thresholds.
 */
export function testsOf(result: RunResult, places: Places = NOWHERE): TestCase[] {
  return [
    ...result.thresholds.map((threshold) => thresholdTest(result, threshold, places)),
    ...unsoundCases(result),
    ...(result.hypotheses ?? []).map((one, i) => hypothesisTest(one, places.hypothesis(i, one))),
  ];
}

/** A test case for each figure compared: worse is a failure, an arm that is invalid an error, "cannot tell" skipped. */
export function comparisonTests(comparison: ResultComparison): TestCase[] {
  const broken = comparison.valid
    ? []
    : [comparisonTest("measurement", "error", "a case of A or B is invalid or has failed", comparison.notes)];
  return [
    ...broken,
    ...comparison.comparisons.map((one) => {
      const name = `${caseName(one)}: ${one.metric}`;
      if (one.verdict === "cannot tell")
        return comparisonTest(name, "skipped", `cannot tell: ${untoldReason(one, comparison)}`, comparison.notes);
      return comparisonTest(name, one.verdict === "worse" ? "failure" : "passed", verdictText(one), comparison.notes);
    }),
  ];
}

function verdictText(one: FigureComparison): string {
  return `${one.verdict}: ${changeText(one)}; changes within ±${Number((one.margin * 100).toPrecision(3))} % do not matter`;
}

function comparisonTest(name: string, outcome: TestCase["outcome"], message: string, details: readonly string[]): TestCase {
  return { kind: "comparison", name, outcome, message, details, at: null, ms: 0 };
}

function thresholdTest(result: RunResult, threshold: ThresholdResult, places: Places): TestCase {
  const { case: index, metric, expression, value, ok, tooFew } = threshold;
  const one = result.cases[index];
  const test = {
    kind: "threshold",
    // Without the repeat that was judged: a name is the same in every run.
    name: `${one === undefined ? "" : `${caseName({ mode: one.mode, params: one.params })}: `}${metric} ${expression}`,
    at: places.threshold(threshold),
    ms: one?.durationMs ?? 0,
  } as const;
  if (one !== undefined && isUnsound(one)) return { ...test, ...unsound(one) };
  if (!wasJudged(result, threshold))
    return { ...test, outcome: "skipped", message: "judged on nothing: nothing was measured", details: [] };
  const few = tooFew === undefined ? "" : `, with ${counted(Math.floor(tooFew), "item")} beyond that percentile: too few`;
  return {
    ...test,
    outcome: ok ? "passed" : "failure",
    message: `must hold ${metric} ${expression}, got ${Number(value.toPrecision(6))}${few}`,
    details: one === undefined ? [] : [one.explanation, disturbanceOf(one)?.reason ?? ""].filter((text) => text !== ""),
  };
}

function hypothesisTest({ that, sentence, ok, reading, why }: HypothesisResult, at: FileLine | null): TestCase {
  const test = { kind: "hypothesis", name: `hypothesis: ${that}`, at, ms: 0, details: sentence === that ? [] : [sentence] } as const;
  if (ok === null) return { ...test, outcome: "skipped", message: `cannot tell: ${why ?? "a figure is missing"}` };
  return { ...test, outcome: ok ? "passed" : "failure", message: `must hold ${that}, got ${reading}` };
}

/** Failed and invalid cases that no threshold speaks of. */
function unsoundCases({ cases, thresholds }: RunResult): TestCase[] {
  return cases.flatMap((one, i): TestCase[] => {
    if (!isUnsound(one) || thresholds.some((threshold) => threshold.case === i)) return [];
    return [{ kind: "measurement", name: `${caseName(one)}: measurement`, at: null, ms: one.durationMs, ...unsound(one) }];
  });
}

function unsound({ status, problems }: CaseResult): Pick<TestCase, "outcome" | "message" | "details"> {
  const [first = "no measurement counts"] = problems;
  return { outcome: "error", message: `the case is ${status}: ${first}`, details: problems };
}
