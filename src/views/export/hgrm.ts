import { KeptHistogram } from "../../kernel/histogram-text.ts";
import { printable } from "../../kernel/text.ts";
import { type KeptSummary, PERCENTILES, type Percentile, percentileOf, SHARES } from "../../telemetry/percentiles.ts";
import { hasChangedRate, rateChangesText } from "../../telemetry/rate-changes.ts";
import type { CaseResult, RunResult } from "../../telemetry/result.ts";
import { caseName } from "../report/closing.ts";

/** The sojourn times of every case, a distribution after the other. Plotters read one per file: `distributionOf`. */
export function hgrmOf(result: RunResult): string {
  return result.cases.map((one) => distributionOf(one, result.scenario.name)).join("\n");
}

/**
 * The sojourn times of a case in milliseconds, as HdrHistogram writes a percentile distribution and its plotters read it
 * (https://github.com/HdrHistogram/HdrHistogram, AbstractHistogram.outputPercentileDistribution). Results of earlier versions have a summary
 * and no histogram: of them there is a line for the minimum, the percentiles that enough items bear, and the maximum, and notes say so.
 */
export function distributionOf(one: CaseResult, scenario: string): string {
  const { count, max, mean, stddev } = one.latency.sojourn;
  const histogram = KeptHistogram.read(one.histograms?.sojourn);
  return [
    "       Value     Percentile TotalCount 1/(1-Percentile)",
    "",
    ...(histogram === null ? summaryPoints(one) : histogramPoints(histogram, one)).map(lineOf),
    `#[Mean    = ${decimals(mean, 12)}, StdDeviation   = ${decimals(stddev, 12)}]`,
    `#[Max     = ${decimals(max, 12)}, Total count    = ${String(count).padStart(12)}]`,
    `# ${printable(scenario, 200)}, ${caseName(one)} (${one.status}): sojourn time in milliseconds, from due to ended.`,
    ...(hasChangedRate(one) ? [`# ${rateChangesText(one.rateChanges ?? [])}`] : []),
    ...notes(one, histogram !== null),
    "",
  ].join("\n");
}

/** Lines for each halving of the distance to 100 %, as HdrHistogram's own by default. */
const PER_HALF = 5;

/** Percentiles that come closer to 100 % by halves, until each item above has a line of its own. */
function histogramPoints(histogram: KeptHistogram, { latency: { sojourn } }: CaseResult): Point[] {
  const { count } = histogram;
  if (count === 0) return [];
  const points: Point[] = [];
  for (let half = 1; ; half *= 2) {
    for (let tick = 0; tick < PER_HALF; tick++) {
      const share = 1 - (1 - tick / (2 * PER_HALF)) / half;
      const { value, total } = histogram.at(share);
      // Middles of buckets, but no less or more than there was.
      points.push({ share, value: Math.min(sojourn.max, Math.max(sojourn.min, value / 1e6)), total });
      if (total >= count) return [...points, { share: 1, value: sojourn.max, total: count }];
    }
  }
}

function summaryPoints({ latency: { sojourn } }: CaseResult): Point[] {
  const { count, min, max } = sojourn;
  if (count === 0) return [];
  const between = borne(sojourn).map((percentile) => {
    const share = SHARES[percentile];
    return { share, value: percentileOf(sojourn, percentile) ?? 0, total: Math.ceil(count * share) };
  });
  return [{ share: 0, value: min, total: 1 }, ...between, { share: 1, value: max, total: count }];
}

function borne(summary: KeptSummary): Percentile[] {
  return PERCENTILES.filter((percentile) => percentileOf(summary, percentile) !== null);
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
  return value.toFixed(value > 0 && value < 1 ? 6 : 3).padStart(width);
}

function notes({ latency: { sojourn } }: CaseResult, whole: boolean): string[] {
  if (sojourn.count === 0) return ["# Nothing was measured."];
  const missing = PERCENTILES.slice(borne(sojourn).length).map(inWords);
  const few = missing.length === 0 ? "" : `${missing.join(", ")}, which too few items bear.`;
  if (whole) return few === "" ? [] : [`# With care: ${few}`];
  return [
    "# A result keeps these percentiles, not the histogram: a line drawn between two of them is a guess.",
    ...(few === "" ? [] : [`# Left out: ${few}`]),
  ];
}

function inWords(percentile: string): string {
  return percentile.replace("_", ".");
}
