import { isDisturbed } from "./disturbance.ts";
import { droppedTotal } from "./ledger.ts";
import { medianDiffers, queriesDiffer, tailsDiffer, throughputDiffers } from "./noise.ts";
import { keepsUp } from "./pace.ts";
import { valueText } from "./params.ts";
import { type KeptSummary, type Percentile, percentileOf, tailOf } from "./percentiles.ts";
import type { CaseResult } from "./result.ts";

/** The cases of a sweep by their position in it. */

/** The swept fields that have more than one value among the cases, in the order of the scenario. */
export function variedFields(cases: readonly CaseResult[]): string[] {
  return Object.keys(cases[0]?.params ?? {}).filter((field) => new Set(cases.map(({ params }) => valueText(params[field]))).size > 1);
}

/** Groups cases alike in mode and in these fields, by a name of the group. */
export function groupedBy(cases: readonly CaseResult[], fields: readonly string[]): Map<string, CaseResult[]> {
  const groups = new Map<string, CaseResult[]>();
  for (const one of cases) {
    const name = [one.mode, ...fields.map((field) => `${field} ${valueText(one.params[field])}`)].join(", ");
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return groups;
}

/** Criteria for the best point, in this order. */
export type Criterion = "throughput" | "p99" | "median" | "queries" | "attempts";

/** The point that no other beats, and those equal to it within noise. */
export interface Best {
  readonly one: CaseResult;
  readonly asGood: readonly CaseResult[];
  /** The criterion that decided. */
  readonly by: Criterion;
  /** Points with equal throughput where another criterion is better than at the best. */
  readonly though: readonly { readonly by: Criterion; readonly at: CaseResult }[];
}

interface Rank {
  readonly by: Criterion;
  /** Value to minimize, comparable among the given cases. */
  readonly of: (one: CaseResult, among: readonly CaseResult[]) => number;
  readonly differs: (a: CaseResult, b: CaseResult) => -1 | 0 | 1;
}

const RANKS: readonly Rank[] = [
  { by: "throughput", of: ({ throughput }) => -throughput, differs: throughputDiffers },
  { by: "p99", of: (one, among) => tail(one, among, ({ latency }) => latency.sojourn), differs: tailsDiffer },
  { by: "median", of: ({ latency }) => borne(latency.sojourn, "p50"), differs: medianDiffers },
  // A point without queries is not comparable.
  { by: "queries", of: (one, among) => tail(one, among, ({ queries }) => queries.latency), differs: queriesDiffer },
  // Repeated requests are a cost to the server.
  { by: "attempts", of: attempts, differs: attemptsDiffer },
];

function tail(one: CaseResult, among: readonly CaseResult[], of: (one: CaseResult) => KeptSummary): number {
  const highest = tailOf(among.map(of).filter(({ count }) => count > 0));
  return highest === null ? Number.POSITIVE_INFINITY : borne(of(one), highest);
}

/** A percentile; Infinity where too few items bear it. */
function borne(summary: KeptSummary, percentile: Percentile): number {
  return percentileOf(summary, percentile) ?? Number.POSITIVE_INFINITY;
}

const least = (of: Rank["of"], cases: readonly CaseResult[]) => cases.reduce((a, b) => (of(b, cases) < of(a, cases) ? b : a));

function attempts({ fetch, ledger }: CaseResult): number {
  return (fetch?.attempts ?? 0) / Math.max(1, ledger.scheduled);
}

/** Least difference in attempts per item that is more than chance. */
const ATTEMPTS = 0.1;

function attemptsDiffer(a: CaseResult, b: CaseResult): -1 | 0 | 1 {
  const [first, second] = [attempts(a), attempts(b)];
  return Math.abs(second - first) <= ATTEMPTS * Math.max(first, second) ? 0 : second > first ? 1 : -1;
}

/**
 * The highest throughput; of those equal within noise the shortest p99, then the shortest median, then the shortest p99 of queries, then
 * the fewest attempts. Considers only points that keep up with arrivals, are undisturbed, fail no more than others and do not pay without
 * bound; null: there is none, none is better beyond noise, or the server had an outage.
 */
export function bestOf(cases: readonly CaseResult[]): Best | null {
  const fit = fitOf(cases);
  if (fit.length === 0 || cases.some(metOutage)) return null;
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

/** Cases that qualify as best. */
function fitOf(cases: readonly CaseResult[]): CaseResult[] {
  return [...judged(cases)].flatMap(([one, unfit]) => (unfit === null ? [one] : []));
}

/** Why a case does not qualify as best. */
export type Unfit = "invalid" | "disturbed" | "without bound" | "overloaded" | "failing";

/** The cases that do not qualify as best, by why. */
export function leftOut(cases: readonly CaseResult[]): Map<Unfit, CaseResult[]> {
  const unfit = [...judged(cases)].flatMap(([one, why]) => (why === null ? [] : [{ one, why }]));
  const groups = Map.groupBy(unfit, ({ why }) => why);
  return new Map([...groups].map(([why, those]) => [why, those.map(({ one }) => one)]));
}

/** Why each case does not qualify as best; null: it does. */
function judged(cases: readonly CaseResult[]): Map<CaseResult, Unfit | null> {
  const flawed = new Map(cases.map((one) => [one, flawOf(one, cases)]));
  const sound = cases.filter((one) => flawed.get(one) === null);
  const keeping = sound.filter(keepsUp);
  // Keeping up has a threshold: a case equal within noise to one that keeps up counts as well.
  const able = sound.filter((one) => keeping.includes(one) || (lostNothing(one) && keeping.some((other) => isNoWorse(one, other))));
  const fewest = Math.min(...able.map(failing));
  const fails = (one: CaseResult) => failing(one) > fewest + Math.max(FAILING, 2 * Math.sqrt(failing(one) / one.ledger.scheduled));
  return new Map(
    cases.map((one) => [one, flawed.get(one) ?? (able.includes(one) ? (fails(one) ? "failing" : null) : "overloaded")] as const),
  );
}

/** What disqualifies a case however its figures are. */
function flawOf(one: CaseResult, cases: readonly CaseResult[]): Unfit | null {
  if (one.status !== "completed") return "invalid";
  if (isDisturbed(one)) return "disturbed";
  return paysWithoutBound(one, cases) ? "without bound" : null;
}

function isNoWorse(one: CaseResult, than: CaseResult): boolean {
  return throughputDiffers(than, one) === 0 && tailsDiffer(than, one) <= 0 && medianDiffers(than, one) <= 0;
}

const lostNothing = ({ ledger }: CaseResult) => droppedTotal(ledger) === 0 && ledger.unfinished === 0;
const isSound = (one: CaseResult) => one.status === "completed" && !isDisturbed(one);
const failing = ({ ledger }: CaseResult) => ledger.failed / Math.max(1, ledger.scheduled);

/** Share of failures, above the lowest one, that disqualifies a point. */
const FAILING = 0.01;

/** True where the server had an outage: waits for its end depend on when it fell, and say nothing about the case. */
const metOutage = ({ fetch }: CaseResult) => (fetch?.server?.duringOutage ?? 0) > 0;

/** Why none of some cases is the best: the first reason that applies. */
export type NoBest = "disturbed" | "invalid" | "outage" | "alike" | "without bound" | "overloaded";

export function whyNoBest(cases: readonly CaseResult[]): NoBest {
  if (cases.some(isDisturbed)) return "disturbed";
  if (!cases.some(isSound)) return "invalid";
  if (cases.some(metOutage)) return "outage";
  if (fitOf(cases).length > 0) return "alike";
  return cases.some((one) => isSound(one) && keepsUp(one)) ? "without bound" : "overloaded";
}

/** The cases with the highest throughput, within noise; the highest first. */
export function mostDone(cases: readonly CaseResult[]): CaseResult[] {
  const sorted = cases.toSorted((a, b) => b.throughput - a.throughput);
  const [most] = sorted;
  return most === undefined ? [] : sorted.filter((one) => throughputDiffers(one, most) === 0);
}

/** Cost of an unlimited point, as a multiple of the dearest point with a limit, that counts as dear. */
const DEAR = 1.5;

/** True for an `unlimited` point that costs much more memory, open files or connections. */
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
