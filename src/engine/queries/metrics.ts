import type { FaceStatus } from "./face-protocol.ts";

/** The figures of a running case as OpenMetrics 1.0 text (prometheus.io/docs/specs/om). */
export function openMetrics(status: FaceStatus | null): string {
  if (status === null) return "# EOF\n";
  const label = `{mode="${status.mode}"}`;
  const lines: string[] = [];
  const add = (name: string, type: "counter" | "gauge", help: string, value: number | null) => {
    if (value === null) return;
    const suffix = type === "counter" ? "_total" : "";
    lines.push(`# TYPE lab_${name} ${type}`, `# HELP lab_${name} ${help}`, `lab_${name}${suffix}${label} ${value}`);
  };
  add("scheduled", "counter", "Messages that have fallen due.", status.scheduled);
  add("processed", "counter", "Messages processed to their end.", status.processed);
  add("failed", "counter", "Messages that ran and erred.", status.failed);
  add("rejected", "counter", "Messages refused as invalid.", status.rejected);
  add("dropped", "counter", "Messages dropped at the full queue.", status.dropped);
  add("unfinished", "gauge", "Messages due and not done.", status.unfinished);
  add("queue_depth", "gauge", "Messages in the queue.", status.depth);
  add("throughput", "gauge", "Messages processed per second so far.", status.throughput);
  add("sojourn_p50_seconds", "gauge", "Median sojourn time so far.", inSeconds(status.p50Ms));
  add("sojourn_p99_seconds", "gauge", "99th percentile of the sojourn time so far.", inSeconds(status.p99Ms));
  return `${lines.join("\n")}\n# EOF\n`;
}

/** null: too few items bear it, and no sample is given. */
function inSeconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
