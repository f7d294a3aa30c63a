import { printable, columnsOf as widthOf } from "../../../kernel/text.ts";
import { formatMs } from "../../../kernel/units.ts";
import type { CaseResult } from "../../../telemetry/result.ts";
import type { Canvas, Rect } from "../../canvas/canvas.ts";
import { columnOf } from "../../canvas/plot.ts";
import { BAD, BOLD_TEXT, FAINT, type Style, style, TEXT, WARN } from "../../canvas/styles.ts";
import { sampleColumns } from "../columns.ts";
import { type ChartPanel, comparedCases, hasManyPerMode, timeSpan } from "../figures.ts";
import { instantText, type Moment, momentsOf } from "../moments.ts";
import { seenUntil } from "../past.ts";
import type { RunView } from "../store.ts";
import { modeStyle, type PictureLook, strokeSample } from "./look.ts";

/** Columns from which on events are listed beside the table. */
const LEAST_LOG = 28;

/** Draws the latest moments of the current case, the newest last. */
export function drawLog(canvas: Canvas, { x, y, width, height }: Rect, view: RunView): void {
  const current = view.cases[view.current];
  if (current === undefined || width < LEAST_LOG || height < 1) return;
  const moments = momentsOf(current).slice(-height);
  for (const [i, moment] of moments.entries()) {
    const column = canvas.text(x, y + i, instantText(moment.t).padStart(8), FAINT);
    canvas.text(column + 2, y + i, moment.text, toneOf(moment), x + width - column - 2);
  }
}

function toneOf({ kind }: Moment): Style {
  if (kind === "drops" || kind === "silent") return BAD;
  return kind === "drained" || kind === "answers" || kind === "rate" ? TEXT : WARN;
}

/** Draws a sign for each case of a sweep, in its order, right-aligned before column `end`: done, running, yet to come. */
export function drawSweepProgress(canvas: Canvas, end: number, y: number, room: number, view: RunView, { glyphs }: PictureLook): void {
  const { cases, current } = view;
  if (!hasManyPerMode(view) || cases.length > room) return;
  const [done, runs, waits] = glyphs === "ascii" ? (["#", ">", "."] as const) : (["■", "▶", "·"] as const);
  cases.forEach(({ outline: { mode }, state, broken }, i) => {
    const sign = state === "done" ? done : i === current ? runs : waits;
    canvas.text(end - cases.length + i, y, sign, broken ? BAD : state === "waiting" ? FAINT : modeStyle(mode));
  });
}

/** Draws what each mode's curve is at the cursor, or at the latest instant, in a line. */
export function drawReadings(
  canvas: Canvas,
  { x, y, width }: Rect,
  panel: ChartPanel,
  view: RunView,
  cursor: number | null,
  look: PictureLook,
): void {
  const until = timeSpan(view);
  const t = cursor ?? seenUntil(view);
  const cells = Math.max(1, width - 10);
  const at = columnOf(t, until, cells);
  let column = canvas.text(x + 1, y, `at ${instantText(t)}`, BOLD_TEXT);
  for (const { outline, series } of comparedCases(view)) {
    const value = sampleColumns(series, panel, cells, until)[at] ?? Number.NaN;
    const text = `   ${strokeSample(outline.mode, look)} ${printable(outline.mode, 12)} ${Number.isNaN(value) ? "–" : panel.axis(value)}`;
    if (column + widthOf(text) > x + width) return;
    column = canvas.text(column, y, text, modeStyle(outline.mode));
  }
}

/** Parts of a sojourn, in order, and how each is drawn; the work itself has the colour of its mode. */
const PARTS = [
  ["schedule", "schedule", style("warn")],
  ["queue", "queue", style("accent")],
  ["batch", "batch", style("faint")],
] as const;

/** Lines of the split: its head and one for each case. */
export function splitLines(cases: readonly CaseResult[]): number {
  return splitOf(cases).length === 0 ? 0 : splitOf(cases).length + 1;
}

function splitOf(cases: readonly CaseResult[]): readonly CaseResult[] {
  return cases.filter(({ latency, fetch }) => fetch === undefined && latency.sojourn.count > 0 && latency.sojourn.mean > 0);
}

/** Draws where the time of an item went, on average: a bar for each case, all to one scale. */
export function drawSplit(canvas: Canvas, { x, y, width }: Rect, cases: readonly CaseResult[], { glyphs }: PictureLook): void {
  const shown = splitOf(cases);
  const longest = Math.max(...shown.map(({ latency }) => latency.sojourn.mean));
  const block = glyphs === "ascii" ? "#" : "█";
  let column = canvas.text(x, y, "where the time went, on average", FAINT);
  for (const [, name, paint] of PARTS) column = canvas.text(column, y, `   ${block} ${name}`, paint);
  canvas.text(column, y, `   ${block} service`, BOLD_TEXT);
  const names = Math.max(...shown.map(({ mode }) => widthOf(mode)));
  const bars = Math.max(10, Math.min(60, width - names - 12));
  for (const [i, { mode, latency }] of shown.entries()) {
    const row = y + 1 + i;
    canvas.text(x, row, mode, modeStyle(mode, { bold: true }));
    let at = x + names + 2;
    let sum = 0;
    const parts = [
      ...PARTS.map(([part, , paint]) => [latency[part].mean, paint] as const),
      [latency.service.mean, modeStyle(mode)] as const,
    ];
    for (const [mean, paint] of parts) {
      sum += mean;
      const end = x + names + 2 + Math.round((sum / longest) * bars);
      while (at < end) at = canvas.text(at, row, block, paint);
    }
    canvas.text(Math.max(at, x + names + 2) + 1, row, formatMs(latency.sojourn.mean), TEXT);
  }
}
