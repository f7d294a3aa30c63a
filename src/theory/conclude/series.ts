import { formatCount } from "../../kernel/units.ts";
import { loadsDiffer } from "../../telemetry/noise.ts";
import { valueText } from "../../telemetry/points.ts";
import type { CaseResult } from "../../telemetry/result.ts";

/** A sentence about cases that differ in one field; null: it has nothing to say of them. */
export type About = (series: readonly CaseResult[], label: string, field: string) => string | null;

/** The value of a swept field, as a person reads it. */
export function at(one: CaseResult, field: string): string {
  return valueText(one.params[field]);
}

export const first = (series: readonly CaseResult[]) => series[0] as CaseResult;
export const last = (series: readonly CaseResult[]) => series.at(-1) as CaseResult;

/** Said before a comparison of cases that did not get the same load: a difference is the load's as well. "" where they did. */
export function ofLoads(series: readonly CaseResult[], field: string): string {
  if (field.startsWith("load.") || !loadsDiffer(series)) return "";
  const told = series.map((one) => `${formatCount(one.offeredRate ?? 0)}/s at ${at(one, field)}`);
  return ` (the offered load differed: ${told.join(", ")}; a difference may be the load's)`;
}
