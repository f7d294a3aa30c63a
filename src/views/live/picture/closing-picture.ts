import { columnsOf, printable } from "../../../kernel/text.ts";
import { formatCount } from "../../../kernel/units.ts";
import { isDisturbed } from "../../../telemetry/disturbance.ts";
import { percentileText } from "../../../telemetry/percentiles.ts";
import { mostDone } from "../../../telemetry/points.ts";
import { haveUnlikeTapes } from "../../../telemetry/rate-changes.ts";
import type { CaseResult, RunResult } from "../../../telemetry/result.ts";
import type { Canvas, Rect } from "../../canvas/canvas.ts";
import { canvasPainter, drawMarked } from "../../canvas/marked.ts";
import { BAD, BOLD_TEXT, GOOD, type Style, TEXT, WARN } from "../../canvas/styles.ts";
import { changedRateLines } from "../../report/changed-rates.ts";
import { caseName, rateLine, thresholdLine } from "../../report/closing.ts";
import { headline } from "../../report/headline.ts";
import { hostsLine, streamsLine } from "../../report/hosts.ts";
import { oneLine, verdictGrounds, verdictHead } from "../../report/intent.ts";
import { PLAIN_PAINTER } from "../../report/painter.ts";
import { repeatSentences } from "../../report/repeats.ts";
import { bestCase, bestLine, isSweep, sweepPicture } from "../../report/sweep.ts";
import { CHART_PANELS, rowsOf } from "../figures.ts";
import type { RunView } from "../store.ts";
import { drawSplit, splitLines } from "./beside.ts";
import { drawHeader } from "./header.ts";
import { modeStyle, type PictureLook } from "./look.ts";
import { drawPercentiles } from "./percentile-picture.ts";
import { bodyOf, drawPanel, headerLines, type PictureState } from "./run-picture.ts";
import { drawTable } from "./table.ts";

/** Least height of a readable chart. */
const LEAST_CHART = 7;
/** Room for all four charts, and for two. */
const FOUR_CHARTS = { width: 100, height: 22 } as const;
const TWO_CHARTS = { width: 110 } as const;
/** Least lines of notes, however much there is to draw. */
const LEAST_TOLD = 4;
/** Heights from which on it is drawn where the time went. */
const ROOM_FOR_SPLIT = 34;
/** Heights from which on the outcome stands above the charts. */
const ROOM_FOR_OUTCOME = 18;
const MOST_FAILED = 4;
const LATENCY_PANEL = CHART_PANELS.findIndex(({ title }) => title === "Latency");

/** Draws the screen of a finished run: its charts, the table, failed thresholds, hypotheses, and the limit of each mode. */
export function drawClosing(canvas: Canvas, view: RunView, state: PictureState, look: PictureLook): void {
  const body = drawHead(canvas, view, state, look);
  if (view.result !== null && isSweep(view.result)) drawSweep(canvas, body, view.result, state, look);
  else drawCases(canvas, body, view, state, look);
}

/** Draws the header of a finished run; returns the room below it. */
function drawHead(canvas: Canvas, view: RunView, state: PictureState, look: PictureLook): Rect {
  const { width, height: rows } = canvas;
  const height = Math.min(headerLines(view, rows), 2);
  drawHeader(canvas, view, { look, frozen: false, past: null, height, recording: state.recording === true });
  return { ...bodyOf(view, width, rows), y: height, height: rows - height - 1 };
}

/** Draws the sojourn times of a finished run by percentile. */
export function drawPercentileScreen(canvas: Canvas, view: RunView, state: PictureState, look: PictureLook): void {
  drawPercentiles(canvas, drawHead(canvas, view, state, look), view, look);
}

/** Divides the lines of the closing screen. */
function plan(view: RunView, { width, height }: Pick<Rect, "width" | "height">) {
  const failed = failedLines(view.result);
  const explained = view.cases.flatMap(({ result }) =>
    result === null ? [] : [{ head: `${result.mode}: `, style: modeStyle(result.mode, { bold: true }), text: toldOf(result) }],
  );
  const before = [...rateNotes(view), ...repeatNotes(view.result), ...verdictNotes(view.result)];
  const notes = wrapped([...before, ...explained, ...hostNotes(view)], width);
  const table = rowsOf(view).length + 1;
  const split = height >= ROOM_FOR_SPLIT ? splitLines(resultsOf(view)) : 0;
  const outcome = height >= ROOM_FOR_OUTCOME ? headline(resultsOf(view)) : null;
  const head = outcome === null ? [] : wrapped([{ head: "", style: TEXT, text: outcome }], width);
  const rest = height - failed.length - table - split - head.length;
  const told = Math.min(notes.length, Math.max(LEAST_TOLD, rest - LEAST_CHART));
  return { head, failed, notes, table, split, told, charts: rest - told };
}

function resultsOf({ cases }: RunView): CaseResult[] {
  return cases.flatMap(({ result }) => result ?? []);
}

/** The row of the case that did more than all others of the same tape, beyond noise, on a machine that nothing disturbed; null: none did. */
function fastestRow(view: RunView): number | null {
  const results = resultsOf(view);
  if (results.length < 2 || results.length < view.cases.length || results.some((one) => one.status !== "completed" || isDisturbed(one)))
    return null;
  if (haveUnlikeTapes(results)) return null;
  const [most, ...others] = mostDone(results);
  return most === undefined || others.length > 0 ? null : rowsOf(view).findIndex(({ mode }) => mode === most.mode);
}

/** Whether focusing another panel changes the chart of the closing screen. A sweep's picture shows throughput or latency. */
export function closingShows(view: RunView, width: number, height: number, panel: number): boolean {
  if (view.result !== null && isSweep(view.result)) return panel === 0 || panel === LATENCY_PANEL;
  return plan(view, { width, height }).charts >= LEAST_CHART - 1;
}

function drawCases(canvas: Canvas, body: Rect, view: RunView, state: PictureState, look: PictureLook): void {
  const { head, failed, notes, table, split, told, charts } = plan(view, body);
  for (const [i, { text }] of head.entries()) canvas.text(body.x, body.y + i, text, BOLD_TEXT);
  const below = body.y + head.length;
  drawCharts(canvas, { ...body, y: below, height: charts }, view, state, look);
  let y = below + Math.max(0, charts);
  drawTable(canvas, { ...body, y, height: table }, rowsOf(view), fastestRow(view));
  y += table;
  if (split > 0) drawSplit(canvas, { ...body, y, height: split }, resultsOf(view), look);
  y += split;
  for (const line of failed) canvas.text(0, y++, line, BAD);
  drawNotes(canvas, { ...body, y, height: told }, notes);
}

/** Draws as many charts as fit, including the focused panel's. */
function drawCharts(canvas: Canvas, place: Rect, view: RunView, state: PictureState, look: PictureLook): void {
  const { x, y, width, height } = place;
  if (height < LEAST_CHART - 1) return;
  const left = Math.ceil(width / 2);
  const right = { x: x + left, width: width - left };
  if (width >= FOUR_CHARTS.width && height >= FOUR_CHARTS.height) {
    const upper = Math.ceil(height / 2);
    const places = [
      { x, y, width: left, height: upper },
      { ...right, y, height: upper },
      { x, y: y + upper, width: left, height: height - upper },
      { ...right, y: y + upper, height: height - upper },
    ];
    for (const [i, one] of places.entries()) drawPanel(canvas, one, i, view, state, look);
  } else if (width >= TWO_CHARTS.width) {
    const second = state.focus === 0 ? LATENCY_PANEL : 0;
    drawPanel(canvas, { x, y, width: left, height }, Math.min(state.focus, second), view, state, look);
    drawPanel(canvas, { ...right, y, height }, Math.max(state.focus, second), view, state, look);
  } else drawPanel(canvas, place, state.focus, view, state, look);
}

/** Draws a sweep: the best point, its picture by throughput or, with the latency panel focused, by latency, and notes on it. */
function drawSweep(canvas: Canvas, body: Rect, result: RunResult, state: PictureState, look: PictureLook): void {
  const failed = failedLines(result);
  const best = bestCase(result.cases);
  const chosen = result.cases[state.point ?? -1] ?? null;
  const notes = wrapped(
    [
      ...(chosen === null ? [] : [pointNote(chosen)]),
      ...repeatNotes(result),
      ...verdictNotes(result),
      ...result.conclusions.map((text): Note => ({ head: "→ ", style: BOLD_TEXT, text })),
      ...(best === null || chosen !== null ? [] : [{ head: "★ ", style: modeStyle(best.mode, { bold: true }), text: toldOf(best) }]),
    ],
    body.width,
  );
  let { y } = body;
  canvas.text(0, y++, printable(bestLine(result.cases), 400), BOLD_TEXT);
  for (const line of failed) canvas.text(0, y++, line, BAD);
  const room = body.y + body.height - y;
  // The picture comes first, but leaves room for notes.
  const most = Math.max(Math.min(room, 8), room - Math.min(notes.length, Math.floor(room / 2)));
  const painter = canvasPainter(look.shaded ? PLAIN_PAINTER.shade : null);
  const picture = sweepPicture(result, state.focus === LATENCY_PANEL ? "latency" : "throughput", body.width, most, painter, chosen);
  const lines = picture.length <= room ? picture : aroundChosen(picture, room);
  for (const line of lines) drawMarked(canvas, 0, y++, line, body.width);
  drawNotes(canvas, { ...body, y, height: body.y + body.height - y }, notes);
}

/** The part of a picture that fits: from its beginning, or around the point that is chosen. */
function aroundChosen(picture: readonly string[], room: number): readonly string[] {
  const chosen = picture.findIndex((line) => /\[.+\]/.test(Bun.stripANSI(line)));
  const from = chosen < room - 1 ? 0 : Math.min(chosen - Math.floor(room / 2), picture.length - room + 1);
  return [...picture.slice(from, from + room - 1), REST];
}

/** The figures of a point, and what limited it. */
function pointNote(one: CaseResult): Note {
  const { throughput, predicted, latency } = one;
  const expected = predicted.throughput === null ? "" : ` of ${formatCount(predicted.throughput)} predicted`;
  const times = (["p50", "p99"] as const).map((name) => `${name} ${percentileText(latency.sojourn, name)}`);
  const figures = [`${formatCount(throughput)}/s${expected}`, ...times, ...(isDisturbed(one) ? ["disturbed"] : [])].join(", ");
  return { head: `▸ ${caseName(one)}: `, style: modeStyle(one.mode, { bold: true }), text: `${figures}. ${toldOf(one)}` };
}

interface Note {
  readonly head: string;
  readonly style: Style;
  readonly text: string;
}

/** The changes of arrival rates by hand. */
function rateNotes(view: RunView): Note[] {
  return changedRateLines(resultsOf(view)).map((text) => ({ head: "", style: TEXT, text }));
}

/** The estimates over repeats. */
function repeatNotes(result: RunResult | null): Note[] {
  return result === null ? [] : repeatSentences(result).map((text) => ({ head: "± ", style: BOLD_TEXT, text }));
}

/** The outcome of each expectation; for one that held its sentence is enough. */
function verdictNotes(result: RunResult | null): Note[] {
  return (result?.hypotheses ?? []).map((one) => ({
    head: `${verdictHead(one)}: `,
    style: one.ok === true ? GOOD : one.ok === false ? BAD : WARN,
    text: one.ok === true ? oneLine(one.sentence) : `${oneLine(one.sentence)} (${verdictGrounds(one)})`,
  }));
}

/** What each host did. */
function hostNotes(view: RunView): Note[] {
  return resultsOf(view).flatMap((one) =>
    [hostsLine(one), streamsLine(one)].flatMap((text) => text ?? []).map((text) => ({ head: "", style: TEXT, text })),
  );
}

/** Why a case does not count; else the result of its rate, and its limit. */
function toldOf({ problems, explanation, rate }: CaseResult): string {
  return problems[0] ?? (rate === undefined ? explanation : `${rateLine(rate)}. ${explanation}`);
}

/** Breaks notes into lines; only the first of each has its heading. */
function wrapped(notes: readonly Note[], width: number): Note[] {
  return notes.flatMap(({ head, style, text }) =>
    Bun.wrapAnsi(`${head}${printable(text, 10_000)}`, width, { hard: true, trim: false })
      .split("\n")
      .map((line, i) => (i === 0 ? { head, style, text: line.slice(head.length) } : { head: "", style, text: line.trimStart() })),
  );
}

const REST = "… the rest is in the summary that follows (q)";

/** Draws as many lines as fit; when some are left out, says where the rest is. */
function drawNotes(canvas: Canvas, { y, width, height }: Rect, notes: readonly Note[]): void {
  if (height < 1) return;
  const shown = notes.length <= height ? notes : [...notes.slice(0, height - 1), { head: "", style: TEXT, text: REST }];
  for (const [i, { head, style, text }] of shown.entries()) {
    const x = canvas.text(0, y + i, head, style);
    canvas.text(x, y + i, text, TEXT, width - columnsOf(head));
  }
}

/** The first few failed thresholds, and the number of the others. */
function failedLines(result: RunResult | null): string[] {
  const failed = result?.thresholds.filter(({ ok }) => !ok) ?? [];
  const lines = failed.map((one) => thresholdLine(result as RunResult, one));
  return lines.length <= MOST_FAILED ? lines : [...lines.slice(0, MOST_FAILED - 1), `✗ ${lines.length - MOST_FAILED + 1} more`];
}
