import { counted } from "../kernel/wording.ts";
import { isDisturbed } from "../telemetry/disturbance.ts";
import { hasChangedRate } from "../telemetry/rate-changes.ts";
import type { CaseResult, RunResult } from "../telemetry/result.ts";
import { isSound } from "./arms.ts";
import { changePoints } from "./change-points.ts";
import { RankEstimate } from "./estimate.ts";
import type { ComparedFigure } from "./figures.ts";
import { caseKey } from "./repeats.ts";

/** Runs that change points need: fewer tell a change no better than a comparison does. */
export const LEAST_RUNS = 30;

/** A past run and its name. */
export interface NamedRun {
  readonly run: string;
  readonly result: RunResult;
}

/** The figures of a scenario's runs in order, schema version 1. */
export interface Trend {
  readonly schemaVersion: 1;
  readonly scenario: string;
  readonly leastRuns: number;
  /** Oldest first. */
  readonly runs: readonly TrendRun[];
  readonly figures: readonly FigureTrend[];
  readonly changes: readonly FigureChange[];
  /** Sentences: what is left out, and what limits it. */
  readonly notes: readonly string[];
}

export interface TrendRun {
  readonly run: string;
  readonly startedAt: string;
  readonly labVersion: string;
  readonly disturbed: boolean;
}

interface CaseFigure {
  readonly mode: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly metric: string;
}

export interface FigureTrend extends CaseFigure {
  readonly better: "less" | "more";
  /** One for each run; of repeats the Hodges–Lehmann estimate. null: not measured, or the case does not count. */
  readonly values: readonly (number | null)[];
}

/** A change point of a figure. */
export interface FigureChange extends CaseFigure {
  /** The first run after it, and the number of that run, from 0. */
  readonly run: string;
  readonly index: number;
  /** Means up to the change before or the next one. */
  readonly before: number;
  readonly after: number;
  readonly p: number;
  readonly verdict: "better" | "worse";
}

/**
 * The trend of a scenario over its runs, oldest first. Runs of other settings or machines than the last one are left out: they would be
 * changes of another kind. Versions of the lab may differ.
 */
export function trendOf(scenario: string, past: readonly NamedRun[], figures: readonly ComparedFigure[]): Trend {
  const last = past.at(-1)?.result;
  const alike = past.filter(({ result }) => last !== undefined && result.unfinished === undefined && originOf(result) === originOf(last));
  const trends = last === undefined ? [] : figureTrends(alike, figures);
  const runs = alike.map(({ run, result: { startedAt, labVersion, cases } }) => ({
    run,
    startedAt,
    labVersion,
    disturbed: cases.some(isDisturbed),
  }));
  const changes = runs.length < LEAST_RUNS ? [] : trends.flatMap((trend) => changesOf(trend, runs));
  return { schemaVersion: 1, scenario, leastRuns: LEAST_RUNS, runs, figures: trends, changes, notes: notesOn(past.length, runs, alike) };
}

/** What makes figures comparable over time. */
function originOf({ scenario, machine }: RunResult): string {
  return JSON.stringify([scenario.hash, scenario.seed, machine.cpu, machine.arch, machine.cores]);
}

function figureTrends(runs: readonly NamedRun[], figures: readonly ComparedFigure[]): FigureTrend[] {
  const byCase = runs.map(({ result }) => Map.groupBy(result.cases, caseKey));
  const cases = new Map(runs.flatMap(({ result }) => result.cases.map((one) => [caseKey(one), one] as const)));
  return [...cases].flatMap(([key, { mode, params }]) =>
    figures.map((figure) => {
      const values = byCase.map((groups) => estimateOf(groups.get(key) ?? [], figure));
      return { mode, params, metric: figure.name, better: figure.better, values };
    }),
  );
}

function estimateOf(repeats: readonly CaseResult[], { read }: ComparedFigure): number | null {
  const values = repeats.filter(isSound).flatMap((one) => read(one) ?? []);
  return values.length === 0 ? null : RankEstimate.ofPairs(values).value;
}

function changesOf({ mode, params, metric, better, values }: FigureTrend, runs: readonly TrendRun[]): FigureChange[] {
  const known = values.flatMap((value, index) => (value === null ? [] : [{ value, index }]));
  if (known.length < LEAST_RUNS) return [];
  return changePoints(known.map(({ value }) => value)).map(({ index: at, before, after, p }) => {
    const index = known[at]?.index ?? 0;
    const verdict = (better === "more") === after > before ? "better" : "worse";
    return { mode, params, metric, run: runs[index]?.run ?? "", index, before, after, p, verdict };
  });
}

function notesOn(all: number, runs: readonly TrendRun[], alike: readonly NamedRun[]): string[] {
  const left = all - runs.length;
  const disturbed = runs.filter((one) => one.disturbed).length;
  const changed = alike.filter(({ result }) => result.cases.some(hasChangedRate)).length;
  return [
    ...(left === 0 ? [] : [`${counted(left, "run")} of other settings or machines, or not finished: left out`]),
    ...(disturbed === 0 ? [] : [`${disturbed} of ${counted(runs.length, "run")} disturbed by other programs`]),
    ...(changed === 0 ? [] : [`${counted(changed, "run")} with cases whose arrival rate was changed by hand: those cases are left out`]),
    ...(runs.length < LEAST_RUNS
      ? [`change points need about ${LEAST_RUNS} runs; there ${runs.length === 1 ? "is" : "are"} ${runs.length}`]
      : []),
  ];
}
