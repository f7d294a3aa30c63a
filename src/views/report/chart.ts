import { plot } from "asciichart";
import { formatCount, formatMs } from "../../kernel/units.ts";
import type { Mode } from "../../scenario/modes.ts";
import type { Unit } from "../../telemetry/metrics.ts";

/** One line of a chart. */
export interface ChartSeries {
  /** Its name, which the caller maps to a colour. */
  readonly name: string;
  /** Value per column from the left, or from column `from` on; the line ends with the values. */
  readonly values: readonly number[];
  readonly from?: number;
  readonly stroke: Stroke;
}

/** Strokes distinguish lines without colour. */
export type Stroke = "light" | "dashed" | "heavy" | "heavy-dashed" | "faint";

/** Adjacent characters of one series, or of none (axis, labels, background). */
export interface TextRun {
  readonly text: string;
  readonly series: string | null;
}

// asciichart's order: start, axis, -, -, horizontal, down-right, up-right, down-left, up-left, vertical.
const STROKES: Readonly<Record<Stroke, readonly string[]>> = {
  light: ["─", " ", " ", " ", "─", "╰", "╭", "╮", "╯", "│"],
  dashed: ["╌", " ", " ", " ", "╌", "╰", "╭", "╮", "╯", "┊"],
  heavy: ["━", " ", " ", " ", "━", "┗", "┏", "┓", "┛", "┃"],
  "heavy-dashed": ["┅", " ", " ", " ", "┅", "┗", "┏", "┓", "┛", "┇"],
  faint: ["┄", " ", " ", " ", "┄", "┄", "┄", "┄", "┄", "┄"],
};

type ModeStroke = Exclude<Stroke, "faint">;

/** Stroke of each mode in every chart. */
export const MODE_STROKES: Readonly<Record<string, ModeStroke>> = {
  sync: "light",
  async: "dashed",
  parallel: "heavy",
  distributed: "heavy-dashed",
} satisfies Record<Mode, ModeStroke>;

/** Columns of labels and axis. */
export const LABEL_WIDTH = 8;

/** Counts and milliseconds for labels: `9.42k`, `250ms`, `3.33m`. */
export const shortCount = (count: number): string => formatCount(count).replace(" ", "");
export const shortMs = (ms: number): string => formatMs(ms).replace(" ", "").replace("min", "m");

/** Format of axis values by unit. */
export const shortIn = (unit: Unit): ((value: number) => string) => (unit === "ms" ? shortMs : shortCount);

/**
 * Lines of `width` × `height` characters: labels on the left, all series on one axis from 0 to the largest value, later series over earlier
 * ones.
 */
export function drawChart(series: readonly ChartSeries[], width: number, height: number, format: (value: number) => string): TextRun[][] {
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
  // A single point has no length; drawn twice it is a dash.
  const drawn = values.length === 1 ? [values[0] ?? 0, values[0] ?? 0] : [...values];
  const lines = plot(drawn, {
    height: rows,
    min: 0,
    max: top,
    offset: 1,
    padding: "",
    symbols: [...STROKES[stroke]],
    // As wide as a label: an empty one would take a column from each row except that of the first value.
    format: () => " ",
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

function runsOf(cells: readonly { char: string; series: string | null }[]): TextRun[] {
  const runs: { text: string; series: string | null }[] = [];
  for (const { char, series } of cells) {
    const last = runs.at(-1);
    if (last !== undefined && last.series === series) last.text += char;
    else runs.push({ text: char, series });
  }
  return runs;
}

/** The next 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6 or 8 times a power of ten, so that the axis does not change with every sample. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]) if (value <= step * power) return step * power;
  return 10 * power;
}

/** How a column combines several samples: rates and levels are averaged by time, percentiles, which cannot be, show the worst. */
export type ColumnRule = "mean" | "worst";
