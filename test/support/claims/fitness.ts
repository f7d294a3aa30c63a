import type { KeptSummary } from "../../../src/telemetry/percentiles.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { highest, percentile } from "./claim.ts";
import type { Cases } from "./points.ts";

/** What of a sweep's cases can be held against a best point, in bounds that leave no doubt. */

export const drops = ({ ledger }: CaseResult) => ledger.dropped.newest + ledger.dropped.oldest;
export const isDisturbed = ({ disturbed }: CaseResult) => disturbed !== null && disturbed !== undefined;
export const allDone = (one: CaseResult) => drops(one) === 0 && one.ledger.unfinished === 0;
export const differ = (a: number, b: number, share = 0.03) => Math.abs(a - b) > share * Math.max(a, b);

/** All that came was done, at such a share of its rate at least. */
export const kept = (one: CaseResult, share = 0.9) => allDone(one) && one.throughput >= share * (one.offeredRate ?? 0);

/**
 * No line grew: neither what waited, nor how long the later half of it took beside the earlier. By default in bounds beyond which there is
 * no doubt that one did: near what can be done a line of Poisson arrivals may well be half as long again in one half of two seconds as in
 * the other, and the first half begins with none. Where it is claimed that a point fell behind, the narrow ones show that it did not.
 */
export function steady({ queue, ledger, durationMs, series }: CaseResult, factor = 1.6, spareMs = 20): boolean {
  if ((queue.growthPerSecond * durationMs) / 1000 > 4 + 0.03 * ledger.scheduled) return false;
  const done = series.filter(({ processed }) => processed > 0).map(({ p50, p99 }) => (p50 ?? 0) + (p99 ?? 0));
  const half = done.length >> 1;
  const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const [early, late] = [average(done.slice(0, half)), average(done.slice(-half))];
  return half < 3 || late <= factor * early + spareMs;
}

/**
 * What was done a second where more came than could be: known where one of these cases was overloaded beyond doubt. A line that is long
 * for a while at 0.95 of it and one that never ends at 1.05 look alike in a run of two seconds; by this they do not.
 */
export function capacityOf(cases: Cases): number | null {
  const over = cases.filter((one) => one.throughput < 0.8 * (one.offeredRate ?? 0) && !steady(one));
  return over.length === 0 ? null : Math.max(...over.map(({ throughput }) => throughput));
}

/** By the prediction, which its mean sojourn time bears out, a twentieth of the time was nothing there to be done: its line is no lasting one. */
function hasTime({ predicted, latency }: CaseResult): boolean {
  const { utilization, sojournMean, bottleneck } = predicted;
  return bottleneck === "arrivals" && (utilization ?? 1) <= 0.97 && latency.sojourn.mean <= 1.3 * (sojournMean ?? 0);
}

/** Nobody can say that this point kept up: beyond what could be done, or, where that is not known, with a line that grew. */
export function fellBehind(one: CaseResult, cases: Cases): boolean {
  if (!allDone(one)) return true;
  const capacity = capacityOf(cases);
  return capacity === null ? !kept(one) || (!steady(one) && !hasTime(one)) : (one.offeredRate ?? 0) > 1.03 * capacity;
}

/** Next to no time was left, by the prediction or, of one at a time, by what each took: two seconds do not show whether that is enough. */
function atItsLimit({ mode, predicted, latency, offeredRate }: CaseResult): boolean {
  const busy = mode === "sync" ? ((offeredRate ?? 0) * latency.service.mean) / 1000 : 0;
  return Math.max(predicted.utilization ?? 0, busy) >= 0.96;
}

/** Nobody can say that it did not: all was done in time, well within what could be done, and no line grew. */
export function surelyKept(one: CaseResult, cases: Cases): boolean {
  const capacity = capacityOf(cases);
  if (atItsLimit(one)) return false;
  // The last message is done its own time after the last arrival: up to 3 % of two seconds.
  if (!kept(one, 0.97) || !steady(one, 1.1, 3) || one.series.length < 10) return false;
  return capacity === null || (one.offeredRate ?? 0) < 0.93 * capacity;
}

/** Figures of two points by which one is better: so many times, and beyond what waking up late may make of it. */
interface Figure {
  readonly name: string;
  /** Among some, by what all of them can be compared by. */
  readonly of: (one: CaseResult, among: Cases) => number;
  /** Further apart than by this factor, and so many of its unit, is no noise. */
  readonly times: number;
  readonly spare: number;
  /** Of fewer messages it is chance. */
  readonly fewest?: number;
}

/**
 * A p99 is the third slowest of 300: on other tapes of one scenario it differs by a half and more, a median by a few per cent where no line
 * grows and by a fifth where one does; of fewer than 240 nothing beyond it is borne by which one could tell where it may lie. Of fewer than 300 it is one message or two, and two runs of the same may have none of them.
 */
function tail(one: CaseResult, among: Cases, of: (one: CaseResult) => KeptSummary): number {
  const name = highest(among.map(of));
  return name === null ? Number.NaN : (percentile(of(one), name) ?? Number.NaN);
}

export const WAITS: readonly Figure[] = [
  { name: "p99", of: (one, among) => tail(one, among, ({ latency }) => latency.sojourn), times: 2.5, spare: 0.3, fewest: 300 },
  { name: "median", of: ({ latency }) => percentile(latency.sojourn, "p50") ?? Number.NaN, times: 1.6, spare: 0.1, fewest: 240 },
  { name: "p99 of queries", of: (one, among) => tail(one, among, ({ queries }) => queries.latency), times: 3, spare: 0.3 },
];

/** One is longer than the other beyond doubt; of what is not known nothing is. */
export function longer({ of, times, spare, fewest = 0 }: Figure, one: CaseResult, than: CaseResult): boolean {
  return (
    Math.min(one.latency.sojourn.count, than.latency.sojourn.count) >= fewest &&
    of(one, [one, than]) > times * of(than, [one, than]) + spare
  );
}
