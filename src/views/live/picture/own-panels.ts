import { columnsOf, printable } from "../../../kernel/text.ts";
import { formatCount } from "../../../kernel/units.ts";
import type { FlowPartSample } from "../../../telemetry/sample.ts";
import type { Canvas, Rect } from "../../canvas/canvas.ts";
import { drawFrame } from "../../canvas/frame.ts";
import { TEXT } from "../../canvas/styles.ts";
import { outcomeBars, requestFigures } from "../requests.ts";
import type { RunView } from "../store.ts";
import type { PictureLook } from "./look.ts";

/** Most parts with a line of their own. */
export const MOST_PARTS = 6;

/** Number of a flow's parts, as far as known from the scenario or an earlier case; at least one, so that the first sample moves nothing. */
function shownParts(view: RunView): number {
  const described = view.cases[0]?.outline.parts ?? 0;
  const seen = view.cases.map(({ series }) => series.at(-1)?.flow?.parts.length ?? 0);
  return Math.max(1, described, ...seen);
}

/** Height of the workload's own panel; 0: none. */
export function ownLines(view: RunView): number {
  return view.workload === "fetch" ? 2 : view.workload === "flow" ? Math.min(MOST_PARTS, shownParts(view)) : 0;
}

/** Draws the workload's own panel. */
export function drawOwnPanel(canvas: Canvas, place: Rect, view: RunView, look: PictureLook): void {
  if (view.workload === "fetch") drawRequests(canvas, place, view, look);
  if (view.workload === "flow") drawParts(canvas, place, view, look);
}

/** Draws requests in flight and the outcomes of attempts; one line on a small screen. */
function drawRequests(canvas: Canvas, place: Rect, view: RunView, look: PictureLook): void {
  const sample = view.cases[view.current]?.series.at(-1)?.fetch;
  const roomy = place.height >= 4;
  const bars = sample === undefined ? "" : outcomeBars(sample, roomy ? place.width - 4 : 30);
  const lines = [sample === undefined ? "nothing sent yet" : requestFigures(sample), ...(roomy ? [bars] : [])];
  drawLines(canvas, place, "Requests", roomy ? "" : bars, lines, look);
}

/** Draws each part of the flow with its figures; in a single line, the part with the most waiting items. */
function drawParts(canvas: Canvas, place: Rect, view: RunView, look: PictureLook): void {
  const parts = view.cases[view.current]?.series.at(-1)?.flow?.parts ?? [];
  const room = place.height - 2;
  const shown = parts.length <= room ? parts : [...parts].sort((a, b) => b.waiting - a.waiting).slice(0, room);
  const more = parts.length - shown.length;
  const width = Math.max(0, ...shown.map(({ name }) => columnsOf(printable(name, 20))));
  const lines = shown.length === 0 ? ["nothing came through yet"] : shown.map((part) => partLine(part, width));
  drawLines(canvas, place, parts.length === 1 ? "Flow" : "Parts", more > 0 ? `${more} more` : "", lines, look);
}

function drawLines(canvas: Canvas, place: Rect, title: string, headline: string, lines: readonly string[], { glyphs }: PictureLook): void {
  const inside = drawFrame(canvas, place, { number: 0, title, headline, focused: false, ascii: glyphs === "ascii" });
  for (const [i, line] of lines.slice(0, inside.height).entries()) canvas.text(inside.x + 1, inside.y + i, line, TEXT, inside.width - 2);
}

/** One part in a line; zero figures are left out, except the first. */
export function partLine({ name, handled, failed, retried, dropped, waiting, inFlight }: FlowPartSample, width: number): string {
  const shown = printable(name, 20);
  const figures: readonly (readonly [string, number])[] = [
    ["waiting", waiting],
    ["in flight", inFlight],
    ["retried", retried],
    ["failed", failed],
    ["dropped", dropped],
  ];
  const rest = figures.filter(([, count]) => count > 0).map(([word, count]) => `${word} ${formatCount(count)}`);
  return [`${shown}${" ".repeat(Math.max(0, width - columnsOf(shown)))}  handled ${formatCount(handled)}`, ...rest].join("  ");
}
