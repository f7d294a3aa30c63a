import { printable } from "../../kernel/text.ts";
import { formatCount } from "../../kernel/units.ts";
import { isDisturbed } from "../../telemetry/disturbance.ts";
import { droppedTotal, type Ledger } from "../../telemetry/ledger.ts";
import { type MetricName, metric } from "../../telemetry/metrics.ts";
import { paramsText } from "../../telemetry/params.ts";
import { msOrTooFew } from "../../telemetry/percentiles.ts";
import type { Prediction } from "../../telemetry/prediction.ts";
import type { CaseResult, RateChange } from "../../telemetry/result.ts";
import type { CaseFault } from "../../telemetry/verdicts.ts";
import { DISTURBED } from "./disturbed.ts";
import { FAULT } from "./fault.ts";

/** One row of the table that compares the modes; texts, ready to draw. */
export interface ComparisonRow {
  readonly mode: string;
  readonly "done/s": string;
  readonly p50: string;
  readonly p95: string;
  readonly p99: string;
  readonly drops: string;
  readonly CPU: string;
  readonly predicted: string;
  readonly [column: string]: string;
}

export interface RowFigures {
  readonly mode: string;
  /** Point of the sweep; empty without one. */
  readonly where: string;
  readonly status: string;
  readonly throughput: number;
  /** Milliseconds; null: too few items bear it. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly dropped: number;
  /** CPU use in cores. */
  readonly cpu: number;
  readonly predicted: Prediction;
  /** Changes of its arrival rate by hand; absent: none. */
  readonly rateChanges?: readonly RateChange[];
  /** Why it must not be relied on; a failed threshold leaves its figures valid. */
  readonly fault?: CaseFault | null;
  /** Other influences affected the figures. */
  readonly disturbed: boolean;
}

export function rowOfResult(result: CaseResult): RowFigures {
  const read = (name: MetricName, field: string) => metric(name).read(result, field);
  return {
    mode: result.mode,
    where: paramsText(result.params),
    status: result.status,
    throughput: read("throughput", "value") ?? 0,
    p50: read("sojourn_ms", "p(50)"),
    p95: read("sojourn_ms", "p(95)"),
    p99: read("sojourn_ms", "p(99)"),
    dropped: read("dropped", "count") ?? 0,
    cpu: read("cpu", "value") ?? Number.NaN,
    predicted: result.predicted,
    rateChanges: result.rateChanges ?? [],
    disturbed: isDisturbed(result),
  };
}

export function comparisonRow(figures: RowFigures): ComparisonRow {
  const failed = figures.status === "failed";
  const blank = (text: string) => (failed ? "–" : `${text}${figures.disturbed && text !== "–" ? DISTURBED : ""}`);
  const status = figures.status === "completed" || figures.status === "running" ? "" : ` (${figures.status})`;
  // The status says it in words already.
  const mark = figures.fault === "threshold" ? `${status} ${FAULT}` : status;
  // Without completed items there are no latencies.
  const latency = (ms: number | null) => (figures.throughput > 0 ? blank(msOrTooFew(ms)) : "–");
  return {
    mode: `${printable(figures.mode, 20)}${figures.where === "" ? "" : ` ${printable(figures.where, 60)}`}${mark}`,
    "done/s": blank(formatCount(figures.throughput)),
    p50: latency(figures.p50),
    p95: latency(figures.p95),
    p99: latency(figures.p99),
    drops: blank(formatCount(figures.dropped)),
    CPU: blank(Number.isNaN(figures.cpu) ? "–" : `${(figures.cpu * 100).toFixed(0)} %`),
    predicted: predictedRate(figures.predicted),
  };
}

/** The predicted maximum; where keys or a partition are the limit their throughput, since capacity assumes evenly spread keys. */
function predictedRate({ capacity, throughput, bottleneck }: Prediction): string {
  if (/ (keys?|partition)$/.test(bottleneck) && throughput !== null) return `≈ ${formatCount(throughput)}`;
  return capacity === null ? "–" : `≤ ${formatCount(capacity)}`;
}

export const COLUMNS = ["mode", "done/s", "p50", "p95", "p99", "drops", "CPU", "predicted"] as const;

/** The comparison as plain text: columns separated by two spaces, numbers to the right. */
export function plainTable(rows: readonly ComparisonRow[], columns: readonly string[] = COLUMNS): string {
  return textTable(
    columns,
    rows.map((row) => columns.map((column) => row[column] ?? "")),
  );
}

/** The comparison in lines of at most `width` columns where possible: with short field names, without p95, p50, CPU. */
export function narrowTable(rows: readonly ComparisonRow[], width: number): string {
  const short = rows.map((row) => ({ ...row, mode: row.mode.replace(/\b(?:[a-z]+\.)+(?=[a-z])/gi, "") }));
  const without = (...spare: string[]) => COLUMNS.filter((column) => !spare.includes(column));
  const tries = [
    plainTable(rows),
    plainTable(short),
    plainTable(short, without("p95")),
    plainTable(short, without("p95", "p50")),
    plainTable(short, without("p95", "p50", "CPU")),
  ];
  const fits = (table: string) => table.split("\n").every((line) => Bun.stringWidth(line) <= width);
  return tries.find(fits) ?? (tries.at(-1) as string);
}

/** A table as plain text: a heading, a rule, the rows; the first column to the left, the rest to the right. */
export function textTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((column, i) => Math.max(Bun.stringWidth(column), ...rows.map((row) => Bun.stringWidth(row[i] ?? ""))));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => pad(cell, widths[i] ?? 0, i > 0))
      .join("  ")
      .trimEnd();
  return [line(heading), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)].join("\n");
}

function pad(text: string, width: number, toRight: boolean): string {
  const space = " ".repeat(Math.max(0, width - Bun.stringWidth(text)));
  return toRight ? space + text : text + space;
}

/** The ledger in one line; where that is too wide, without zero parts. */
export function ledgerLine(ledger: Ledger, width = Number.POSITIVE_INFINITY): string {
  const { scheduled, processed, failed, rejected, unfinished } = ledger;
  const parts = Object.entries({ processed, failed, rejected, dropped: droppedTotal(ledger), unfinished });
  const line = (shown: typeof parts) =>
    [`${formatCount(scheduled)} scheduled`, shown.map(([name, count]) => `${formatCount(count)} ${name}`).join(" + ")]
      .filter((side) => side !== "")
      .join(" = ");
  const whole = line(parts);
  return whole.length <= width ? whole : line(parts.filter(([, count]) => count > 0));
}
