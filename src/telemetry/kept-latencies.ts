import type { LatencySummary } from "../kernel/histogram.ts";
import { type KeptSummary, kept, withTooFew } from "./percentiles.ts";
import type { Latencies, MeasuredCase, QueryFigures } from "./result.ts";

/**
 * The latencies of a case as stored in files. The sojourn of requests keeps all its numbers beside `tooFew`: a list of requests is
 * complete, not a sample, and scripts read its percentiles whatever its length.
 */
export function keptLatencies(measured: Latencies<LatencySummary>, workload: string): Latencies<KeptSummary> {
  const { sojourn, schedule, queue, batch, service, ok, failed } = measured;
  return {
    sojourn: workload === "fetch" ? withTooFew(sojourn) : kept(sojourn),
    schedule: kept(schedule),
    queue: kept(queue),
    batch: kept(batch),
    service: kept(service),
    ...(ok === undefined ? {} : { ok: kept(ok) }),
    ...(failed === undefined ? {} : { failed: kept(failed) }),
  };
}

/** The waits of queries as stored in files. */
export function keptQueries({ latency, staleness, ...counts }: MeasuredCase["queries"]): QueryFigures {
  return { ...counts, latency: kept(latency), ...(staleness === undefined ? {} : { staleness: kept(staleness) }) };
}
