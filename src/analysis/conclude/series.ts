import { formatCount } from "../../kernel/units.ts";
import { loadsDiffer } from "../../telemetry/noise.ts";
import { valueText } from "../../telemetry/params.ts";
import type { CaseResult } from "../../telemetry/result.ts";

/** A sentence about cases that differ in one field; null: it does not apply. */
export type About = (series: readonly CaseResult[], label: string, field: string) => string | null;

/** The value of a swept field as shown to people. */
export function at(one: CaseResult, field: string): string {
  return valueText(one.params[field]);
}

export const first = (series: readonly CaseResult[]) => series[0] as CaseResult;
export const last = (series: readonly CaseResult[]) => series.at(-1) as CaseResult;

/** A clause before comparisons of cases with different loads, which contribute to any difference. "" for equal loads. */
export function ofLoads(series: readonly CaseResult[], field: string): string {
  if (field.startsWith("load.") || !loadsDiffer(series)) return "";
  const told = series.map((one) => `${formatCount(one.offeredRate ?? 0)}/s at ${at(one, field)}`);
  return ` (the offered load differed: ${told.join(", ")}; a difference may be the load's)`;
}
