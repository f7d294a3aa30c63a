import { columnsOf } from "../../../kernel/text.ts";
import { hadSameLoad } from "../../../telemetry/rate-changes.ts";
import { isUnsound } from "../../../telemetry/verdicts.ts";
import type { Canvas, Rect } from "../../canvas/canvas.ts";
import { BAD, BOLD_TEXT, FAINT, GOOD, type Style, style, TEXT } from "../../canvas/styles.ts";
import { type ComparisonRow, comparisonRow, type RowFigures } from "../../report/table.ts";
import { modeStyle } from "./look.ts";

/** Throughput as a share of the first row's; headed by that row's mode. */
const RATIO = "ratio";
/** Columns in order, and those left out where there is no room, last to first. */
const COLUMNS = ["mode", "done/s", RATIO, "of predicted", "p50", "p95", "p99", "drops", "CPU", "predicted"] as const;
const SPARED = [RATIO, "p95", "predicted", "p50", "CPU", "of predicted"] as const;

type Row = ComparisonRow & { readonly "of predicted": string; readonly [RATIO]: string };

/**
 * Draws the modes side by side, a line each under a heading; columns are left out where there is no room for all. Returns the column after
 * it. `fastest`: the row that did more than the others, beyond noise.
 */
export function drawTable(canvas: Canvas, place: Rect, figures: readonly RowFigures[], fastest: number | null = null): number {
  if (place.height < 2 || figures.length === 0) return place.x;
  const rows = figures.map((one, i): Row => {
    const row = comparisonRow(one);
    return {
      ...row,
      "done/s": `${i === fastest ? "★ " : ""}${row["done/s"]}`,
      "of predicted": ofPredicted(one),
      [RATIO]: ratioTo(figures[0], one),
    };
  });
  const headings = { [RATIO]: `of ${figures[0]?.mode}` };
  const columns = fitting(rows, headings, place.width);
  const widths = columns.map((column) => widest(rows, headings, column));
  const line = (y: number, cells: readonly string[], styles: (column: string) => Style) => {
    let x = place.x;
    columns.forEach((column, i) => {
      const width = widths[i] ?? 0;
      if (i === 0) canvas.text(x, y, cells[i] ?? "", styles(column), Math.min(width, place.width));
      else canvas.textRight(Math.min(x + width, place.x + place.width), y, cells[i] ?? "", styles(column));
      x += width + GAP;
    });
  };
  const heads = columns.map((column) => headingOf(headings, column));
  line(place.y, heads, () => FAINT);
  rows.slice(0, place.height - 1).forEach((row, i) => {
    const { mode, dropped, throughput, predicted } = figures[i] as RowFigures;
    line(
      place.y + 1 + i,
      columns.map((column) => row[column] ?? ""),
      (column) => {
        if (column === "mode") return modeStyle(mode, { bold: true });
        if (column === "drops") return dropped > 0 ? BAD : TEXT;
        if (column === "of predicted") return nearStyle(throughput, predicted.throughput);
        if (column === "done/s") return i === fastest ? style("good", { bold: true }) : BOLD_TEXT;
        return TEXT;
      },
    );
  });
  return place.x + widths.reduce((sum, width) => sum + width + GAP, -GAP);
}

const GAP = 3;

/** "–" where there is nothing to compare, the loads differ, or the case does not count. */
function ratioTo(first: RowFigures | undefined, one: RowFigures): string {
  if (first === undefined || !(first.throughput > 0) || isUnsound(first) || isUnsound(one) || !hadSameLoad(first, one)) return "–";
  return percent(one.throughput / first.throughput);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

/** Throughput as a share of the prediction. */
function ofPredicted({ throughput, predicted, status }: RowFigures): string {
  if (status === "failed" || predicted.throughput === null || !(predicted.throughput > 0)) return "–";
  return percent(throughput / predicted.throughput);
}

/** Predictions hold within 5 % without disturbances. */
function nearStyle(throughput: number, predicted: number | null): Style {
  if (predicted === null || !(predicted > 0)) return FAINT;
  return Math.abs(throughput / predicted - 1) <= 0.05 ? GOOD : style("warn");
}

type Headings = Readonly<Record<string, string>>;

function headingOf(headings: Headings, column: string): string {
  return headings[column] ?? column;
}

function fitting(rows: readonly Row[], headings: Headings, width: number): readonly string[] {
  let columns: readonly string[] = rows.length > 1 ? COLUMNS : COLUMNS.filter((column) => column !== RATIO);
  for (const spare of SPARED) {
    const natural = columns.reduce((sum, column) => sum + widest(rows, headings, column) + GAP, -GAP);
    if (natural <= width) return columns;
    columns = columns.filter((column) => column !== spare);
  }
  return columns;
}

function widest(rows: readonly Row[], headings: Headings, column: string): number {
  return Math.max(columnsOf(headingOf(headings, column)), ...rows.map((row) => columnsOf(row[column] ?? "")));
}
