import { columnsOf, printable } from "../../../kernel/text.ts";
import { formatCount, formatMs, formatRate } from "../../../kernel/units.ts";
import { paramsText } from "../../../telemetry/params.ts";
import type { Canvas, Rect } from "../../canvas/canvas.ts";
import { drawFrame } from "../../canvas/frame.ts";
import { drawPlot } from "../../canvas/plot.ts";
import { BAD, BOLD_TEXT, FAINT, FOCUSED, style, TEXT } from "../../canvas/styles.ts";
import { niceTop, shortCount } from "../../report/chart.ts";
import { oneLine } from "../../report/intent.ts";
import { type Choice, groupOf, type LastRun, type Preview } from "../choices.ts";
import { modeStyle, type PictureLook } from "./look.ts";

export interface BrowseView {
  readonly choices: readonly Choice[];
  /** Places of those that the filter leaves. */
  readonly left: readonly number[];
  /** The place of the one that is chosen; undefined: there is none. */
  readonly chosen: number | undefined;
  readonly filter: string;
  readonly typing: boolean;
  /** What is worked out of the one that is chosen; null: not yet. */
  readonly preview: Preview | null;
  readonly last: LastRun | null;
  /** The form for one run, and the field that keys are written into; null: it is not open. */
  readonly form: { readonly fields: readonly (readonly [name: string, text: string])[]; readonly field: number } | null;
}

const LIST_WIDTH = 34;
/** Columns from which on there is room beside the list. */
const WIDE = 90;

/** The scenarios on the left, by what they explore, and all about the one that is chosen on the right. */
export function drawBrowse(canvas: Canvas, view: BrowseView, look: PictureLook): void {
  const { width, height } = canvas;
  canvas.text(0, 0, "lab-tui", BOLD_TEXT);
  canvas.text(9, 0, "One stream of work through sync, async, parallel and distributed", FAINT);
  const wide = width >= WIDE;
  const list = { x: 0, y: 1, width: wide ? Math.max(LIST_WIDTH, Math.floor(width * 0.36)) : width, height: height - 2 };
  const about = wide ? { x: list.width, y: 1, width: width - list.width, height: height - 2 } : null;
  const low = wide ? list : { ...list, height: Math.max(6, Math.ceil(list.height * 0.55)) };
  drawList(canvas, low, view, look);
  const place = about ?? { x: 0, y: low.y + low.height, width, height: height - 1 - low.y - low.height };
  const choice = view.chosen === undefined ? undefined : view.choices[view.chosen];
  if (view.form !== null) drawForm(canvas, place, choice, view.form, look);
  else drawAbout(canvas, place, choice, view, look);
}

function drawList(canvas: Canvas, place: Rect, { choices, left, chosen, filter, typing }: BrowseView, look: PictureLook): void {
  const said = typing ? `/${filter}_` : filter === "" ? `${left.length}` : `/${filter}  ${left.length} of ${choices.length}`;
  const inside = drawFrame(canvas, place, { number: 0, title: "Scenarios", headline: said, focused: true, ascii: look.glyphs === "ascii" });
  const lines = linesOf(choices, left);
  const at = Math.max(
    0,
    lines.findIndex((line) => line.place === chosen && chosen !== undefined),
  );
  const first = Math.max(0, Math.min(at - Math.floor(inside.height / 2), lines.length - inside.height));
  lines.slice(first, first + inside.height).forEach(({ place: one, text }, i) => {
    const [x, y] = [inside.x + 1, inside.y + i];
    const room = inside.width - 2;
    if (one === null) canvas.text(x, y, text, FAINT, room);
    else if (one === chosen) canvas.text(x, y, `${look.glyphs === "ascii" ? ">" : "▸"} ${text}`, FOCUSED, room);
    else canvas.text(x, y, `  ${text}`, choices[one]?.why === undefined ? TEXT : BAD, room);
  });
  if (lines.length === 0) canvas.text(inside.x + 1, inside.y, filter === "" ? "no scenarios found" : "none has all of these words", FAINT);
}

interface Line {
  /** null: the head of a group. */
  readonly place: number | null;
  readonly text: string;
}

function linesOf(choices: readonly Choice[], left: readonly number[]): Line[] {
  let group = "";
  return left.flatMap((place): Line[] => {
    const choice = choices[place];
    if (choice === undefined) return [];
    const line = { place, text: printable(choice.name, 40) };
    if (groupOf(choice) === group) return [line];
    group = groupOf(choice);
    return [{ place: null, text: group }, line];
  });
}

function drawAbout(canvas: Canvas, place: Rect, choice: Choice | undefined, view: BrowseView, look: PictureLook): void {
  const ascii = look.glyphs === "ascii";
  if (choice === undefined || place.height < 3) return;
  const title = printable(choice.title ?? choice.name, Math.max(1, place.width - 8));
  const inside = drawFrame(canvas, place, { number: 0, title, headline: "", focused: false, ascii });
  const area = { x: inside.x + 1, y: inside.y, width: inside.width - 2, height: inside.height };
  let y = area.y;
  const room = () => area.y + area.height - y;
  const paragraph = (text: string, paint = TEXT, head = "") => {
    const lines = Bun.wrapAnsi(`${head}${printable(oneLine(text), 2000)}`, area.width, { hard: true }).split("\n");
    for (const line of lines.slice(0, Math.max(0, room()))) canvas.text(area.x, y++, line, paint, area.width);
  };
  if (choice.why !== undefined) {
    for (const problem of choice.why.split("; ")) paragraph(problem, BAD);
    return;
  }
  const { description, hypothesis, modes, workload, tags } = choice;
  canvas.text(
    area.x,
    y++,
    [workload, modes.join(", "), ...Object.values(tags)].map((one) => printable(one, 60)).join(" · "),
    FAINT,
    area.width,
  );
  if (description !== undefined) paragraph(description);
  if (hypothesis !== undefined && room() > 3) {
    y++;
    paragraph(hypothesis, TEXT, "Hypothesis: ");
  }
  if (room() > 2 && view.last !== null) {
    y++;
    paragraph(lastText(view.last), FAINT);
  }
  if (view.preview === null) {
    if (room() > 1) canvas.text(area.x, y + 1, "What theory expects on this machine is being worked out…", FAINT, area.width);
    return;
  }
  y = drawPredictions(canvas, { ...area, y: y + 1, height: room() - 1 }, view.preview);
  drawArrivals(canvas, { ...area, y: y + 1, height: room() - 1 }, view.preview, look);
}

function lastText({ startedAt, status, done }: LastRun): string {
  const rates = done.slice(0, 4).map(({ mode, throughput, rateChanged }) => {
    return `${printable(mode, 12)} ${formatRate(throughput)}${rateChanged ? " (rate changed)" : ""}`;
  });
  return `Last run ${startedAt.slice(0, 16).replace("T", " ")}, ${status}: ${rates.join(", ")}${done.length > 4 ? " …" : ""}`;
}

/** Most cases whose predictions are shown. */
const MOST_CASES = 12;

function drawPredictions(canvas: Canvas, { x, y, width, height }: Rect, { cases }: Preview): number {
  const shown = cases.slice(0, Math.max(0, Math.min(MOST_CASES, height - 2)));
  if (height < 3 || shown.length === 0) return y;
  const cells = shown.map(({ mode, params, predicted: { throughput, capacity, sojournP99, bottleneck } }) => [
    `${mode} ${printable(paramsText(params), 40)}`.trim(),
    throughput === null ? "–" : formatRate(throughput),
    capacity === null ? "–" : `≤ ${formatRate(capacity)}`,
    sojournP99 === null ? "–" : formatMs(sojournP99),
    bottleneck,
  ]);
  const heads = ["expected", "done", "possible", "p99", "limit"];
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((row) => columnsOf(row[i] ?? ""))));
  const line = (at: number, row: readonly string[], mode: string | null) => {
    let column = x;
    row.forEach((text, i) => {
      const wide = widths[i] ?? 0;
      const paint = mode === null ? FAINT : i === 0 ? modeStyle(mode, { bold: true }) : TEXT;
      if (i === 0 || i === row.length - 1) canvas.text(column, at, text, paint, x + width - column);
      else if (column + wide <= x + width) canvas.textRight(column + wide, at, text, paint);
      column += wide + 2;
    });
  };
  line(y, heads, null);
  for (const [i, row] of cells.entries()) line(y + 1 + i, row, shown[i]?.mode ?? "");
  const more = cases.length - shown.length;
  if (more > 0) canvas.text(x, y + 1 + cells.length, `… and ${formatCount(more)} more cases`, FAINT, width);
  return y + 1 + cells.length + (more > 0 ? 1 : 0);
}

const LEAST_SKETCH = 5;
const MOST_SKETCH = 10;

function drawArrivals(canvas: Canvas, { x, y, width, height }: Rect, { arrivals, untilMs }: Preview, look: PictureLook): void {
  if (height < LEAST_SKETCH || arrivals.length === 0 || width < 20) return;
  canvas.text(x, y, "Arrivals per second", FAINT);
  const place = { x, y: y + 1, width, height: Math.min(MOST_SKETCH, height - 1) };
  const columns = width - 8;
  const values = Float64Array.from({ length: columns }, (_, i) => arrivals[Math.floor((i / columns) * arrivals.length)] ?? 0);
  const paint = style("arriving");
  drawPlot(canvas, place, {
    top: niceTop(Math.max(...arrivals)),
    axis: shortCount,
    until: untilMs,
    area: { values, edge: paint, inside: style("arriving", { ground: "track" }), shaded: look.shaded },
    ...{ curves: [], levels: [], marks: [], cursor: null, glyphs: look.glyphs },
  });
}

function drawForm(canvas: Canvas, place: Rect, choice: Choice | undefined, form: NonNullable<BrowseView["form"]>, look: PictureLook): void {
  const title = `Run ${printable(choice?.name ?? "", 40)} once with`;
  const inside = drawFrame(canvas, place, { number: 0, title, headline: "", focused: true, ascii: look.glyphs === "ascii" });
  form.fields.forEach(([name, text], i) => {
    const y = inside.y + 1 + i;
    if (y >= inside.y + inside.height) return;
    const focused = i === form.field;
    canvas.text(inside.x + 2, y, name.padEnd(10), focused ? FOCUSED : TEXT);
    const shown = focused ? `${text}_` : text === "" ? "as the scenario says" : text;
    canvas.text(inside.x + 13, y, shown, focused ? BOLD_TEXT : text === "" ? FAINT : TEXT, inside.width - 15);
  });
  const y = inside.y + form.fields.length + 2;
  if (y < inside.y + inside.height)
    canvas.text(inside.x + 2, y, "mode: sync,async,parallel   rate: 200   duration: 10s   workers: 2", FAINT, inside.width - 3);
}
