import { keepsPace } from "../telemetry/pace.ts";
import type { RunResult } from "../telemetry/result.ts";
import { armsOf, type CasePair } from "./arms.ts";
import { holmLevels, LEVEL, leastPairs, leastSamples, RankEstimate, type RankInterval } from "./estimate.ts";
import type { ComparedFigure } from "./figures.ts";
import { isOpenLoop } from "./open-loads.ts";
import { type ChangeVerdict, changeVerdict, roundsNeeded, smallestDetectable } from "./verdict.ts";

/** The least change of interest, as a share, and whose choice it is. */
export interface ChangeMargin {
  readonly margin: number;
  readonly marginFrom: "default" | "flag" | "floor";
}

export const DEFAULT_MARGIN: ChangeMargin = { margin: 0.01, marginFrom: "default" };

/** How results are compared. */
export interface CompareOptions extends ChangeMargin {
  /** Figures beside those that are judged, for information. */
  readonly beside?: readonly ComparedFigure[];
  /** The noise of a figure, as a share, below which no change of it is of interest; null: unknown. */
  readonly floorOf?: FloorOf;
  /** Rounds with a disturbed case are left out. */
  readonly gated?: boolean;
}

export type FloorOf = (one: Pick<CasePair, "mode" | "params">, figure: string) => number | null;

/** Two results compared, schema version 1. */
export interface ResultComparison extends ChangeMargin {
  readonly schemaVersion: 1;
  readonly a: string;
  readonly b: string;
  readonly paired: boolean;
  /** Rounds of the case with fewest, on the side with fewer. */
  readonly rounds: number;
  readonly level: number;
  readonly comparisons: readonly FigureComparison[];
  /** Figures without a verdict. */
  readonly information: readonly FigureInformation[];
  /** False: a case of either side is invalid or has failed. */
  readonly valid: boolean;
  readonly notes: readonly string[];
  /** Cases that were run again; absent: the comparison ran nothing. */
  readonly gate?: Gate;
}

/** Disturbed cases of arms that a comparison ran: each is run again up to a limit, whatever its figures. */
export interface Gate {
  readonly mostReruns: number;
  readonly reruns: { readonly a: number; readonly b: number };
  /** Cases that stayed disturbed; their rounds are left out. */
  readonly disturbed: { readonly a: number; readonly b: number };
  /** False: rounds are left out. */
  readonly passed: boolean;
}

/** A figure of a case on both sides, judged. */
export interface FigureComparison extends FigureRatio, ChangeMargin {
  readonly verdict: ChangeVerdict;
  /** Rounds in all, where it cannot tell; null: it can, or no number would do. */
  readonly roundsNeeded: number | null;
}

/** A figure that is not judged, and why. */
export interface FigureInformation extends FigureRatio {
  readonly why: string;
}

/** A figure of a case on both sides. */
export interface FigureRatio {
  readonly mode: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly metric: string;
  readonly better: "less" | "more";
  /** Hodges–Lehmann estimates over the rounds; null: not measured. */
  readonly a: number | null;
  readonly b: number | null;
  /** B ÷ A, and its interval; null: too few rounds for one. Numbers of items that are 0 in some round have ½ added in all. */
  readonly ratio: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Coverage of the interval, with Holm's adjustment and whole ranks. */
  readonly level: number | null;
  readonly smallestDetectable: number | null;
  readonly rounds: number;
}

export interface NamedResult {
  readonly name: string;
  readonly result: RunResult;
}

/** Compares figures of two results, case by case, by logarithms of their ratios. */
export function compareResults(
  a: NamedResult,
  b: NamedResult,
  figures: readonly ComparedFigure[],
  options: CompareOptions = DEFAULT_MARGIN,
): ResultComparison {
  const { paired, cases, valid, notes } = armsOf(a.result, b.result, options.gated);
  const compared = cases.map((one) => comparedCase(one, paired, figures, options));
  const comparisons = compared.flatMap(({ judged }) => judged);
  // The largest of any figure.
  const { margin, marginFrom } = comparisons.reduce<ChangeMargin>((most, one) => (one.margin > most.margin ? one : most), options);
  return {
    schemaVersion: 1,
    a: a.name,
    b: b.name,
    paired,
    rounds: Math.min(...cases.map((one) => Math.min(one.a.length, one.b.length))),
    level: LEVEL,
    margin,
    marginFrom,
    comparisons,
    information: compared.flatMap(({ beside }) => beside),
    valid,
    notes,
  };
}

/** Values of a figure on both sides, and the estimate of the logarithm of their ratio; null: there is none. */
interface Contrast {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly shift: RankEstimate | null;
}

/** Figures of one case together: judged by Holm over those in which there is anything to compare, and those for information. */
function comparedCase(one: CasePair, paired: boolean, figures: readonly ComparedFigure[], options: CompareOptions) {
  const paced = isPaced(one);
  const contrasts = figures
    .filter(({ name }) => !(paced && name === "throughput"))
    .map((figure) => ({ figure, contrast: contrastOf(one, paired, figure), from: marginFor(one, figure, options) }));
  const varied = contrasts.filter(({ contrast }) => isVaried(contrast));
  const levels = holmLevels(
    varied.map(
      ({ contrast: { shift }, from: { margin } }) => shift?.pOutside(Math.log(Math.max(0, 1 - margin)), Math.log(1 + margin)) ?? 1,
    ),
    LEVEL,
  );
  const judged = contrasts.map((each): FigureComparison => {
    const level = levels[varied.indexOf(each)] ?? LEVEL;
    const change = changeOf(one, each.figure, each.contrast, level);
    return { ...change, ...each.from, ...judgement(change, level, each.from.margin, paired) };
  });
  const informed = (those: readonly ComparedFigure[], why: string) =>
    those.map((figure) => ({ ...changeOf(one, figure, contrastOf(one, paired, figure), LEVEL), why }));
  const set = paced ? figures.filter(({ name }) => name === "throughput") : [];
  return { judged, beside: [...informed(set, SET_BY_TAPE), ...informed(options.beside ?? [], STEADIER)] };
}

const SET_BY_TAPE = "below capacity an open load's throughput is set by its arrivals";
const STEADIER = "steadier than throughput";

/** The least change of interest of a figure: the one asked for, or more where A against A differs by more. */
function marginFor(one: CasePair, { name }: ComparedFigure, { margin, marginFrom, floorOf }: CompareOptions): ChangeMargin {
  const floor = floorOf?.(one, name) ?? 0;
  return floor > margin ? { margin: floor, marginFrom: "floor" } : { margin, marginFrom };
}

/** True when an open loop's arrivals set the throughput of both sides: all items were done as fast as they came. */
function isPaced({ a, b }: CasePair): boolean {
  const all = [...a, ...b];
  return all.length > 0 && all.every((one) => isOpenLoop(one) && one.offeredRate !== null && keepsPace(one));
}

/** False where every round of both sides has one value: chance could not show there. */
const isVaried = ({ a, b, shift }: Contrast) => shift !== null && (Math.min(a.length, b.length) < 2 || new Set([...a, ...b]).size > 1);

function contrastOf({ a, b }: CasePair, paired: boolean, { read, counts }: ComparedFigure): Contrast {
  const [all, others] = [a.map(read), b.map(read)];
  const measured = (those: typeof all, beside: typeof all) =>
    those.filter((value, i): value is number => value !== null && (!paired || beside[i] !== null));
  const values = { a: measured(all, others), b: measured(others, all) };
  const half = counts && [...values.a, ...values.b].includes(0) ? 0.5 : 0;
  const [logA, logB] = [values.a, values.b].map((those) => those.map((value) => Math.log(value + half)));
  if (logA === undefined || logB === undefined || ![...logA, ...logB].every(Number.isFinite)) return { ...values, shift: null };
  if (logA.length === 0 || logB.length === 0) return { ...values, shift: null };
  const shift = paired ? RankEstimate.ofPairs(logB.map((value, i) => value - (logA[i] ?? 0))) : RankEstimate.ofSamples(logA, logB);
  return { ...values, shift };
}

function changeOf({ mode, params }: CasePair, figure: ComparedFigure, { a, b, shift }: Contrast, level: number): FigureRatio {
  const rounds = Math.min(a.length, b.length);
  const center = (values: readonly number[]) => (values.length === 0 ? null : RankEstimate.ofPairs(values).value);
  const interval = rounds < 2 ? null : ratioInterval(shift?.interval(level) ?? null);
  return {
    mode,
    params,
    metric: figure.name,
    better: figure.better,
    a: center(a),
    b: center(b),
    ratio: shift === null ? null : Math.exp(shift.value),
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    level: interval?.level ?? null,
    smallestDetectable: interval === null ? null : smallestDetectable(interval),
    rounds,
  };
}

/** `level`: the one asked for. */
function judgement({ ratio, low, high, better, rounds }: FigureRatio, level: number, margin: number, paired: boolean) {
  const interval = low === null || high === null ? null : { low, high };
  const verdict = changeVerdict(interval, margin, better);
  const needed = () => {
    if (ratio === null) return null;
    if (interval !== null) return roundsNeeded(interval, ratio, rounds, margin);
    return paired || rounds < 2 ? leastPairs(level) : leastSamples(level);
  };
  return { verdict, roundsNeeded: verdict === "cannot tell" ? needed() : null };
}

function ratioInterval(interval: RankInterval | null): RankInterval | null {
  return interval === null ? null : { low: Math.exp(interval.low), high: Math.exp(interval.high), level: interval.level };
}

/** The scenario, machine and version behind a result. */
export type ResultOrigin = Pick<RunResult, "scenario" | "machine" | "labVersion">;

/** Why two results are not alike enough to be compared, a sentence each. */
export function differencesOf(a: ResultOrigin, b: ResultOrigin): string[] {
  const told = (what: string, of: (one: ResultOrigin) => string | number) =>
    of(a) === of(b) ? [] : [`the ${what} differs: A has ${of(a)}, B ${of(b)}`];
  return [
    ...told("scenario", ({ scenario }) => scenario.name),
    ...(a.scenario.name === b.scenario.name && a.scenario.hash !== b.scenario.hash
      ? [`the scenario ${a.scenario.name} differs in its settings between A and B`]
      : []),
    ...told("seed", ({ scenario }) => scenario.seed),
    ...told("machine", ({ machine }) => `${machine.cpu}, ${machine.os}, ${machine.arch}`),
    ...told("number of cores", ({ machine }) => machine.cores),
    ...told("version of lab-tui", ({ labVersion }) => labVersion),
  ];
}
