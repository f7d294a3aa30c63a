import { countTerm, durationTerm, equation, rateTerm } from "../../kernel/equation.ts";
import { formatCount, formatShare } from "../../kernel/units.ts";
import { counted, sentenceCase } from "../../kernel/wording.ts";
import { coresFor, theCores } from "../../telemetry/allowance.ts";
import { isDisturbed } from "../../telemetry/disturbance.ts";
import { loadsDiffer } from "../../telemetry/noise.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { sentPerSecond } from "../explain-fetch.ts";
import { type FitOptions, type ScalePoint, tellAmdahl, tellUsl } from "../scaling.ts";
import { anyField } from "./any-field.ts";
import { at, first, ofLoads } from "./series.ts";

/** What a sweep of servers (Workers, requests in flight) says of how throughput grows with them. */

export function scaling(series: readonly CaseResult[], label: string, field: string): string | null {
  const points = series.map((one) => ({ n: numberOf(one, field), rate: one.throughput }));
  if (new Set(points.map(({ n }) => n)).size < 2) return null;
  const cores = coresFor(first(series));
  const told = points.map(({ n, rate }) => `${formatCount(n)}: ${formatCount(rate)}/s`).join(", ");
  // Workers that only wait need no core of their own.
  const computing = series.some((one) => one.process.cpuMs > 0.5 * one.durationMs * Math.min(numberOf(one, field), cores));
  const law = lawOf(series, points, "run side by side", computing && cores > 0 ? { cores } : {});
  return `${label} does ${told} on ${machineText(first(series))}${ofLoads(series, field)}: ${law}.`;
}

function machineText(one: CaseResult): string {
  return one.limits == null ? `a machine of ${counted(coresFor(one), "core")}` : theCores(one);
}

/** Widest interval of the share that does not scale for which a law says something. */
const UNSURE = 0.5;

/** The law that the points follow, or why none is told. `what`: what the rest of the work does. */
function lawOf(series: readonly CaseResult[], points: readonly ScalePoint[], what: string, options: FitOptions = {}): string {
  if (series.some(isDisturbed)) return "no law is fitted, since other programs disturbed it";
  if (loadsDiffer(series)) return "no law is fitted through points that got different loads";
  const [amdahl, usl] = [tellAmdahl(points, options), tellUsl(points, options)];
  const fit = amdahl.fit ?? usl.fit;
  if (fit === null) return `Amdahl's law is not fitted: ${amdahl.why}`;
  const { contention, explained, intervals, points: used } = fit;
  // Beyond 1 no share of the work explains it: more of them are slower than one.
  if (contention > 1) return "more of them do less than one, of which Amdahl's law knows nothing";
  // A share that may be anything is none.
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

/** `auto` is as many Workers as there were. */
function numberOf({ params, process }: CaseResult, field: string): number {
  const value = params[field];
  return value === "auto" ? process.threads.filter(({ name }) => name !== "main").length : Number(value);
}

/** Requests in flight against requests done: Little's law at each point, and how far more of them help. */
export function inFlight(series: readonly CaseResult[], label: string, field: string): string | null {
  const numbered = series.filter((one) => typeof one.params[field] === "number");
  const points = numbered.map((one) => ({ n: Number(one.params[field]), rate: one.throughput }));
  if (new Set(points.map(({ n }) => n)).size < 2) return anyField(series, label, field);
  const told = series.map((one) => {
    const sent = one.fetch === undefined ? one.throughput : sentPerSecond(one, one.fetch);
    const each = one.fetch?.itemMs ?? one.latency.service.mean;
    return `${at(one, field)}: ${equation(rateTerm(sent), [["×", durationTerm(each)]], (value) => countTerm(value, "under way"))}`;
  });
  return `${label}, by Little's law ${told.join("; ")}${ofLoads(series, field)}. ${sentenceCase(lawOf(numbered, points, "overlap"))}.`;
}
