import { formatBytes, formatCount, formatMs, formatRate, formatShare } from "../../kernel/units.ts";
import { isDisturbed } from "../../telemetry/disturbance.ts";
import { type MetricName, metric, type Unit } from "../../telemetry/metrics.ts";
import { TOO_FEW } from "../../telemetry/percentiles.ts";
import { haveUnlikeTapes } from "../../telemetry/rate-changes.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { isUnsound } from "../../telemetry/verdicts.ts";
import { DISTURBED } from "../report/disturbed.ts";

const IN_WORDS: Readonly<Record<Unit, (value: number) => string>> = {
  ms: formatMs,
  ns: (ns) => formatMs(ns / 1e6),
  "/s": formatRate,
  count: formatCount,
  bytes: formatBytes,
  share: formatShare,
  cores: (cores) => `${(cores * 100).toFixed(0)} %`,
};

/** A value in its unit, as a person reads it. */
export function inUnit(unit: Unit, value: number): string {
  return IN_WORDS[unit](value);
}

export const UNMEASURED = "–";

/** A figure of a case; a dash: it was not measured. Percentiles say where too few items bear them, disturbed cases carry their mark. */
export function figureText(one: CaseResult, name: MetricName, field: string): string {
  const { read, unit, kind } = metric(name);
  const value = one.status === "failed" ? null : read(one, field);
  if (value !== null) return `${inUnit(unit, value)}${isDisturbed(one) ? DISTURBED : ""}`;
  const few = kind === "trend" && one.status !== "failed" && (read(one, "count") ?? 0) > 0;
  return few ? TOO_FEW : UNMEASURED;
}

/** Throughput as a share of the fastest case with a measurement that counts; null: this case has none, or their tapes differ. */
export function shareOfFastest(one: CaseResult, cases: readonly CaseResult[]): number | null {
  if (haveUnlikeTapes(cases)) return null;
  const rateOf = (of: CaseResult) => (isUnsound(of) ? null : metric("throughput").read(of, "value"));
  const fastest = Math.max(0, ...cases.map((of) => rateOf(of) ?? 0));
  const rate = rateOf(one);
  return rate === null || fastest === 0 ? null : rate / fastest;
}
