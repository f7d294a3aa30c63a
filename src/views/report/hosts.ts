import { printable } from "../../kernel/text.ts";
import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { agreeing, counted, listed } from "../../kernel/wording.ts";
import type { DistributedFigures, HostFigures } from "../../telemetry/distributed-figures.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { isIncomplete, spansOf } from "../../telemetry/series.ts";

/** What hosts and streams of mode `distributed` did. */

/** Most hosts named one by one in a line. */
const NAMED = 6;
/** Most silences told of one host. */
const SILENCES = 3;

/** The share of each host, and what is to be known of it; null: there are no hosts. */
export function hostsLine({ hosts = [] }: CaseResult): string | null {
  if (hosts.length === 0) return null;
  const all = hosts.reduce((sum, { processed }) => sum + processed, 0);
  const shareOf = ({ processed }: HostFigures) => (all === 0 ? 0 : processed / all);
  const amiss = hosts.filter((host) => conditionText(host) !== "");
  const shares = hosts.map(shareOf);
  const named = (those: readonly HostFigures[]) => those.map((host) => `${hostName(host)}${conditionText(host)}`);
  const told =
    hosts.length <= NAMED
      ? listed(hosts.map((host, i) => `${named([host])}${i === 0 ? " did" : ""} ${formatShare(shareOf(host))}`))
      : `each of ${hosts.length} workers did ${formatShare(Math.min(...shares))} to ${formatShare(Math.max(...shares))}`;
  const apart = hosts.length <= NAMED || amiss.length === 0 ? "" : `; ${listed(named(amiss.slice(0, NAMED)))}`;
  return `hosts: of ${counted(all, "item")} ${told}${apart}${clocksText(hosts)}`;
}

function hostName({ name }: Pick<HostFigures, "name">): string {
  return printable(name, 40);
}

/** In brackets what is not as usual: a worker that came late or is lost, and when it was not heard. */
function conditionText({ status, silences = [] }: Pick<HostFigures, "status" | "silences">): string {
  const silent = silences
    .slice(0, SILENCES)
    .map(({ fromMs, toMs }) =>
      toMs === null ? `silent from ${formatMs(fromMs)} on` : `silent from ${formatMs(fromMs)} to ${formatMs(toMs)}`,
    );
  const told = status === "ok" ? silent : [status, ...silent];
  return told.length === 0 ? "" : ` (${told.join(", ")})`;
}

/** The largest offset of a clock, and the largest error of one. */
function clocksText(hosts: readonly HostFigures[]): string {
  const most = (of: (host: HostFigures) => number | null) => Math.max(...hosts.map((host) => Math.abs(of(host) ?? 0)));
  const compared = hosts.filter(({ clockErrorMs }) => clockErrorMs !== null);
  if (compared.length === 0) return "";
  const offset = most(({ clockOffsetMs }) => clockOffsetMs);
  return `; their clocks, up to ${formatMs(offset)} from the runner's, are known to ± ${formatMs(most(({ clockErrorMs }) => clockErrorMs))}`;
}

/** Batches, round trips, what was taken over or sent again, and whether samples are whole; null: there are no streams. */
export function streamsLine({ distributed, series }: Pick<CaseResult, "distributed" | "series">): string | null {
  if (distributed === undefined) return null;
  const { server, partitions, commits, roundTripMs } = distributed;
  const more = [movedText(distributed), wholeText(series)].filter((text) => text !== "");
  return `streams: ${counted(partitions, "partition")} in ${printable(server, 40)}, ${counted(commits, "batch", "batches")} committed, ${formatMs(roundTripMs)} for a round trip${more.map((text) => `; ${text}`).join("")}`;
}

/** When the samples were whole whose items workers told of late; empty: all were by their end. */
function wholeText(series: CaseResult["series"]): string {
  const late = spansOf(series).filter(({ sample }) => sample.distributed?.late !== undefined);
  if (late.length === 0) return "";
  const incomplete = late.filter(isIncomplete);
  const most = Math.max(...late.map(({ sample }) => sample.distributed?.late?.ms ?? 0));
  if (incomplete.length === 0) return `each of ${counted(series.length, "sample")} whole within ${formatMs(most)} of its end`;
  const items = incomplete.reduce((sum, { sample }) => sum + (sample.distributed?.late?.items ?? 0), 0);
  return `${incomplete.length} of ${counted(series.length, "sample")} not whole: ${agreeing(incomplete.length, "its", "their")} last ${counted(items, "item")} came up to ${formatMs(most)} later`;
}

/** What did not go the straight way; empty: all did. */
function movedText({ claims, redeliveries, refused, resent }: DistributedFigures): string {
  const parts = [
    [claims, `${counted(claims, "batch", "batches")} taken over (${counted(redeliveries, "item")} redelivered)`],
    [refused, `${counted(refused, "commit")} refused`],
    [resent, `${counted(resent, "item")} sent again`],
  ] as const;
  return listed(parts.filter(([count]) => count > 0).map(([, text]) => text));
}

export const HOST_HEADING = ["host", "cores", "slots", "done", "CPU", "clock", "start", "status"] as const;

/** A host in a table: its clock with the error, and how far its beginning was from the announced start. */
export function hostCells(host: HostFigures, { durationMs }: Pick<CaseResult, "durationMs">): string[] {
  const { cores, slots, processed, cpuMs, clockOffsetMs, clockErrorMs, startSkewMs, status } = host;
  const clock = clockOffsetMs === null || clockErrorMs === null ? "–" : `${formatMs(clockOffsetMs)} ± ${formatMs(clockErrorMs)}`;
  return [
    hostName(host),
    String(cores),
    String(slots),
    formatCount(processed),
    cpuMs === null || durationMs <= 0 ? "–" : formatShare(cpuMs / durationMs),
    clock,
    startSkewMs === null ? "–" : formatMs(startSkewMs),
    status,
  ];
}
