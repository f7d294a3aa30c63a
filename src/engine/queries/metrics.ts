import { type MetricFamily, openMetricsText } from "../../kernel/openmetrics.ts";
import type { StatusReport } from "./http-protocol.ts";

/** Figures of a running case as OpenMetrics text; no metrics without figures. */
export function openMetrics(status: StatusReport | null): string {
  return openMetricsText(status === null ? [] : familiesOf(status));
}

function familiesOf(status: StatusReport): MetricFamily[] {
  const family = (type: MetricFamily["type"], name: string, help: string, value: number | null): MetricFamily => ({
    name: `lab_${name}`,
    type,
    help,
    samples: value === null ? [] : [{ labels: [["mode", status.mode]], value }],
  });
  return [
    family("counter", "scheduled", "Messages that have fallen due.", status.scheduled),
    family("counter", "processed", "Messages processed to their end.", status.processed),
    family("counter", "failed", "Messages that ran and erred.", status.failed),
    family("counter", "rejected", "Messages refused as invalid.", status.rejected),
    family("counter", "dropped", "Messages dropped at the full queue.", status.dropped),
    family("gauge", "unfinished", "Messages due and not done.", status.unfinished),
    family("gauge", "queue_depth", "Messages in the queue.", status.depth),
    family("gauge", "throughput", "Messages processed per second so far.", status.throughput),
    family("gauge", "sojourn_p50_seconds", "Median sojourn time so far.", inSeconds(status.p50Ms)),
    family("gauge", "sojourn_p99_seconds", "99th percentile of the sojourn time so far.", inSeconds(status.p99Ms)),
  ];
}

/** null: too few items bear it, and there is no sample. */
function inSeconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
