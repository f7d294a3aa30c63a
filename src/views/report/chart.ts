import { plot } from "asciichart";
import { formatCount, formatMs } from "../../kernel/units.ts";

/** One line of a chart. */
export interface ChartSeries {
  /** What it is drawn for; the caller's name for a colour. */
  readonly name: string;
  /** Value per column from the left, or from column `from` on; the line ends where the values do. */
  readonly values: readonly number[];
  readonly from?: number;
  readonly stroke: Stroke;
}

/** Lines differ in stroke as well as in colour, so that a chart is read without colour too. */
export type Stroke = "light" | "dashed" | "heavy" | "faint";

/** Neighbouring characters of one series, or of none (axis, labels, background). */
export interface Run {
  readonly text: string;
  readonly series: string | null;
}

// asciichart's order: start, axis, -, -, horizontal, down-right, up-right, down-left, up-left, vertical.
const STROKES: Readonly<Record<Stroke, readonly string[]>> = {
  light: ["─", " ", " ", " ", "─", "╰", "╭", "╮", "╯", "│"],
  dashed: ["╌", " ", " ", " ", "╌", "╰", "╭", "╮", "╯", "┊"],
  heavy: ["━", " ", " ", " ", "━", "┗", "┏", "┓", "┛", "┃"],
  faint: ["┄", " ", " ", " ", "┄", "┄", "┄", "┄", "┄", "┄"],
};

/** How each mode is drawn, on every chart. */
export const MODE_STROKES: Readonly<Record<string, Stroke>> = { sync: "light", async: "dashed", parallel: "heavy" };

/** Columns that labels and axis take. */
export const LABEL_WIDTH = 8;

/** Counts and milliseconds as short as a label has to be: `9.42k`, `250ms`, `3.33m`. */
export const shortCount = (count: number): string => formatCount(count).replace(" ", "");
export const shortMs = (ms: number): string => formatMs(ms).replace(" ", "").replace("min", "m");

/**
 * Lines of `width` × `height` characters: labels on the left, every series over one axis from 0 to the largest value,
 * later series over earlier ones.
 */
export function drawChart(series: readonly ChartSeries[], width: number, height: number, format: (value: number) => string): Run[][] {
  const columns = Math.max(1, width - LABEL_WIDTH);
  const rows = Math.max(1, height - 1);
  const finite = series.map((one) => ({
    ...one,
    values: one.values
      .filter(Number.isFinite)
      .slice(0, columns + 1)
      .map(clamped),
  }));
  const top = niceTop(Math.max(0, ...finite.flatMap(({ values }) => values)));
  const cells: { char: string; series: string | null }[][] = [];
  for (let row = 0; row <= rows; row++) {
    const labelled = row === 0 || row === rows || (rows >= 4 && row === rows / 2);
    const label = labelled ? format((top * (rows - row)) / rows) : "";
    const text = `${label.slice(0, LABEL_WIDTH - 2).padStart(LABEL_WIDTH - 2)} ${row === rows ? "┼" : "┤"}`;
    cells.push([...text, ..." ".repeat(columns)].map((char) => ({ char, series: null })));
  }
  for (const one of finite) {
    if (one.values.length > 0) overlay(cells, one, rows, top);
  }
  return cells.slice(0, height).map(runsOf);
}

/** Charts begin at 0; beyond 1e15, or below 1e-15, an axis has no digits left. */
function clamped(value: number): number {
  return value < 1e-15 ? 0 : Math.min(1e15, value);
}

function overlay(
  cells: { char: string; series: string | null }[][],
  { name, values, from = 0, stroke }: ChartSeries,
  rows: number,
  top: number,
): void {
  // One point alone has no length; drawn twice it is a dash.
  const drawn = values.length === 1 ? [values[0] ?? 0, values[0] ?? 0] : [...values];
  const lines = plot(drawn, {
    height: rows,
    min: 0,
    max: top,
    offset: 1,
    padding: "",
    symbols: [...STROKES[stroke]],
    format: () => "",
  }).split("\n");
  lines.forEach((line, row) => {
    [...line].forEach((char, column) => {
      const cell = cells[row]?.[column - 1 + LABEL_WIDTH + from];
      if (char !== " " && column > 0 && cell !== undefined) {
        cell.char = char;
        cell.series = name;
      }
    });
  });
}

function runsOf(cells: readonly { char: string; series: string | null }[]): Run[] {
  const runs: { text: string; series: string | null }[] = [];
  for (const { char, series } of cells) {
    const last = runs.at(-1);
    if (last !== undefined && last.series === series) last.text += char;
    else runs.push({ text: char, series });
  }
  return runs;
}

/** The next 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6 or 8 times a power of ten: an axis that does not change with every sample. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]) if (value <= step * power) return step * power;
  return 10 * power;
}

/** Mean value of the points that fall into each of `columns` equal spans of 0…`until`; gaps take the value before. */
export function resample(points: readonly { readonly t: number; readonly value: number }[], columns: number, until: number): number[] {
  const sums = new Array<number>(columns).fill(0);
  const counts = new Array<number>(columns).fill(0);
  let last = -1;
  for (const { t, value } of points) {
    if (!Number.isFinite(value)) continue;
    const column = Math.min(columns - 1, Math.max(0, Math.floor((t / until) * columns)));
    sums[column] = (sums[column] ?? 0) + value;
    counts[column] = (counts[column] ?? 0) + 1;
    last = Math.max(last, column);
  }
  const values: number[] = [];
  let carried = points.find(({ value }) => Number.isFinite(value))?.value ?? 0;
  for (let column = 0; column <= last; column++) {
    const count = counts[column] ?? 0;
    if (count > 0) carried = (sums[column] ?? 0) / count;
    values.push(carried);
  }
  return values;
}
