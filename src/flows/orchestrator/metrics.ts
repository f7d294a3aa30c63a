import { type MetricSample, openMetricsText } from "../../kernel/openmetrics.ts";
import type { PartStats } from "../part.ts";

/** Statistics of parts as OpenMetrics text: every number a gauge, labelled with its part and its member. */
export function metricsText(parts: ReadonlyMap<string, PartStats>): string {
  const found = new Map<string, MetricSample[]>();
  for (const [part, stats] of parts) collect(found, "flow", [["part", part]], stats);
  const families = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return openMetricsText(families.map(([name, samples]) => ({ name, type: "gauge", samples })));
}

function collect(found: Map<string, MetricSample[]>, prefix: string, labels: MetricSample["labels"], stats: PartStats): void {
  for (const [figure, value] of Object.entries(stats)) {
    const family = `${prefix}_${snake(figure)}`;
    if (typeof value === "number" || typeof value === "boolean") {
      const samples = found.get(family) ?? [];
      samples.push({ labels, value: Number(value) });
      found.set(family, samples);
    } else if (Array.isArray(value)) {
      const seen = new Map<string, number>();
      for (const [i, member] of (value as readonly PartStats[]).entries()) {
        const name = String(member["name"] ?? i);
        // Labels distinguish samples, so each name is listed once.
        const before = seen.get(name) ?? 0;
        seen.set(name, before + 1);
        collect(found, family, [...labels, ["name", before === 0 ? name : `${name} (${before + 1})`]], member);
      }
    } else if (typeof value === "object" && value !== null) collect(found, family, labels, value as PartStats);
  }
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll(/[^a-z0-9_]/g, "_");
}
