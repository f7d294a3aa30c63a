/** Metrics as OpenMetrics 1.0 text (prometheus.io/docs/specs/om): families in the given order, `# EOF` at the end. */

export interface MetricSample {
  /** Names and values that distinguish the samples of a family. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
  /** Suffix of a histogram's sample: `_bucket`, `_count` or `_sum`. */
  readonly suffix?: string;
}

export interface MetricFamily {
  /** Letters, digits and underscores, without the suffix `_total` of a counter's samples. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help?: string;
  readonly samples: readonly MetricSample[];
}

export const OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Formats families; those without samples, and values that are not finite, are left out. */
export function openMetricsText(families: readonly MetricFamily[]): string {
  return `${families.map(familyText).join("")}# EOF\n`;
}

function familyText({ name, type, help, samples }: MetricFamily): string {
  const finite = samples.filter(({ value }) => Number.isFinite(value));
  if (finite.length === 0) return "";
  const suffix = type === "counter" ? "_total" : "";
  const lines = finite.map(({ labels, value, suffix: own }) => `${name}${own ?? suffix}${labelText(labels)} ${value}\n`);
  return `# TYPE ${name} ${type}\n${help === undefined ? "" : `# HELP ${name} ${escaped(help)}\n`}${lines.join("")}`;
}

function labelText(labels: MetricSample["labels"]): string {
  return labels.length === 0 ? "" : `{${labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
