import { countTerm, durationTerm, equation, rateTerm } from "../../kernel/equation.ts";
import { formatCount, formatShare } from "../../kernel/units.ts";
import { counted, sentenceCase } from "../../kernel/wording.ts";
import { coresFor, theCores } from "../../telemetry/allowance.ts";
import { isDisturbed } from "../../telemetry/disturbance.ts";
import { loadsDiffer } from "../../telemetry/noise.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { workersIn } from "../../telemetry/threads.ts";
import { type FitOptions, type ScalePoint, tellAmdahl, tellUsl } from "../../theory/scaling.ts";
import { sentPerSecond } from "../explain/fetch.ts";
import { isOpenLoop } from "../open-loads.ts";
import { anyField } from "./any-field.ts";
import { at, first, ofLoads } from "./series.ts";

/** Scaling of throughput in a sweep of servers (Workers, requests in flight). */

export function scaling(series: readonly CaseResult[], label: string, field: string): string | null {
  const points = series.map((one) => ({ n: numberOf(one, field), rate: one.throughput }));
  if (new Set(points.map(({ n }) => n)).size < 2) return null;
  const cores = coresFor(first(series));
  const told = points.map(({ n, rate }) => `${formatCount(n)}: ${formatCount(rate)}/s`).join(", ");
  // Workers that only wait need no core of their own.
  const computing = series.some((one) => one.process.cpuMs > 0.5 * one.durationMs * Math.min(numberOf(one, field), cores));
  const ends = series.some((one) => isList(one) && one.latency.service.max > SHORT_END * one.durationMs);
  const law = ends
    ? "no law is fitted, since the end of a list, when less is left than there are Workers, is a good part of these rates"
    : lawOf(series, points, "run side by side", computing && cores > 0 ? { cores } : {});
  return `${label} does ${told} on ${machineText(first(series))}${ofLoads(series, field)}: ${law}.`;
}

/** Largest share of a list's duration for its last item with which its end is negligible. */
const SHORT_END = 0.05;

/** True for loads with an end, during which fewer items are left than could be in progress. */
function isList({ load }: CaseResult): boolean {
  return load?.executor === "shared-iterations";
}

function machineText(one: CaseResult): string {
  return one.limits == null ? `a machine of ${counted(coresFor(one), "core")}` : theCores(one);
}

/** Widest confidence interval of the contention with which a law is reported. */
const UNSURE = 0.5;

/** The law that the points follow, or why none is reported. `what`: the effect of the rest of the work. */
function lawOf(series: readonly CaseResult[], points: readonly ScalePoint[], what: string, options: FitOptions = {}): string {
  if (series.some(isDisturbed)) return "no law is fitted, since some of the points were disturbed";
  if (loadsDiffer(series)) return "no law is fitted through points that got different loads";
  if (series.some(doesAllThatComes)) return "no law is fitted, since at some points all was done that came, and that is no limit of theirs";
  const [amdahl, usl] = [tellAmdahl(points, options), tellUsl(points, options)];
  const fit = amdahl.fit ?? usl.fit;
  if (fit === null) return `Amdahl's law is not fitted: ${amdahl.why}`;
  const { contention, explained, intervals, points: used } = fit;
  // A contention above 1 cannot be a share of the work: more servers are slower than one.
  if (contention > 1) return "more of them do less than one, of which Amdahl's law knows nothing";
  // A share that may be anything says nothing.
  if (intervals !== null && intervals.contention.high - intervals.contention.low > UNSURE)
    return `no law is told: the share that does not ${what} may lie anywhere from ${formatShare(intervals.contention.low)} to ${formatShare(intervals.contention.high)} (95 %)`;
  const upTo = used.length < points.length ? ` up to ${formatCount(Math.max(...used.map(({ n }) => n)))}` : "";
  const interval =
    intervals === null ? "" : `; 95 %: ${formatShare(intervals.contention.low)} to ${formatShare(intervals.contention.high)}`;
  const name = amdahl.fit === null ? "the universal scalability law" : "Amdahl's law";
  const law = `${name} fits${upTo} with ${formatShare(contention)} that does not ${what} (R² ${(explained ?? 0).toFixed(2)}${interval})`;
  if (usl.fit === null) return law;
  const peak = usl.fit.peak !== null && usl.fit.peak >= 1 ? `its peak at ${formatCount(usl.fit.peak)}` : "no peak in sight";
  return amdahl.fit === null ? `${law} and ${peak}` : `${law}, the universal scalability law with ${peak}`;
}

/** Share of arrivals done from which the arrivals determine the rate. */
const ALL = 0.97;

function doesAllThatComes(one: CaseResult): boolean {
  return isOpenLoop(one) && one.offeredRate !== null && one.throughput >= ALL * one.offeredRate;
}

/** `auto` stands for the number of Workers used, or of workers that joined. */
function numberOf({ params, process, hosts }: CaseResult, field: string): number {
  const value = params[field];
  return value === "auto" ? (hosts?.length ?? workersIn(process.threads).length) : Number(value);
}

/** Requests in flight and throughput: Little's law at each point, and up to where more of them help. */
export function inFlight(series: readonly CaseResult[], label: string, field: string): string | null {
  const numbered = series.filter((one) => typeof one.params[field] === "number");
  const placesOf = (one: CaseResult) => Number(one.params[field]);
  if (new Set(numbered.map(placesOf)).size < 2) return anyField(series, label, field);
  const told = series.map((one) => {
    const sent = one.fetch === undefined ? one.throughput : sentPerSecond(one, one.fetch);
    return `${at(one, field)}: ${equation(rateTerm(sent), [["×", durationTerm(itemMs(one))]], (value) => countTerm(value, "under way"))}`;
  });
  const head = `${label}, by Little's law ${told.join("; ")}${ofLoads(series, field)}.`;
  const law = (rates: readonly number[]) =>
    sentenceCase(
      lawOf(
        numbered,
        numbered.map((one, i) => ({ n: placesOf(one), rate: rates[i] ?? 0 })),
        "overlap",
      ),
    );
  if (!numbered.some(isList)) return `${head} ${law(numbered.map(({ throughput }) => throughput))}.`;
  const rates = numbered.map((one) => beforeTheEnd(one, placesOf(one)));
  if (!rates.every((rate) => rate !== null))
    return `${head} No law is fitted, since the list ends with fewer under way than may be, and at some points there were fewer before that.`;
  const before = numbered.map((one, i) => `${at(one, field)}: ${formatCount(rates[i] ?? 0)}/s`).join(", ");
  return `${head} Without the end of the list, when fewer are left than may be under way, that is ${before}. ${law(rates)}.`;
}

const itemMs = ({ fetch, latency }: CaseResult) => fetch?.itemMs ?? latency.service.mean;

/**
 * Throughput while all slots were in use (Little's law); null: slots were free for longer than the list's end takes, in which each slot
 * waits at most for the slowest item.
 */
function beforeTheEnd(one: CaseResult, places: number): number | null {
  if (!isList(one)) return one.throughput;
  const { fetch, durationMs, throughput, latency, ledger } = one;
  const sent = fetch?.sent ?? ledger.processed;
  const free = places * durationMs - sent * itemMs(one);
  if (sent <= places || free > places * latency.service.max) return null;
  const well = fetch === undefined || throughput === 0 ? 1 : throughput / sentPerSecond(one, fetch);
  return (1000 * places * well) / itemMs(one);
}
