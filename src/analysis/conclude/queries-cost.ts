import { formatMs, formatShare } from "../../kernel/units.ts";
import { medianDiffers, tailsDiffer } from "../../telemetry/noise.ts";
import { valueText } from "../../telemetry/params.ts";
import { percentileOf, percentileText, tailOf } from "../../telemetry/percentiles.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { anyField } from "./any-field.ts";
import { ofLoads } from "./series.ts";

/**
 * The cost of queries for messages: each query rate against the same case without queries. By the median, since one hiccup moves a mean;
 * and by the tail, where it differs by more than noise.
 */
export function queriesCost(series: readonly CaseResult[], label: string, field: string): string | null {
  const without = series.find(({ params }) => Number(params["queries.rate"]) === 0);
  if (without === undefined || series.length < 2) return anyField(series, label, field);
  const alone = percentileOf(without.latency.sojourn, "p50");
  // The median of a few messages is a matter of chance.
  if (alone === null || series.some(({ latency }) => percentileOf(latency.sojourn, "p50") === null)) return null;
  const told = series
    .filter((one) => one !== without)
    .map((one) => {
      const beside = `${percentileText(one.latency.sojourn, "p50")} beside ${valueText(one.params["queries.rate"])} queries/s`;
      return `${beside} (${change(without, one)}${slower(without, one)})`;
    });
  return `${label}, the median message takes ${formatMs(alone)} without queries, ${told.join(", ")}${ofLoads(series, field)}.`;
}

/** The change of the median; a difference within noise is not attributed to the queries. */
function change(without: CaseResult, one: CaseResult): string {
  if (medianDiffers(without, one) === 0) return "no more than noise";
  const [from, to] = [without, one].map(({ latency }) => percentileOf(latency.sojourn, "p50") ?? 0);
  if (from === undefined || to === undefined || from === 0) return "longer";
  const share = to / from - 1;
  return `${share < 0 ? "−" : "+"}${formatShare(Math.abs(share))}`;
}

/** The change of the tail, even where the median does not show it: by the highest percentile that both bear. */
function slower(without: CaseResult, one: CaseResult): string {
  const tail = tailOf([without.latency.sojourn, one.latency.sojourn]);
  if (tail === null || tail === "p50" || tailsDiffer(without, one) === 0) return "";
  return `; the ${tail} ${percentileText(one.latency.sojourn, tail)} against ${percentileText(without.latency.sojourn, tail)}`;
}
