import { printable } from "../../kernel/text.ts";
import { PERCENTILES, percentileOf, SHARES } from "../../telemetry/percentiles.ts";
import type { CaseResult, RunResult } from "../../telemetry/result.ts";
import { caseName } from "../report/closing.ts";

/** The sojourn times of every case, a distribution after the other. Plotters read one per file: `distributionOf`. */
export function hgrmOf(result: RunResult): string {
  return result.cases.map((one) => distributionOf(one, result.scenario.name)).join("\n");
}

/**
 * The sojourn times of a case in milliseconds, as HdrHistogram writes a percentile distribution and its plotters read it
 * (https://github.com/HdrHistogram/HdrHistogram, AbstractHistogram.outputPercentileDistribution). Results keep a summary, not the histogram:
 * there is a line for the minimum, the percentiles that enough items bear, and the maximum, and notes say so.
 */
export function distributionOf(one: CaseResult, scenario: string): string {
  const { sojourn } = one.latency;
  const { count, min, max, mean, stddev } = sojourn;
  const between = PERCENTILES.flatMap((percentile): Point[] => {
    const value = percentileOf(sojourn, percentile);
    return value === null ? [] : [{ share: SHARES[percentile], value, total: Math.ceil(count * SHARES[percentile]) }];
  });
  const points = count === 0 ? [] : [{ share: 0, value: min, total: 1 }, ...between, { share: 1, value: max, total: count }];
  return [
    "       Value     Percentile TotalCount 1/(1-Percentile)",
    "",
    ...points.map(lineOf),
    `#[Mean    = ${decimals(mean, 12)}, StdDeviation   = ${decimals(stddev, 12)}]`,
    `#[Max     = ${decimals(max, 12)}, Total count    = ${String(count).padStart(12)}]`,
    `# ${printable(scenario, 200)}, ${caseName(one)} (${one.status}): sojourn time in milliseconds, from due to ended.`,
    ...notes(one, between.length),
    "",
  ].join("\n");
}

interface Point {
  readonly share: number;
  readonly value: number;
  /** Items up to it. */
  readonly total: number;
}

function lineOf({ share, value, total }: Point): string {
  const start = `${decimals(value, 12)} ${share.toFixed(12)} ${String(total).padStart(10)}`;
  return share === 1 ? start : `${start} ${(1 / (1 - share)).toFixed(2).padStart(14)}`;
}

function decimals(value: number, width: number): string {
  return value.toFixed(3).padStart(width);
}

function notes({ latency: { sojourn } }: CaseResult, borne: number): string[] {
  if (sojourn.count === 0) return ["# Nothing was measured."];
  const missing = PERCENTILES.length - borne;
  return [
    "# A result keeps these percentiles, not the histogram: a line drawn between two of them is a guess.",
    ...(missing === 0 ? [] : [`# Left out: ${PERCENTILES.slice(borne).map(inWords).join(", ")}, which too few items bear.`]),
  ];
}

function inWords(percentile: string): string {
  return percentile.replace("_", ".");
}
