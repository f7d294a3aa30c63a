import { formatBytes, formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import { droppedTotal } from "../../telemetry/ledger.ts";
import { valueText } from "../../telemetry/params.ts";
import { percentileText, tailOf, tailText } from "../../telemetry/percentiles.ts";
import { groupedBy, paysWithoutBound } from "../../telemetry/points.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { at, ofLoads } from "./series.ts";

/** Compares cases that differ in one field. */

const sojournOf = ({ latency }: CaseResult) => latency.sojourn;

/** By the highest percentile that all of them bear. */
const slow = (one: CaseResult, series: readonly CaseResult[]) => tailText(one.latency.sojourn, series.map(sojournOf));

/** Size and cost of a message in each format, across threads and to disk. */
export function formats(series: readonly CaseResult[], label: string): string | null {
  const told = series.flatMap(({ serialization, throughput }) => {
    if (serialization === undefined) return [];
    const { codec, bytesPerMessage, encodeNs, decodeNs, diskWriteNs, diskReadNs, resolutionNs = 1 } = serialization;
    const ns = (value: number | null) => formatMs((value ?? 0) / 1e6);
    const timed = (value: number) => `${value <= resolutionNs ? "at most " : ""}${ns(Math.max(value, resolutionNs))}`;
    const disk = diskWriteNs === null ? "" : `, to disk ${ns(diskWriteNs)} and back ${ns(diskReadNs)}`;
    return [
      `${codec} ${formatCount(bytesPerMessage)} B, ${timed(encodeNs)} to write, ${timed(decodeNs)} to read${disk}, ${formatCount(throughput)}/s`,
    ];
  });
  return told.length === 0 ? null : `${label}, a message: ${told.join("; ")}.`;
}

/** Retries at once, and their number. */
export function herd(series: readonly CaseResult[], label: string, field: string): string {
  const told = series.map((one) => {
    const { attempts = 0, server } = one.fetch ?? {};
    const atOnce = server === null || server === undefined ? "" : `, ${formatCount(server.peakConcurrency)} at once at the server`;
    return `${at(one, field)} ${counted(attempts, "attempt")}${atOnce}, ${slow(one, series)}`;
  });
  return `${label}: ${told.join("; ")}${ofLoads(series, field)}.`;
}

export function processingTime(series: readonly CaseResult[], label: string, field: string): string | null {
  const told = series
    .filter(({ predicted }) => predicted.capacity !== null)
    .map(({ params, throughput, predicted }) => {
      const share = throughput / (predicted.capacity ?? 1);
      return `${valueText(params["work.time"])}: ${formatCount(throughput)}/s of ${formatCount(predicted.capacity ?? 0)}/s (${formatShare(share)})`;
    });
  return told.length === 0 ? null : `${label}, measured of what the processing time allows: ${told.join(", ")}${ofLoads(series, field)}.`;
}

export function overflow(series: readonly CaseResult[], label: string, field: string): string {
  const told = series.map((one) => {
    const { schedule } = one.latency;
    const dropped = droppedTotal(one.ledger);
    return `${at(one, field)} ${formatCount(one.throughput)}/s, ${slow(one, series)} (${percentileText(schedule, tailOf(series.map(sojournOf)) ?? "p99")} before the queue), ${formatCount(dropped)} dropped, ${formatCount(one.queue.highWater)} deep, ${Math.round(one.process.peakRssBytes / 1e6)} MB`;
  });
  return `${label}: ${neverFull(series) ? "the queue is never full, so what is done when it is makes no difference: " : ""}${told.join("; ")}${ofLoads(series, field)}.`;
}

/** True when nothing was dropped or delayed for lack of room in any case. */
function neverFull(series: readonly CaseResult[]): boolean {
  return series.every(
    ({ mode, ledger, queue, sourceBlocked }) =>
      mode !== "sync" &&
      droppedTotal(ledger) === 0 &&
      sourceBlocked.queueFullMs === 0 &&
      (queue.capacity === null || queue.highWater < queue.capacity),
  );
}

export function offload(series: readonly CaseResult[], label: string, field: string): string {
  const told = series.map((one) => {
    const { delayMs, busy } = one.process.eventLoop;
    const handed = at(one, field) === "none" ? "not handed over" : `handed over by ${at(one, field)}`;
    return `${handed} ${formatCount(one.throughput)}/s, ${slow(one, series)}, the loop held ${formatShare(busy)} of the time, its p99 of lateness ${formatMs(delayMs.p99)}`;
  });
  return `${label}: ${told.join("; ")}${ofLoads(series, field)}.`;
}

/** The cost of points without a limit on concurrency. */
export function withoutBound(cases: readonly CaseResult[]): string[] {
  return [...groupedBy(cases, [])].flatMap(([label, group]) => {
    const one = group.find((each) => paysWithoutBound(each, group));
    if (one === undefined) return [];
    const bounded = group.filter(({ params }) => !Object.values(params).includes("unlimited"));
    const most = (cost: (of: CaseResult) => number) => Math.max(...bounded.map(cost));
    const files = ({ process }: CaseResult) => process.peakOpenFiles ?? 0;
    const connections = ({ fetch }: CaseResult) => fetch?.connectionsOpened ?? 0;
    const dear = (cost: (of: CaseResult) => number) => cost(one) > most(cost);
    const paid = [
      `${formatBytes(one.process.peakRssBytes)} of memory (at most ${formatBytes(most(({ process }) => process.peakRssBytes))} with a limit)`,
      ...(dear(files) ? [`${counted(files(one), "open file")} (${formatCount(most(files))})`] : []),
      ...(dear(connections) ? [`${counted(connections(one), "connection")} (${formatCount(most(connections))})`] : []),
    ];
    return [`${label}, without a limit: ${formatCount(one.throughput)}/s, paid for with ${paid.join(", ")}. It is not called best.`];
  });
}
