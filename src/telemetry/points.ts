import { isDisturbed } from "./disturbance.ts";
import { droppedTotal } from "./ledger.ts";
import { medianDiffers, queriesDiffer, tailsDiffer, throughputDiffers } from "./noise.ts";
import { keepsUp } from "./pace.ts";
import { type KeptSummary, type Percentile, percentileOf, tailOf } from "./percentiles.ts";
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

/** What a best point is told by, in this order. */
export type Criterion = "throughput" | "p99" | "median" | "queries" | "attempts";

/** The point that no other beats, and those that are as good as far as noise lets one tell. */
export interface Best {
  readonly one: CaseResult;
  readonly asGood: readonly CaseResult[];
  /** The last thing by which it was told from another. */
  readonly by: Criterion;
  /** Where as much is done and something else is better than at the best. */
  readonly though: readonly { readonly by: Criterion; readonly at: CaseResult }[];
}

interface Rank {
  readonly by: Criterion;
  /** The less, the better; among some cases, by what all of them can be compared by. */
  readonly of: (one: CaseResult, among: readonly CaseResult[]) => number;
  readonly differs: (a: CaseResult, b: CaseResult) => -1 | 0 | 1;
}

const RANKS: readonly Rank[] = [
  { by: "throughput", of: ({ throughput }) => -throughput, differs: throughputDiffers },
  { by: "p99", of: (one, among) => tail(one, among, ({ latency }) => latency.sojourn), differs: tailsDiffer },
  { by: "median", of: ({ latency }) => borne(latency.sojourn, "p50"), differs: medianDiffers },
  // Of a point without queries nobody can tell.
  { by: "queries", of: (one, among) => tail(one, among, ({ queries }) => queries.latency), differs: queriesDiffer },
  // What is asked of a server again and again is a cost to it.
  { by: "attempts", of: attempts, differs: attemptsDiffer },
];

function tail(one: CaseResult, among: readonly CaseResult[], of: (one: CaseResult) => KeptSummary): number {
  const highest = tailOf(among.map(of).filter(({ count }) => count > 0));
  return highest === null ? Number.POSITIVE_INFINITY : borne(of(one), highest);
}

/** One that too few items bear is less than none. */
function borne(summary: KeptSummary, percentile: Percentile): number {
  return percentileOf(summary, percentile) ?? Number.POSITIVE_INFINITY;
}

const least = (of: Rank["of"], cases: readonly CaseResult[]) => cases.reduce((a, b) => (of(b, cases) < of(a, cases) ? b : a));

function attempts({ fetch, ledger }: CaseResult): number {
  return (fetch?.attempts ?? 0) / Math.max(1, ledger.scheduled);
}

/** Attempts for each item by which a difference is more than chance. */
const ATTEMPTS = 0.1;

function attemptsDiffer(a: CaseResult, b: CaseResult): -1 | 0 | 1 {
  const [first, second] = [attempts(a), attempts(b)];
  return Math.abs(second - first) <= ATTEMPTS * Math.max(first, second) ? 0 : second > first ? 1 : -1;
}

/**
 * The highest throughput; of those that cannot be told from it the shortest p99, then the shortest median, then the shortest p99 of queries,
 * then the fewest attempts.
 * Only of points that keep up with what comes, that nothing disturbed, that fail no more than others and do not pay without bound; null:
 * there is none, or none is better than another beyond noise.
 */
export function bestOf(cases: readonly CaseResult[]): Best | null {
  const fit = fitOf(cases);
  if (fit.length === 0) return null;
  let left: readonly CaseResult[] = fit;
  let by: Criterion = "throughput";
  for (const rank of RANKS) {
    const leader = least(rank.of, left);
    const alike = left.filter((one) => rank.differs(one, leader) === 0);
    if (alike.length < left.length) by = rank.by;
    left = alike;
  }
  if (left.length === cases.length && cases.length > 1) return null;
  const bears = tailOf(left.map(({ latency }) => latency.sojourn)) !== null;
  const one = least((each, among) => (bears ? tail(each, among, ({ latency }) => latency.sojourn) : each.latency.sojourn.mean), left);
  const near = fit.filter((other) => throughputDiffers(one, other) === 0);
  const though = RANKS.flatMap(({ by, of, differs }) => {
    const at = least(of, near);
    // A case without queries cannot answer them sooner.
    return at !== one && Number.isFinite(of(at, near)) && differs(at, one) > 0 ? [{ by, at }] : [];
  });
  return { one, asGood: left.filter((other) => other !== one), by, though };
}

/** Those that may be called best. */
function fitOf(cases: readonly CaseResult[]): CaseResult[] {
  const sound = cases.filter((one) => isSound(one) && !paysWithoutBound(one, cases));
  const keeping = sound.filter(keepsUp);
  // Whether one keeps up is told by bounds: what cannot be told from one that does, does as well.
  const able = sound.filter((one) => keeping.includes(one) || (lostNothing(one) && keeping.some((other) => isNoWorse(one, other))));
  const fewest = Math.min(...able.map(failing));
  return able.filter((one) => failing(one) <= fewest + Math.max(FAILING, 2 * Math.sqrt(failing(one) / one.ledger.scheduled)));
}

function isNoWorse(one: CaseResult, than: CaseResult): boolean {
  return throughputDiffers(than, one) === 0 && tailsDiffer(than, one) <= 0 && medianDiffers(than, one) <= 0;
}

const lostNothing = ({ ledger }: CaseResult) => droppedTotal(ledger) === 0 && ledger.unfinished === 0;
const isSound = (one: CaseResult) => one.status === "completed" && !isDisturbed(one);
const failing = ({ ledger }: CaseResult) => ledger.failed / Math.max(1, ledger.scheduled);

/** A point at which a greater share fails than this, beyond the fewest, is not as good. */
const FAILING = 0.01;

/** Why none of some cases is the best: the reason that comes first. */
export type NoBest = "disturbed" | "invalid" | "alike" | "without bound" | "overloaded";

export function whyNoBest(cases: readonly CaseResult[]): NoBest {
  if (cases.some(isDisturbed)) return "disturbed";
  if (!cases.some(isSound)) return "invalid";
  if (fitOf(cases).length > 0) return "alike";
  return cases.some((one) => isSound(one) && keepsUp(one)) ? "without bound" : "overloaded";
}

/** Of some cases those that did most, as far as noise lets one tell; the one with the most first. */
export function mostDone(cases: readonly CaseResult[]): CaseResult[] {
  const sorted = cases.toSorted((a, b) => b.throughput - a.throughput);
  const [most] = sorted;
  return most === undefined ? [] : sorted.filter((one) => throughputDiffers(one, most) === 0);
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
