import { formatMs, formatShare } from "../../kernel/units.ts";
import { percentileOf } from "../../telemetry/percentiles.ts";
import { valueText } from "../../telemetry/points.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { anyField } from "./any-field.ts";
import { ofLoads } from "./series.ts";

/** What queries cost the messages beside them: each rate of queries against the same case without any. The median, since one hiccup moves a mean. */
export function queriesCost(series: readonly CaseResult[], label: string, field: string): string | null {
  const without = series.find(({ params }) => Number(params["queries.rate"]) === 0);
  if (without === undefined || series.length < 2) return anyField(series, label, field);
  const alone = percentileOf(without.latency.sojourn, "p50");
  if (alone === null || series.some(({ latency }) => percentileOf(latency.sojourn, "p50") === null)) return null;
  const told = series.flatMap((one) => {
    const p50 = percentileOf(one.latency.sojourn, "p50");
    return one === without || p50 === null
      ? []
      : [`${formatMs(p50)} beside ${valueText(one.params["queries.rate"])} queries/s${change(alone, p50)}`];
  });
  return `${label}, the median message takes ${formatMs(alone)} without queries, ${told.join(", ")}${ofLoads(series, field)}.`;
}

function change(from: number, to: number): string {
  if (from === 0) return "";
  const share = to / from - 1;
  return ` (${share < 0 ? "−" : "+"}${formatShare(Math.abs(share))})`;
}
