import type { RunResult } from "../telemetry/result.ts";
import { armsOf, type CasePair } from "./arms.ts";
import { holmLevels, LEVEL, leastPairs, leastSamples, RankEstimate, type RankInterval } from "./estimate.ts";
import type { ComparedFigure } from "./figures.ts";
import { type ChangeVerdict, changeVerdict, roundsNeeded, smallestDetectable } from "./verdict.ts";

/** The least change of interest, as a share, and whose choice it is. */
export interface ChangeMargin {
  readonly margin: number;
  readonly marginFrom: "default" | "flag" | "floor";
}

export const DEFAULT_MARGIN: ChangeMargin = { margin: 0.01, marginFrom: "default" };

/** Two results compared, schema version 1. */
export interface ResultComparison extends ChangeMargin {
  readonly schemaVersion: 1;
  readonly a: string;
  readonly b: string;
  readonly paired: boolean;
  /** Of the case with fewest, on the side with fewer. */
  readonly rounds: number;
  readonly level: number;
  readonly comparisons: readonly FigureComparison[];
  /** False: a case of either side is invalid or has failed. */
  readonly valid: boolean;
  readonly notes: readonly string[];
}

/** A figure of a case on both sides. */
export interface FigureComparison {
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
  /** What the interval covers, Holm's adjustment and whole ranks included. */
  readonly level: number | null;
  readonly verdict: ChangeVerdict;
  readonly smallestDetectable: number | null;
  /** Rounds in all, where it cannot tell; null: it can, or no number would do. */
  readonly roundsNeeded: number | null;
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
  margin: ChangeMargin = DEFAULT_MARGIN,
): ResultComparison {
  const { paired, cases, valid, notes } = armsOf(a.result, b.result);
  return {
    schemaVersion: 1,
    a: a.name,
    b: b.name,
    paired,
    rounds: Math.min(...cases.map((one) => Math.min(one.a.length, one.b.length))),
    level: LEVEL,
    ...margin,
    comparisons: cases.flatMap((one) => comparedCase(one, paired, figures, margin.margin)),
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

/** Figures of one case together: by Holm over those in which there is anything to compare. */
function comparedCase(one: CasePair, paired: boolean, figures: readonly ComparedFigure[], margin: number): FigureComparison[] {
  const contrasts = figures.map((figure) => ({ figure, contrast: contrastOf(one, paired, figure) }));
  const varied = contrasts.flatMap(({ contrast }) => (isVaried(contrast) ? [contrast] : []));
  const edges = [Math.log(Math.max(0, 1 - margin)), Math.log(1 + margin)] as const;
  const levels = holmLevels(
    varied.map(({ shift }) => shift?.pOutside(...edges) ?? 1),
    LEVEL,
  );
  return contrasts.map(({ figure, contrast }) => {
    const level = levels[varied.indexOf(contrast)] ?? LEVEL;
    return {
      mode: one.mode,
      params: one.params,
      metric: figure.name,
      better: figure.better,
      ...judged(contrast, figure, level, paired, margin),
    };
  });
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

type Judgement = Omit<FigureComparison, "mode" | "params" | "metric" | "better">;

function judged({ a, b, shift }: Contrast, { better }: ComparedFigure, level: number, paired: boolean, margin: number): Judgement {
  const rounds = Math.min(a.length, b.length);
  const center = (values: readonly number[]) => (values.length === 0 ? null : RankEstimate.ofPairs(values).value);
  const ratio = shift === null ? null : Math.exp(shift.value);
  const interval = rounds < 2 ? null : ratioInterval(shift?.interval(level) ?? null);
  const verdict = changeVerdict(interval, margin, better);
  const needed = () => {
    if (ratio === null) return null;
    if (interval !== null) return roundsNeeded(interval, ratio, rounds, margin);
    return paired || rounds < 2 ? leastPairs(level) : leastSamples(level);
  };
  return {
    a: center(a),
    b: center(b),
    ratio,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    level: interval?.level ?? null,
    verdict,
    smallestDetectable: interval === null ? null : smallestDetectable(interval),
    roundsNeeded: verdict === "cannot tell" ? needed() : null,
    rounds,
  };
}

function ratioInterval(interval: RankInterval | null): RankInterval | null {
  return interval === null ? null : { low: Math.exp(interval.low), high: Math.exp(interval.high), level: interval.level };
}

/** What a result is of. */
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
