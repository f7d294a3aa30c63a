import { agreeing, listed } from "../kernel/wording.ts";
import { type Expectation, type FigureReference, figuresIn, isProblem, isSweptValue, parseExpectation } from "../scenario/expectation.ts";
import type { ExpectRule } from "../scenario/schema.ts";
import { isDisturbed } from "../telemetry/disturbance.ts";
import { metricNamed } from "../telemetry/metrics.ts";
import { valueText } from "../telemetry/params.ts";
import { hasChangedRate } from "../telemetry/rate-changes.ts";
import type { CaseResult, HypothesisResult } from "../telemetry/result.ts";
import {
  compare,
  comparisonText,
  evaluate,
  type FigureRange,
  isSettled,
  type KnownFigures,
  plainName,
  type Value,
} from "./expectation-value.ts";
import { undisturbedRange } from "./undisturbed.ts";

type Params = CaseResult["params"];

/** The data by which expectations are judged. */
export interface JudgedRun {
  readonly cases: readonly CaseResult[];
  /** Every point of the sweep, run or not. */
  readonly points: readonly Params[];
  /** Cores of the machine. */
  readonly cores: number;
}

/** Judges each expectation of a scenario by the figures of its cases. */
export function judgeHypotheses(rules: readonly ExpectRule[], ran: JudgedRun): HypothesisResult[] {
  return rules.map(({ that, because }) => {
    const expectation = parseExpectation(that);
    const stated = { sentence: because ?? that, that };
    if (isProblem(expectation)) return { ...stated, ok: null, figures: {}, reading: "", why: expectation.rule };
    return { ...stated, ...verdict(pointsOf(expectation, ran.points).map((point) => judgeAt(expectation, point, ran))) };
  });
}

/** A point of the sweep at which a comparison must hold; `where`: in words, as far as relevant. */
interface Point {
  readonly params: Params;
  readonly where: string;
}

/** The points that matter for a comparison: a field that every figure fixes makes no difference. */
function pointsOf(expectation: Expectation, points: readonly Params[]): Point[] {
  const figures = figuresIn(expectation);
  const distinct = new Map<string, Point>();
  for (const params of points) {
    const free = Object.keys(params).filter((field) => figures.some((figure) => fixedValue(figure, field) === undefined));
    const where = free.map((field) => `${field} ${valueText(params[field])}`).join(", ");
    if (!distinct.has(where)) distinct.set(where, { params, where });
  }
  return [...distinct.values()];
}

function fixedValue({ point }: FigureReference, field: string): string | undefined {
  return point.find((fixed) => fixed.field.text === field)?.value.text;
}

/** Outcome of a comparison at one point. */
interface Judged {
  readonly ok: boolean | null;
  readonly figures: Readonly<Record<string, number | null>>;
  readonly reading: string;
  readonly where: string;
  /** Why there is no verdict. */
  readonly why: string | null;
  /** Difference of the sides, as a share of the larger. */
  readonly margin: number;
}

function judgeAt(expectation: Expectation, { params, where }: Point, ran: JudgedRun): Judged {
  const read = new Map(figuresIn(expectation).map((figure) => [figure, figureAt(figure, params, ran.cases)]));
  const figures = Object.fromEntries(
    [...read].map(([figure, value]) => [nameAt(figure, params), typeof value === "number" ? value : null]),
  );
  const known = { figures, where, reading: "", why: null, margin: 0 };
  const told: KnownFigures = { figure: (figure) => read.get(figure) ?? { why: "it speaks of no figure" }, cores: ran.cores };
  const left = evaluate(expectation.left, told);
  if (typeof left !== "number") return { ...known, ok: null, ...left };
  const right = evaluate(expectation.right, told);
  if (typeof right !== "number") return { ...known, ok: null, ...right };
  const ranges = new Map([...read].flatMap(([figure, value]) => rangeOf(figure, value, caseOf(figure, params, ran.cases))));
  const were = disturbedText([...ranges.keys()].map((figure) => caseAt(figure, params)));
  if (!isSettled(expectation, told, ranges)) return { ...known, ok: null, why: were };
  const margin = Math.abs(left - right) / Math.max(Math.abs(left), Math.abs(right), Number.MIN_VALUE);
  const reading =
    comparisonText(expectation.left, expectation.comparison, expectation.right, told) + (were === "" ? "" : `, though ${were}`);
  return { ...known, ok: compare(left, expectation.comparison, right), reading, margin };
}

/** Verdict over all points: a single failure refutes it; it holds only where every point has a verdict. */
function verdict(points: readonly Judged[]): Pick<HypothesisResult, "ok" | "figures" | "reading" | "why"> {
  const figures = Object.assign({}, ...points.map((point) => point.figures)) as HypothesisResult["figures"];
  const broken = points.filter(({ ok }) => ok === false).sort((a, b) => b.margin - a.margin);
  const [worst] = broken;
  if (worst !== undefined) {
    const beside = broken.length === 1 || worst.where === "" ? "" : `at ${broken.length} of ${points.length} points, most `;
    return { ok: false, figures, reading: `${beside}${readingAt(worst, points.length)}`, why: null };
  }
  const untold = points.find(({ ok }) => ok === null);
  if (untold !== undefined) return { ok: null, figures, reading: "", why: untold.why };
  const closest = [...points].sort((a, b) => a.margin - b.margin)[0];
  if (closest === undefined) return { ok: null, figures, reading: "", why: "nothing was run" };
  const beside = points.length === 1 || closest.where === "" ? "" : `at all ${points.length} points, most narrowly `;
  return { ok: true, figures, reading: `${beside}${readingAt(closest, points.length)}`, why: null };
}

function readingAt({ reading, where }: Judged, points: number): string {
  return points === 1 || where === "" ? reading : `at ${where}: ${reading}`;
}

/** A disturbed case's figure and the range in which it would lie without that; none of a case that was not. */
function rangeOf(figure: FigureReference, value: Value, one: CaseResult | undefined): [FigureReference, FigureRange][] {
  if (one === undefined || typeof value !== "number" || !isDisturbed(one)) return [];
  return [[figure, undisturbedRange(figure.name.text, value, one)]];
}

function disturbedText(cases: readonly string[]): string {
  const names = [...new Set(cases)];
  return names.length === 0 ? "" : `${listed(names)} ${agreeing(names.length, "was", "were")} disturbed`;
}

function figureAt(figure: FigureReference, params: Params, cases: readonly CaseResult[]): Value {
  const one = caseOf(figure, params, cases);
  const why = one === undefined ? "was not run" : unfit(one);
  if (one === undefined || why !== null) return { why: `${caseAt(figure, params)} ${why}` };
  const value = metricNamed(figure.name.text)?.read(one, figure.field.text) ?? null;
  return value ?? { why: `of ${nameAt(figure, params)} nothing was measured, or too few items bear it` };
}

/** The case of a figure at a point: in its mode, at the point except for the fields that the figure fixes. */
function caseOf(figure: FigureReference, params: Params, cases: readonly CaseResult[]): CaseResult | undefined {
  // A field set by a flag is not swept in this run.
  if (figure.point.some(({ field }) => !Object.hasOwn(params, field.text))) return undefined;
  return cases.find(
    (one) =>
      one.mode === figure.mode.text &&
      Object.entries(params).every(([field, value]) => {
        const fixed = fixedValue(figure, field);
        return fixed === undefined ? valueText(one.params[field]) === valueText(value) : isSweptValue(one.params[field], fixed);
      }),
  );
}

/** Why a case's figures cannot be used for an expectation; null: they can. */
function unfit(one: CaseResult): string | null {
  switch (one.status) {
    case "failed":
      return "failed";
    case "invalid":
      return "was not measured validly";
    case "aborted":
      return "was stopped before its end";
    case "completed":
      return hasChangedRate(one) ? "did not get the scenario's arrivals, since the rate was changed by hand" : null;
    default:
      return one.status satisfies never;
  }
}

/** A figure by its name at a point: `async[load.rate=10].throughput`. */
function nameAt(figure: FigureReference, params: Params): string {
  return `${caseAt(figure, params)}.${plainName(figure)}`;
}

function caseAt({ mode, point }: FigureReference, params: Params): string {
  const fixed = new Map(point.map(({ field, value }) => [field.text, value.text]));
  const swept = Object.entries(params).map(([field, value]): [string, string] => [field, fixed.get(field) ?? valueText(value)]);
  const at = [...new Map([...swept, ...fixed])].map(([field, value]) => `${field}=${value}`).join(", ");
  return at === "" ? mode.text : `${mode.text}[${at}]`;
}
