import { metricNamed, type Unit } from "../telemetry/metrics.ts";
import type { CaseResult } from "../telemetry/result.ts";

/** A figure of a case that can be compared: a metric, or one number of its distribution. */
export interface ComparedFigure {
  readonly name: string;
  readonly unit: Unit;
  readonly better: "less" | "more";
  /** True for numbers of items, which may be 0. */
  readonly counts: boolean;
  /** null: not measured, or too few items bear it. */
  readonly read: (one: CaseResult) => number | null;
}

/** What is compared unless other figures are asked for. */
export const HEADLINE_FIGURES: readonly string[] = ["throughput", "sojourn_mean", "sojourn_p99", "service_mean", "dropped"];

/** What varies less than throughput from round to round. */
export const STEADY_FIGURES: readonly string[] = ["service_p50", "cpu_per_item"];

/** Numbers of a distribution, by the end of the figure's name. */
const OF_TRENDS: Readonly<Record<string, string>> = {
  mean: "avg",
  p50: "med",
  p90: "p(90)",
  p95: "p(95)",
  p99: "p(99)",
  p99_9: "p(99.9)",
  max: "max",
};

/**
 * The figure of that name: a metric such as `throughput`, or a number of a distribution such as `sojourn_p99` (of `sojourn_ms`). null: there
 * is none, or neither direction of it is better.
 */
export function figureOf(name: string): ComparedFigure | null {
  const [, base = name, end] = /^(.+?)_(mean|p50|p90|p95|p99|p99_9|max)$/.exec(name) ?? [];
  const trend = end === undefined ? null : metricNamed(`${base}_ms`);
  const found = trend?.kind === "trend" ? trend : metricNamed(name);
  if (found === null || found.better === null) return null;
  if (found.kind === "trend" && found !== trend) return null;
  const field = found.kind === "trend" ? (OF_TRENDS[end ?? ""] ?? "") : (found.fields[0] ?? "");
  return { name, unit: found.unit, better: found.better, counts: found.unit === "count", read: (one) => found.read(one, field) };
}
