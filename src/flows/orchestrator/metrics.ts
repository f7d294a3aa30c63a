import type { PartStats } from "../part.ts";

/** Statistics of parts as OpenMetrics text: every number a gauge, labelled with its part and the member of it that it is of. */
export function metricsText(parts: ReadonlyMap<string, PartStats>): string {
  const lines = new Map<string, string[]>();
  for (const [part, stats] of parts) collect(lines, "flow", [["part", part]], stats);
  const families = [...lines].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${families.map(([family, samples]) => `# TYPE ${family} gauge\n${samples.join("\n")}\n`).join("")}# EOF\n`;
}

type Labels = readonly (readonly [string, string])[];

function collect(lines: Map<string, string[]>, prefix: string, labels: Labels, stats: PartStats): void {
  for (const [figure, value] of Object.entries(stats)) {
    const family = `${prefix}_${snake(figure)}`;
    if (typeof value === "number" || typeof value === "boolean") {
      if (!Number.isFinite(Number(value))) continue;
      const samples = lines.get(family) ?? [];
      samples.push(`${family}{${labels.map(([name, text]) => `${name}="${escaped(text)}"`).join(",")}} ${Number(value)}`);
      lines.set(family, samples);
    } else if (Array.isArray(value)) {
      const seen = new Map<string, number>();
      for (const [i, member] of (value as readonly PartStats[]).entries()) {
        const name = String(member["name"] ?? i);
        // Labels tell samples apart, so a name comes once.
        const before = seen.get(name) ?? 0;
        seen.set(name, before + 1);
        collect(lines, family, [...labels, ["name", before === 0 ? name : `${name} (${before + 1})`]], member);
      }
    } else if (typeof value === "object" && value !== null) collect(lines, family, labels, value as PartStats);
  }
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll(/[^a-z0-9_]/g, "_");
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
