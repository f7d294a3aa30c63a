import { printable } from "../../kernel/text.ts";
import { formatBytes, formatMs, formatShare } from "../../kernel/units.ts";
import { type KeptSummary, type Percentile, percentileText, SHARES, TOO_FEW } from "../../telemetry/percentiles.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { textTable } from "./table.ts";

/** Every figure of a case, by its name in the result file, for readers who miss something in the summary. */

/** Fields shown elsewhere: in the summary, in the table of times, and as charts. */
const ELSEWHERE: readonly string[] = ["mode", "params", "status", "problems", "warnings", "explanation", "latency", "series", "rejections"];

const COLUMNS = ["count", "mean", "stddev", "min", "p50", "p75", "p90", "p95", "p99", "p99_9", "max"] as const;

/** The times as a table, then the rest: a figure per line, its name to the left. */
export function everyFigure(one: CaseResult): string[] {
  const { latency: _, ...queries } = one.queries;
  const rest = Object.entries({ ...one, queries, fetch: withoutTimes(one.fetch) }).filter(([name]) => !ELSEWHERE.includes(name));
  const figures = rest.flatMap(([name, value]) => flattened(name, name, value));
  const phases = phasesTable(one);
  const width = Math.max(...figures.map(([name]) => Bun.stringWidth(name)));
  return [
    ...timesTable(one).split("\n"),
    "",
    ...(phases === null ? [] : [...phases.split("\n"), ""]),
    ...figures.map(([name, text]) => `${name}${" ".repeat(width - Bun.stringWidth(name))}   ${text}`),
  ];
}

/** Figures of requests without those of the phases table. */
function withoutTimes(fetch: CaseResult["fetch"]): object | undefined {
  if (fetch?.phases === undefined) return fetch;
  return { ...fetch, phases: { reused: fetch.phases.reused } };
}

/** A row per quantile, a column per part: narrow enough for a small screen. */
function timesTable({ latency, queries }: CaseResult): string {
  const parts: [string, KeptSummary][] = Object.entries(latency).map(([name, times]) => [name, times]);
  if (queries.latency.count > 0) parts.push(["query", queries.latency]);
  return tableOf(parts);
}

/** As `timesTable`, for the phases of requests; null: there are none. */
function phasesTable({ fetch }: CaseResult): string | null {
  const { phases } = fetch ?? {};
  if (phases === undefined) return null;
  const { connect, tls, firstByte, body, attempt } = phases;
  return tableOf([
    ["connect", connect],
    ["TLS", tls],
    ["first byte", firstByte],
    ["body", body],
    ["attempt", attempt],
  ]);
}

function tableOf(parts: readonly (readonly [string, KeptSummary])[]): string {
  const cell = (times: KeptSummary, column: (typeof COLUMNS)[number]) => {
    if (column === "count") return String(times.count);
    if (times.count === 0) return "–";
    return isPercentile(column) ? percentileText(times, column) : formatMs(times[column]);
  };
  const rows = COLUMNS.map((column) => [column.replace("_", "."), ...parts.map(([, times]) => cell(times, column))]);
  return textTable(["", ...parts.map(([name]) => name)], rows);
}

function isPercentile(column: string): column is Percentile {
  return Object.hasOwn(SHARES, column);
}

type Line = readonly [name: string, text: string];

/** A value by its name, nested names with dots; lists of plain values in a line. */
function flattened(path: string, key: string, value: unknown): Line[] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null)
    return [[printable(path, 60), value === null && /\.p\d+(_9|Ms)?$/.test(path) ? TOO_FEW : leaf(key, value)]];
  if (Array.isArray(value) && value.every((inner) => typeof inner !== "object" || inner === null)) {
    return [[printable(path, 60), value.length === 0 ? "none" : value.map((inner) => leaf(key, inner)).join(", ")]];
  }
  const entries = Array.isArray(value) ? value.map(labelled) : Object.entries(value);
  if (entries.length === 0) return [[printable(path, 60), "none"]];
  return entries.flatMap(([inner, of]) => flattened(`${path}.${inner}`, isMeasure(inner) ? inner : key, of));
}

/** A member of a list by its own name, where it has one. */
function labelled(member: object, index: number): [string, unknown] {
  const { name, core, ...rest } = member as { readonly name?: unknown; readonly core?: unknown };
  return [String(name ?? core ?? index), rest];
}

/** True when a key alone tells what is measured, so that the keys around it are not needed. */
function isMeasure(key: string): boolean {
  return !/^(p\d+(_9)?|max|min|mean|stddev|\d+)$/.test(key);
}

function leaf(key: string, value: unknown): string {
  if (value === null) return "–";
  if (typeof value !== "number") return printable(String(value), 200);
  if (/(Ms|^sojourn(Mean|P99)|^staleness)$/.test(key)) return formatMs(value);
  if (/Ns$/.test(key)) return formatMs(value / 1e6);
  if (/Bytes$/.test(key) || key === "bytes") return formatBytes(value);
  if (key === "utilization" || key === "busy") return formatShare(value);
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
}
