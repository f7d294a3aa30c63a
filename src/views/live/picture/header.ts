import { columnsOf, printable } from "../../../kernel/text.ts";
import { formatMs, formatRate, formatShare } from "../../../kernel/units.ts";
import { paramsText } from "../../../telemetry/params.ts";
import { drawBar } from "../../canvas/bar.ts";
import type { Canvas } from "../../canvas/canvas.ts";
import { BAD, BOLD_TEXT, FAINT, style, TEXT, WARN } from "../../canvas/styles.ts";
import { roundText } from "../../report/repeats.ts";
import { comparedCases, disturbanceNote, machineLine, progress } from "../figures.ts";
import { instantText } from "../moments.ts";
import type { RunView } from "../store.ts";
import { type StoryPart, storyOf } from "../story.ts";
import { modeStyle, type PictureLook, strokeSample } from "./look.ts";

export interface HeaderOptions {
  readonly look: PictureLook;
  readonly frozen: boolean;
  /** The terminal is being recorded. */
  readonly recording?: boolean;
  /** The instant shown; null: now. */
  readonly past: number | null;
  /** Lines of the header: two, with the story three, with the hypothesis four. */
  readonly height: number;
}

const LEAST_BAR = 6;
const ROOM_FOR_BAR = 26;

/** Draws scenario, mode i of n with its progress and the legend, cause and effect, and the hypothesis. */
export function drawHeader(canvas: Canvas, view: RunView, { look, frozen, past, height, recording = false }: HeaderOptions): void {
  const { width } = canvas;
  const about = ` ${recording ? "rec · " : ""}${printable(view.name, 40)} · ${machineLine(view)}`;
  const left = canvas.textRight(width, 0, about.length > (2 * width) / 3 ? ` ${machineLine(view)}` : about, FAINT);
  canvas.text(0, 0, printable(view.title || "lab-tui", Math.max(1, left)), BOLD_TEXT, left);
  drawProgress(canvas, view, look, past, notesOf(view, frozen && past === null));
  if (height >= 3) drawStory(canvas, view, look, past);
  if (height >= 4) canvas.text(0, 3, `Hypothesis: ${view.hypothesis}`, FAINT);
}

function notesOf(view: RunView, frozen: boolean): string[] {
  return [
    frozen ? "frozen" : "",
    disturbanceNote(view),
    view.stopping === "no" ? "" : view.stopping === "now" ? "stopping now" : "stopping, draining",
  ].filter(Boolean);
}

const THE_PAST = style("accent", { bold: true, inverse: true });

function drawProgress(canvas: Canvas, view: RunView, look: PictureLook, past: number | null, notes: readonly string[]): void {
  const { width } = canvas;
  const mode = view.cases[view.current]?.outline.mode ?? "";
  const { share, leftMs } = progress(view);
  const paint = modeStyle(mode, { bold: true });
  const ascii = look.glyphs === "ascii";
  let x = canvas.text(0, 1, view.phase === "finished" ? "" : ascii ? "> " : "▶ ", paint);
  x = canvas.text(x, 1, view.cases.length === 0 ? "preparing" : labelOf(view, mode), paint) + 1;
  // The past is labelled differently from the present, so that they are not confused.
  const tail = past === null ? ` ${formatShare(share)} ${statusText(view, leftMs)}` : ` the past, at ${instantText(past)} `;
  const noteText = notes.length === 0 ? "" : ` · ${notes.join(" · ")}`;
  const room = width - x - columnsOf(tail) - columnsOf(noteText);
  const legend = legendOf(view, look, room - LEAST_BAR - 2);
  const legendWidth = legend.reduce((sum, { text }) => sum + columnsOf(text), 0);
  const bar = Math.max(LEAST_BAR, Math.min(room - legendWidth - (legendWidth > 0 ? 2 : 0), Math.max(ROOM_FOR_BAR, Math.floor(width / 3))));
  drawBar(canvas, x, 1, bar, share, modeStyle(mode), ascii);
  x = canvas.text(x + bar, 1, tail, past === null ? TEXT : THE_PAST);
  canvas.text(x, 1, noteText, WARN);
  x = width - legendWidth;
  for (const { text, paint } of legend) x = canvas.text(x, 1, text, paint);
}

interface LegendPart {
  readonly text: string;
  readonly paint: number;
}

/** The other modes with their strokes and results, and the prediction's line; as many as fit. */
function legendOf(view: RunView, look: PictureLook, room: number): LegendPart[] {
  const current = view.cases[view.current];
  const others = comparedCases(view).filter((one) => one !== current);
  const tries = [true, false].map((withRates) => [
    ...others.flatMap(({ outline: { mode }, state, result }): LegendPart[] => {
      const rate = withRates && result !== null ? ` ${formatRate(result.throughput)}` : "";
      const sign = look.glyphs === "ascii" ? (state === "done" ? "+" : ".") : state === "done" ? "✔" : "·";
      return [{ text: `  ${sign} ${strokeSample(mode, look)} ${mode}${rate}`, paint: state === "done" ? modeStyle(mode) : FAINT }];
    }),
    { text: `  ${look.glyphs === "ascii" ? "-" : "┄"} predicted`, paint: style("expected") },
  ]);
  const widthOf = (parts: readonly LegendPart[]) => parts.reduce((sum, { text }) => sum + columnsOf(text), 0);
  return tries.find((parts) => widthOf(parts) <= room) ?? [];
}

/** Draws the present causes and effects. */
function drawStory(canvas: Canvas, view: RunView, look: PictureLook, past: number | null): void {
  const current = view.cases[view.current];
  if (current === undefined || (view.phase === "finished" && past === null)) return;
  const arrow = look.glyphs === "ascii" ? " -> " : " → ";
  const story = fittingStory(storyOf(current), canvas.width - 2, arrow);
  if (story.length === 0) return;
  let x = canvas.text(0, 2, look.glyphs === "ascii" ? "| " : "▌ ", modeStyle(current.outline.mode));
  story.forEach(({ text, tone }, i) => {
    if (i > 0) x = canvas.text(x, 2, arrow, FAINT);
    x = canvas.text(x, 2, text, tone === "bad" ? BAD : tone === "warn" ? WARN : BOLD_TEXT);
  });
}

/** The chain without its instants, and then without what is least of it, where there is no room for all. */
function fittingStory(story: readonly StoryPart[], room: number, arrow: string): readonly StoryPart[] {
  const short = story.map(({ text, tone }) => ({ text: text.replace(/ since .*$/, ""), tone }));
  const tries = [story, short, short.filter(({ tone }, i) => i === 0 || tone !== "plain"), short.slice(0, 2), short.slice(0, 1)];
  const widthOf = (parts: readonly StoryPart[]) => columnsOf(parts.map(({ text }) => text).join(arrow));
  return tries.find((parts) => widthOf(parts) <= room) ?? [];
}

/** Mode i of n; in a sweep also the point. */
function labelOf(view: RunView, mode: string): string {
  // The last part of a field's name is enough here.
  const swept = Object.entries(view.cases[view.current]?.outline.params ?? {});
  const point = paramsText(Object.fromEntries(swept.map(([field, value]) => [field.replace(/^.*\./, ""), value])));
  const round = view.phase === "finished" ? "" : roundText(view.cases[view.current]?.outline.repeat);
  const params = [point, round].filter((part) => part !== "").join(", ");
  const note = view.note === "" ? "" : ` · ${printable(view.note, 60)}`;
  if (params === "") return `${mode} (mode ${view.current + 1} of ${view.cases.length})${note}`;
  const number = view.phase === "finished" ? view.ran.length : Math.min(view.cases.length, view.ran.length + 1);
  return `${mode} (${number} of ${view.cases.length}) ${printable(params, 60)}${note}`;
}

function statusText(view: RunView, leftMs: number | null): string {
  const current = view.cases[view.current];
  if (view.phase === "finished") return "finished";
  if (current === undefined || current.state === "waiting" || current.state === "preparing") return "warming up";
  if (current.state === "done") return "done";
  if (leftMs !== null) return `${formatMs(leftMs)} left`;
  // A list that has just begun: its speed shows only in completed items.
  return current.lastMs > 0 ? "draining" : "starting";
}
