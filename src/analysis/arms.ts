import { counted, listed } from "../kernel/wording.ts";
import { isDisturbed } from "../telemetry/disturbance.ts";
import { hasChangedRate } from "../telemetry/rate-changes.ts";
import type { CaseResult, RunResult } from "../telemetry/result.ts";
import { caseKey } from "./repeats.ts";

/** The two sides of a comparison, case by case. */

/** One case on both sides: its sound repeats in order; in pairs, those at the same place are of the same round. */
export interface CasePair {
  readonly mode: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly a: readonly CaseResult[];
  readonly b: readonly CaseResult[];
}

export interface Arms {
  readonly paired: boolean;
  readonly cases: readonly CasePair[];
  /** True when every case of both could be relied on. */
  readonly valid: boolean;
  /** Sentences: what is left out, and what affects the figures. */
  readonly notes: readonly string[];
}

/**
 * Matches the cases of two results by mode and point of the sweep; in pairs where both have the same repeats, each on the same tape. `gated`:
 * disturbed cases are left out, in pairs with their partners.
 */
export function armsOf(a: RunResult, b: RunResult, gated = false): Arms {
  const [ofA, ofB] = [repeatsByCase(a), repeatsByCase(b)];
  const common = [...ofA].flatMap(([name, first]) => {
    const second = ofB.get(name);
    return second === undefined ? [] : [{ first, second }];
  });
  const paired = common.length > 0 && common.every(({ first, second }) => hasSameRounds(first, second));
  const cases = common.flatMap(({ first, second }): CasePair[] => {
    const [one] = first;
    if (one === undefined) return [];
    const isKept = (each: CaseResult | undefined) => isSound(each) && !(gated && each !== undefined && isDisturbed(each));
    const kept = (those: readonly CaseResult[], others: readonly CaseResult[]) =>
      those.filter((each, i) => isKept(each) && (!paired || isKept(others[i])));
    return [{ mode: one.mode, params: one.params, a: kept(first, second), b: kept(second, first) }];
  });
  const valid = [...a.cases, ...b.cases].every(({ status }) => status !== "invalid" && status !== "failed");
  const unlike = !paired && common.length > 0 && common.every(({ first, second }) => hasSameRounds(first, second, false));
  const notes = unlike ? ["A and B have other arrivals: not compared in pairs"] : [];
  return { paired, cases, valid, notes: [...notes, ...lonely(ofA, ofB), ...notesOn("A", a), ...notesOn("B", b)] };
}

/** True for what counts: measured to its end, under the load of its scenario. */
export function isSound(one: CaseResult | undefined): one is CaseResult {
  return one?.status === "completed" && !hasChangedRate(one);
}

function repeatsByCase({ cases }: RunResult): Map<string, CaseResult[]> {
  const groups = Map.groupBy(cases, caseKey);
  for (const group of groups.values()) group.sort((one, other) => (one.repeat ?? 0) - (other.repeat ?? 0));
  return groups;
}

function hasSameRounds(first: readonly CaseResult[], second: readonly CaseResult[], onSameTape = true): boolean {
  const isSame = (one: CaseResult, other: CaseResult | undefined) =>
    one.repeat !== undefined && one.repeat === other?.repeat && (!onSameTape || one.tape.hash === other.tape.hash);
  return first.length === second.length && first.every((one, i) => isSame(one, second[i]));
}

function lonely(ofA: ReadonlyMap<string, unknown>, ofB: ReadonlyMap<string, unknown>): string[] {
  const missing = (of: ReadonlyMap<string, unknown>, from: ReadonlyMap<string, unknown>) =>
    [...of.keys()].filter((name) => !from.has(name)).length;
  const sides = [
    ["A", missing(ofA, ofB)],
    ["B", missing(ofB, ofA)],
  ] as const;
  return sides.flatMap(([side, count]) => (count === 0 ? [] : [`${counted(count, "case")} only in ${side}: not compared`]));
}

function notesOn(side: string, { cases, unfinished }: RunResult): string[] {
  const left = (["invalid", "failed", "aborted"] as const).flatMap((status) => {
    const count = cases.filter((one) => one.status === status).length;
    return count === 0 ? [] : [`${counted(count, `${status} case`)}`];
  });
  const changed = cases.filter((one) => one.status === "completed" && hasChangedRate(one)).length;
  const disturbed = cases.filter(isDisturbed).length;
  return [
    ...(left.length === 0 ? [] : [`${side}: left out ${listed(left)}`]),
    ...(changed === 0 ? [] : [`${side}: left out ${counted(changed, "case")} whose arrival rate was changed by hand`]),
    ...(disturbed === 0 ? [] : [`${side}: ${disturbed} of ${counted(cases.length, "case")} disturbed by other programs`]),
    ...(unfinished === undefined ? [] : [`${side} has not finished: ${cases.length} of ${counted(unfinished.planned, "case")} done`]),
  ];
}
