import { isDisturbed } from "./disturbance.ts";
import { p99Differs, throughputDiffers } from "./noise.ts";
import { keepsUp } from "./pace.ts";
import type { CaseResult } from "./result.ts";

/** The cases of a sweep by where they stand in it. */

/** A swept value as a person reads it. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** The swept fields that have more than one value among the cases, in the order of the scenario. */
export function variedFields(cases: readonly CaseResult[]): string[] {
  return Object.keys(cases[0]?.params ?? {}).filter((field) => new Set(cases.map(({ params }) => valueText(params[field]))).size > 1);
}

/** Cases alike in mode and in these fields, each group under a name that says so. */
export function groupedBy(cases: readonly CaseResult[], fields: readonly string[]): Map<string, CaseResult[]> {
  const groups = new Map<string, CaseResult[]>();
  for (const one of cases) {
    const name = [one.mode, ...fields.map((field) => `${field} ${valueText(one.params[field])}`)].join(", ");
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return groups;
}

/** The point that no other beats, and those that are as good as far as noise lets one tell. */
export interface Best {
  readonly one: CaseResult;
  readonly asGood: readonly CaseResult[];
}

/**
 * The highest throughput, and of those that cannot be told from it the shortest p99. Only of points that keep up with what comes, that
 * nothing disturbed and that do not pay without bound; null: there is none, or none is better than another beyond noise.
 */
export function bestOf(cases: readonly CaseResult[]): Best | null {
  const fit = cases.filter((one) => keepsUp(one) && !isDisturbed(one) && !paysWithoutBound(one, cases));
  const [leader] = fit.toSorted((a, b) => b.throughput - a.throughput);
  if (leader === undefined) return null;
  const near = fit.filter((one) => throughputDiffers(one, leader) === 0);
  const one = near.reduce((a, b) => (b.latency.sojourn.p99 < a.latency.sojourn.p99 ? b : a));
  const asGood = near.filter((other) => other !== one && p99Differs(one, other) === 0);
  return asGood.length + 1 === cases.length && cases.length > 1 ? null : { one, asGood };
}

/** What nothing limits is dear when it takes so many times what the dearest point with a limit takes. */
const DEAR = 1.5;

/** An `unlimited` point that is paid for with memory, open files or connections. */
export function paysWithoutBound(one: CaseResult, cases: readonly CaseResult[]): boolean {
  const unlimited = (of: CaseResult) => Object.values(of.params).includes("unlimited");
  if (!unlimited(one)) return false;
  const bounded = cases.filter((other) => !unlimited(other));
  if (bounded.length === 0) return false;
  const most = (cost: (of: CaseResult) => number) => Math.max(...bounded.map(cost));
  return COSTS.some((cost) => cost(one) > DEAR * most(cost));
}

const COSTS: readonly ((of: CaseResult) => number)[] = [
  ({ process }) => process.peakRssBytes,
  ({ process }) => process.peakOpenFiles ?? 0,
  ({ fetch }) => fetch?.connectionsOpened ?? 0,
];
