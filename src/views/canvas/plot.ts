import type { Canvas, Rect } from "./canvas.ts";
import type { Glyphs } from "./names.ts";
import { BORDER, FAINT, onGround, type Style } from "./styles.ts";
import { timeTicks } from "./ticks.ts";

/** Columns of the value axis with its labels. */
export const AXIS_LABEL_WIDTH = 8;

/** Points of a curve for each column of cells. */
export const DOTS_ACROSS = 2;

/** Curves differ in stroke as well as in colour. */
export type CurveStroke = "light" | "dashed" | "heavy" | "heavy-dashed";

/** A line through one value for each half of a column; NaN: unknown, and the line is interrupted. */
export interface PlotCurve {
  readonly values: Float64Array;
  readonly style: Style;
  readonly stroke: CurveStroke;
}

/** The filled area below a line; a value for each column. */
export interface Area {
  readonly values: Float64Array;
  /** Style of the upper edge. */
  readonly edge: Style;
  /** Style of the inside: a background, and a sign where there is no colour. */
  readonly inside: Style;
  readonly shaded: boolean;
}

/** A named height: a prediction, a full queue. */
export interface Level {
  readonly value: number;
  readonly label: string;
  readonly style: Style;
}

/** An instant marked on the time axis. */
export interface Mark {
  readonly t: number;
  readonly sign: string;
  readonly style: Style;
}

/** A label below a chart, at a share of its width. */
export interface AxisLabel {
  readonly at: number;
  readonly label: string;
}

export interface Plot {
  /** Value at the upper edge. */
  readonly top: number;
  readonly axis: (value: number) => string;
  /** Milliseconds at the right edge. */
  readonly until: number;
  /** What stands on the axis below; absent: instants. */
  readonly labels?: readonly AxisLabel[];
  readonly area: Area | null;
  readonly curves: readonly PlotCurve[];
  readonly levels: readonly Level[];
  readonly marks: readonly Mark[];
  /** The instant of the cursor in milliseconds; null: none. */
  readonly cursor: number | null;
  readonly glyphs: Glyphs;
}

const CODE = (sign: string): number => sign.codePointAt(0) ?? 32;
const EIGHTHS = [..." ▁▂▃▄▅▆▇█"].map(CODE);
/** Quarters of a cell by bits: upper left 1, upper right 2, lower left 4, lower right 8. */
const QUARTERS = [..." ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"].map(CODE);
const BRAILLE = 0x2800;
/** Bits of braille dots by row and column (Unicode block 2800). */
const BRAILLE_BITS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const LINE = CODE("┄");
const ASCII_LINE = CODE("-");
const SHADE = CODE("░");
const ASCII_SHADE = CODE(":");

/** The cells of the plot itself, without the labels on the left and the time axis below. */
export function plotArea({ x, y, width, height }: Rect): Rect {
  return { x: x + AXIS_LABEL_WIDTH, y, width: Math.max(1, width - AXIS_LABEL_WIDTH), height: Math.max(1, height - 1) };
}

/** Draws a chart over time: axes, area, levels, curves, and labels beside them. */
export function drawPlot(canvas: Canvas, place: Rect, plot: Plot): void {
  const inner = plotArea(place);
  drawValueAxis(canvas, place, inner, plot);
  drawTimeAxis(canvas, place, inner, plot);
  if (plot.area !== null) drawArea(canvas, inner, plot.area, plot);
  for (const level of plot.levels) drawLevel(canvas, inner, level, plot);
  drawCurves(canvas, inner, plot);
  drawLabels(canvas, inner, plot);
  if (plot.cursor !== null) drawCursor(canvas, inner, plot.cursor, plot);
}

function drawValueAxis(canvas: Canvas, { x }: Rect, { y, height }: Rect, { top, axis, glyphs }: Plot): void {
  const middle = height >= 5 && height % 2 === 1 ? (height - 1) / 2 : -1;
  for (let row = 0; row < height; row++) {
    const labelled = row === 0 || row === middle || row === height - 1;
    // A row is labelled by its middle; the lowest begins at 0.
    if (labelled && height > 1) canvas.textRight(x + AXIS_LABEL_WIDTH - 2, y + row, axis((top * (height - 1 - row)) / (height - 1)), FAINT);
    canvas.text(x + AXIS_LABEL_WIDTH - 1, y + row, labelled ? (glyphs === "ascii" ? "+" : "┤") : glyphs === "ascii" ? "|" : "│", BORDER);
  }
}

function drawTimeAxis(canvas: Canvas, { x }: Rect, inner: Rect, plot: Plot): void {
  const { until, marks, glyphs } = plot;
  const y = inner.y + inner.height;
  const ascii = glyphs === "ascii";
  canvas.text(x + AXIS_LABEL_WIDTH - 1, y, (ascii ? "+" : "└") + (ascii ? "-" : "─").repeat(inner.width), BORDER);
  for (const { at, label } of plot.labels ?? timeTicks(until, inner.width).map(({ t, label }) => ({ at: t / until, label }))) {
    const column = inner.x + Math.round(at * (inner.width - 1));
    canvas.text(Math.max(inner.x, Math.min(inner.x + inner.width - label.length, column - Math.floor(label.length / 2))), y, label, FAINT);
  }
  for (const { t, sign, style } of marks) canvas.text(inner.x + columnOf(t, until, inner.width), y, sign, style);
}

/** The column of an instant. */
export function columnOf(t: number, until: number, width: number): number {
  return Math.max(0, Math.min(width - 1, Math.floor((t / until) * width)));
}

function drawArea(canvas: Canvas, { x, y, width, height }: Rect, { values, edge, inside, shaded }: Area, { top, glyphs }: Plot): void {
  const sign = !shaded ? 32 : glyphs === "ascii" ? ASCII_SHADE : SHADE;
  for (let column = 0; column < width; column++) {
    const value = values[column] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const eighths = Math.round(Math.max(0, Math.min(1, value / top)) * height * 8);
    const full = Math.floor(eighths / 8);
    for (let row = 0; row < full; row++) canvas.put(x + column, y + height - 1 - row, sign, shaded ? edge : inside);
    // The smallest positive value is still visible.
    const rest = full === 0 ? Math.max(1, eighths % 8) : eighths % 8;
    if (rest > 0 && glyphs !== "ascii") canvas.put(x + column, y + height - 1 - full, EIGHTHS[rest] ?? 32, edge);
  }
}

/** The row of a value, from above. */
function rowOf(value: number, top: number, height: number): number {
  return height - 1 - Math.round(Math.max(0, Math.min(1, value / top)) * (height - 1));
}

function drawLevel(canvas: Canvas, { x, y, width, height }: Rect, { value, style }: Level, { top, glyphs }: Plot): void {
  const row = y + rowOf(value, top, height);
  for (let column = x; column < x + width; column++)
    canvas.put(column, row, glyphs === "ascii" ? ASCII_LINE : LINE, onGround(style, canvas.styleAt(column, row)));
}

/** Draws labels at the right, above everything else; only one per row, since a second would hide it. */
function drawLabels(canvas: Canvas, { x, y, width, height }: Rect, { levels, top }: Plot): void {
  const taken = new Set<number>();
  for (const { value, label, style } of levels) {
    if (label.length + 4 > width) continue;
    const row = rowOf(value, top, height);
    const free = [row, row - 1, row + 1].find((one) => one >= 0 && one < height && !taken.has(one));
    if (free === undefined) continue;
    taken.add(free);
    canvas.textRight(x + width, y + free, ` ${label}`, style);
  }
}

function drawCurves(canvas: Canvas, { x, y, width, height }: Rect, { curves, top, glyphs }: Plot): void {
  const down = glyphs === "braille" ? 4 : glyphs === "block" ? 2 : 1;
  const bits = new Uint8Array(width * height);
  const owners = new Uint32Array(width * height);
  for (const { values, style, stroke } of curves) {
    const rows = down * height;
    const [dashed, heavy] = [stroke.endsWith("dashed"), stroke.startsWith("heavy")];
    let before = -1;
    for (let dot = 0; dot < Math.min(values.length, width * DOTS_ACROSS); dot++) {
      const value = values[dot] ?? Number.NaN;
      if (Number.isNaN(value)) {
        before = -1;
        continue;
      }
      const row = rows - 1 - Math.round(Math.max(0, Math.min(1, value / top)) * (rows - 1));
      const from = before < 0 ? row : before < row ? before + 1 : before > row ? before - 1 : row;
      before = row;
      if (dashed && dot % 6 >= 4) continue;
      const [least, most] = from < row ? [from, row] : [row, from];
      for (let one = least; one <= Math.min(rows - 1, heavy ? most + 1 : most); one++) {
        const at = Math.floor(one / down) * width + Math.floor(dot / DOTS_ACROSS);
        if (owners[at] !== style) bits[at] = 0;
        owners[at] = style;
        bits[at] = (bits[at] ?? 0) | bitOf(glyphs, one % down, dot % DOTS_ACROSS);
      }
    }
  }
  for (let at = 0; at < bits.length; at++) {
    const set = bits[at] ?? 0;
    if (set === 0) continue;
    const [column, row] = [x + (at % width), y + Math.floor(at / width)];
    canvas.put(column, row, signOf(glyphs, set), onGround(owners[at] ?? 0, canvas.styleAt(column, row)));
  }
}

function bitOf(glyphs: Glyphs, row: number, column: number): number {
  if (glyphs === "braille") return BRAILLE_BITS[row]?.[column] ?? 0;
  return glyphs === "block" ? 1 << (2 * row + column) : 1;
}

function signOf(glyphs: Glyphs, bits: number): number {
  if (glyphs === "braille") return BRAILLE + bits;
  return glyphs === "block" ? (QUARTERS[bits] ?? 32) : CODE("*");
}

function drawCursor(canvas: Canvas, { x, y, width, height }: Rect, t: number, { until, glyphs }: Plot): void {
  const column = x + columnOf(t, until, width);
  for (let row = y; row < y + height; row++)
    canvas.put(column, row, CODE(glyphs === "ascii" ? "|" : "│"), onGround(FAINT, canvas.styleAt(column, row)));
}
