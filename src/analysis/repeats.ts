import { counted } from "../kernel/wording.ts";
import { isDisturbed } from "../telemetry/disturbance.ts";
import type { CaseResult, FigureEstimate, RepeatedCase, RunResult, ThresholdResult } from "../telemetry/result.ts";
import { LEVEL, leastPairs, RankEstimate } from "./estimate.ts";
import { figureOf } from "./figures.ts";

/** Several repeats of the same cases: estimates of their figures, and the repeat that stands for each case. */

/** What is estimated over repeats. */
const REPEATED_FIGURES = ["throughput", "sojourn_mean", "sojourn_p50", "sojourn_p99", "service_mean"] as const;

export type RepeatedFigure = (typeof REPEATED_FIGURES)[number];

/** Repeats below which there is no interval. */
export const LEAST_REPEATS = leastPairs(LEVEL);

type Identity = Pick<CaseResult, "mode" | "params">;

/** The same text for cases that are the same but for their repeat. */
export function caseKey({ mode, params }: Identity): string {
  return JSON.stringify([mode, Object.entries(params).sort()]);
}

/** The same text for the same case of the same round. */
export function roundKey(one: Identity & Pick<CaseResult, "repeat">): string {
  return `${caseKey(one)} ${one.repeat ?? ""}`;
}

/** Repeats of the same cases, by case. `order`: of the cases. */
function groupsOf<T extends Identity>(cases: readonly T[], order: readonly Identity[] = cases): T[][] {
  const groups = Map.groupBy(cases, caseKey);
  return [...new Set(order.map(caseKey))].flatMap((key) => {
    const group = groups.get(key);
    return group === undefined ? [] : [group];
  });
}

/** True when cases ran several times. */
export function isRepeated(cases: readonly Pick<CaseResult, "repeat">[]): boolean {
  return cases.some(({ repeat }) => repeat !== undefined);
}

/** The estimates of each case, in an order of the cases; none where each ran once. */
export function estimatedRepeats(cases: readonly CaseResult[], order: readonly Identity[] = cases): RepeatedCase[] {
  if (!isRepeated(cases)) return [];
  return groupsOf(cases, order).flatMap((repeats) => {
    const [one] = repeats;
    if (one === undefined) return [];
    const whole = repeats.filter(({ status }) => status === "completed");
    const figures = Object.fromEntries(REPEATED_FIGURES.map((name) => [name, estimateOf(name, whole)]));
    return [{ mode: one.mode, params: one.params, n: whole.length, figures, warnings: warningsOn(whole) }];
  });
}

function estimateOf(name: RepeatedFigure, repeats: readonly CaseResult[]): FigureEstimate {
  const read = figureOf(name)?.read;
  const values = repeats.map((one) => read?.(one) ?? null).filter((value) => value !== null);
  const ranks = RankEstimate.ofPairs(values);
  const interval = ranks.interval(LEVEL);
  return {
    estimate: values.length === 0 ? null : ranks.value,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    level: LEVEL,
  };
}

function warningsOn(repeats: readonly CaseResult[]): string[] {
  const disturbed = repeats.filter(isDisturbed).length;
  return [
    ...(repeats.length >= LEAST_REPEATS ? [] : [tooFewRepeats(repeats.length)]),
    ...(disturbed === 0 ? [] : [`${disturbed} of ${counted(repeats.length, "repeat")} disturbed by what else the machine did.`]),
  ];
}

/** Why a number of repeats yields no interval. */
export function tooFewRepeats(n: number): string {
  return `${counted(n, "repeat")} cannot bear an interval of ${LEVEL * 100} %: by ranks it takes at least ${LEAST_REPEATS}.`;
}

/**
 * True when the half width of every case's interval of throughput and of mean sojourn is below a share of the estimate: after six repeats at
 * the earliest.
 */
export function isPreciseTo(share: number, cases: readonly CaseResult[]): boolean {
  if (cases.length === 0) return false;
  const estimates = estimatedRepeats(cases).flatMap(({ figures }) => [figures["throughput"], figures["sojourn_mean"]]);
  return estimates.every((one) => {
    if (one === undefined || one.estimate === null || one.low === null || one.high === null) return false;
    return (one.high - one.low) / 2 < share * one.estimate;
  });
}

/**
 * The repeat that stands for each case where one is needed: of those completed and, if there are any, undisturbed, the one with the median
 * of the mean sojourn. Cases that ran once stand for themselves.
 */
export function typicalCases(cases: readonly CaseResult[], order: readonly Identity[] = cases): CaseResult[] {
  return groupsOf(cases, order).flatMap((repeats) => {
    const completed = repeats.filter(({ status }) => status === "completed");
    const sound = completed.filter((one) => !isDisturbed(one));
    const among = [sound, completed, repeats].find((some) => some.length > 0) ?? [];
    const inOrder = among.toSorted((a, b) => a.latency.sojourn.mean - b.latency.sojourn.mean);
    return inOrder[(inOrder.length - 1) >> 1] ?? [];
  });
}

/** A run of which each case appears once, by the repeat that stands for it, for views of single cases. */
export function typicalRun(result: RunResult): RunResult {
  if (!isRepeated(result.cases)) return result;
  const { repeats = estimatedRepeats(result.cases) } = result;
  const cases = typicalCases(result.cases, repeats).map(({ repeat: _, ...one }) => one);
  const thresholds = result.thresholds.flatMap((threshold) => {
    const judged = result.cases[threshold.case];
    const index = judged === undefined ? -1 : cases.findIndex((one) => caseKey(one) === caseKey(judged));
    return index < 0 ? [] : [{ ...threshold, case: index }];
  });
  return { ...result, cases, repeats, thresholds };
}

/** A case with its thresholds. */
interface Judged {
  readonly result: CaseResult;
  readonly verdicts: readonly Omit<ThresholdResult, "case">[];
}

/** The thresholds of a run: of a case that ran several times, each by the repeat with the median value. */
export function runThresholds(ran: readonly Judged[]): ThresholdResult[] {
  const all = ran.map((one, index) => ({ ...one, index, mode: one.result.mode, params: one.result.params }));
  if (!isRepeated(all.map(({ result }) => result))) {
    return all.flatMap(({ verdicts, index }) => verdicts.map((verdict) => ({ case: index, ...verdict })));
  }
  return groupsOf(all).flatMap((repeats) => {
    const told = repeats.filter(isTold);
    const count = Math.max(0, ...told.map(({ verdicts }) => verdicts.length));
    return Array.from({ length: count }, (_, i) => i).flatMap((i) =>
      medianVerdict(told.flatMap(({ verdicts, index }) => (verdicts[i] === undefined ? [] : [{ case: index, ...verdicts[i] }]))),
    );
  });
}

/** False for a repeat that was stopped before anything was broken: it is not whole. */
function isTold({ result, verdicts }: Judged): boolean {
  return result.status !== "aborted" || verdicts.some(({ ok }) => !ok);
}

/** The verdict with the median value; of two in the middle, the one that failed. */
function medianVerdict(verdicts: readonly ThresholdResult[]): ThresholdResult[] {
  const measured = verdicts.filter((one) => one.measured !== false);
  const inOrder = (measured.length > 0 ? measured : verdicts).toSorted((a, b) => a.value - b.value);
  const middle = [inOrder[(inOrder.length - 1) >> 1], inOrder[inOrder.length >> 1]].filter((one) => one !== undefined);
  const worst = middle.find(({ ok }) => !ok) ?? middle[0];
  return worst === undefined ? [] : [worst];
}
