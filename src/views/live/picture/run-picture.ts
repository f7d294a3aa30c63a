import { printable } from "../../../kernel/text.ts";
import { placesOn } from "../../../telemetry/allowance.ts";
import type { Canvas, Rect } from "../../canvas/canvas.ts";
import { BAD, FAINT } from "../../canvas/styles.ts";
import { ledgerLine } from "../../report/table.ts";
import { CHART_PANELS, rowsOf } from "../figures.ts";
import type { RunView } from "../store.ts";
import { drawLog, drawReadings, drawSweepProgress } from "./beside.ts";
import { drawChartPanel, type PanelOptions } from "./chart-panel.ts";
import { drawCoresPanel } from "./cores-panel.ts";
import { drawHeader } from "./header.ts";
import { drawHostsPanel, severalHosts } from "./hosts-panel.ts";
import type { PictureLook } from "./look.ts";
import { drawOwnPanel, ownLines } from "./own-panels.ts";
import { drawTable } from "./table.ts";

/** State of a picture as set by the keyboard. */
export interface PictureState {
  /** Index of the focused panel. */
  readonly focus: number;
  readonly zoomed: boolean;
  readonly frozen: boolean;
  /** The instant shown, in milliseconds since t = 0 of the case; null: now. */
  readonly past: number | null;
  /** The terminal is being recorded. */
  readonly recording?: boolean;
  /** The point of a finished sweep that is shown, as an index of the result's cases; null, or absent: the best. */
  readonly point?: number | null;
}

/** Screen heights with room for the story, and for the hypothesis. */
const STORY_ROWS = 22;
const ROOMY_ROWS = 30;

/** Height of the header. */
export function headerLines(view: RunView, rows: number): number {
  return rows >= ROOMY_ROWS && view.hypothesis !== "" ? 4 : rows >= STORY_ROWS ? 3 : 2;
}

/** Rectangle of the body: below the header, above the footer. */
export function bodyOf(view: RunView, width: number, rows: number): Rect {
  const top = headerLines(view, rows);
  return { x: 0, y: top, width, height: rows - top - 1 };
}

/** Heights of the body's rows; `cores`: bars for cores, or for hosts. */
export function layout(height: number, modes: number, cores: number, own: number) {
  const coreRows = height >= 32 ? Math.min(6, Math.max(1, Math.ceil(cores / 4))) : 1;
  const coresHeight = coreRows + 2;
  const roomy = height >= 30;
  const table = height >= 17 ? Math.min(modes + 1, roomy ? 12 : 4) : 0;
  // The workload's own panel: one line on a small screen.
  const extra = own === 0 ? 0 : 2 + (roomy ? own : 1);
  const charts = height - coresHeight - table - extra - 1;
  const upper = Math.ceil(charts / 2);
  return { upper, lower: charts - upper, coresHeight, table, extra };
}

/** Draws the screen of a run: header, five panels, ledger and table; a zoomed panel gets all the room. */
export function drawRun(canvas: Canvas, view: RunView, state: PictureState, look: PictureLook): void {
  const { width, height: rows } = canvas;
  const header = { look, frozen: state.frozen, past: state.past, recording: state.recording === true, height: headerLines(view, rows) };
  guarded(canvas, { x: 0, y: 0, width, height: header.height }, "header", () => drawHeader(canvas, view, header));
  const body = bodyOf(view, width, rows);
  if (state.zoomed) drawZoomed(canvas, body, view, state, look);
  else drawPanels(canvas, body, view, state, look);
}

/** Draws the focused panel on the whole body, with the values of its curves below it. */
function drawZoomed(canvas: Canvas, body: Rect, view: RunView, state: PictureState, look: PictureLook): void {
  const panel = CHART_PANELS[state.focus];
  const height = panel === undefined ? body.height : body.height - 1;
  drawPanel(canvas, { ...body, height }, state.focus, view, state, look);
  if (panel === undefined) return;
  const line = { ...body, y: body.y + height, height: 1 };
  guarded(canvas, line, "values", () => drawReadings(canvas, line, panel, view, state.past, look));
}

/** Where everything stands in a body that is not zoomed: the numbered panels, the workload's own, the line of the ledger, what is under it. */
function placesOf(view: RunView, { x, y, width, height }: Rect) {
  const cores = severalHosts(view)?.hosts.length ?? (view.machine === null ? 1 : placesOn(view.machine));
  const modes = new Set(view.cases.map(({ outline }) => outline.mode)).size;
  const { upper, lower, coresHeight, table, extra } = layout(height, modes, cores, ownLines(view));
  const left = Math.ceil(width / 2);
  const place = (column: 0 | 1, top: number, height: number) => ({
    x: x + column * left,
    y: top,
    width: column === 0 ? left : width - left,
    height,
  });
  const own = { x, y: y + upper + lower, width, height: extra };
  const coresPlace = { x, y: own.y + extra, width, height: coresHeight };
  const ledger = coresPlace.y + coresHeight;
  const panels: readonly Rect[] = [
    ...[place(0, y, upper), place(1, y, upper), place(0, y + upper, lower), place(1, y + upper, lower)],
    coresPlace,
  ];
  return { panels, own, ledger, under: { x, y: ledger + 1, width, height: table } };
}

/** The numbered panel at a cell of the screen of a run, from 0; null: there is none. */
export function panelAt(
  view: RunView,
  zoomed: number | null,
  width: number,
  rows: number,
  cell: { readonly column: number; readonly row: number },
): number | null {
  const within = ({ x, y, width, height }: Rect) => cell.column >= x && cell.column < x + width && cell.row >= y && cell.row < y + height;
  const body = bodyOf(view, width, rows);
  if (zoomed !== null) return within(body) ? zoomed : null;
  const index = placesOf(view, body).panels.findIndex(within);
  return index < 0 ? null : index;
}

function drawPanels(canvas: Canvas, body: Rect, view: RunView, state: PictureState, look: PictureLook): void {
  const { x, width } = body;
  const { panels, own, ledger: top, under } = placesOf(view, body);
  for (const [index, place] of panels.entries()) drawPanel(canvas, place, index, view, state, look);
  if (own.height > 0) guarded(canvas, own, "figures", () => drawOwnPanel(canvas, own, view, look));
  const current = view.cases[view.current];
  canvas.text(x, top, current === undefined ? "" : ledgerLine(current.ledger, width), FAINT);
  drawSweepProgress(canvas, x + width, top, Math.floor(width / 2), view, look);
  guarded(canvas, under, "table", () => {
    const taken = drawTable(canvas, under, rowsOf(view));
    drawLog(canvas, { ...under, x: taken + 3, width: width - taken - 3 }, view);
  });
}

/** Draws one of the numbered panels. */
export function drawPanel(canvas: Canvas, place: Rect, index: number, view: RunView, state: PictureState, look: PictureLook): void {
  const options: PanelOptions = { number: index + 1, focused: state.focus === index, look, cursor: state.past };
  const panel = CHART_PANELS[index];
  const hosts = severalHosts(view);
  guarded(canvas, place, panel?.title ?? (hosts === null ? "Cores" : "Hosts"), () => {
    if (panel !== undefined) drawChartPanel(canvas, place, panel, view, options);
    else if (hosts !== null) drawHostsPanel(canvas, place, hosts, options);
    else drawCoresPanel(canvas, place, view, options);
  });
}

/** Draws a part of the picture; where that fails the part says so, and the rest is drawn. */
function guarded(canvas: Canvas, place: Rect, name: string, draw: () => void): void {
  try {
    draw();
  } catch (error) {
    canvas.fill(place, 32, 0);
    const told = error instanceof Error ? error.message : String(error);
    canvas.text(place.x + 1, place.y, `${name}: cannot be drawn (${printable(told, 120)})`, BAD, place.width - 1);
  }
}
