import type { Canvas } from "../../canvas/canvas.ts";
import { SMALLEST_SCREEN } from "../../canvas/names.ts";
import { BOLD_TEXT, TEXT } from "../../canvas/styles.ts";
import { type Direction, isSweep, pointBeside } from "../../report/sweep.ts";
import { footerKeys, helpRows } from "../actions.ts";
import { writtenKey } from "../keys.ts";
import { momentsOf } from "../moments.ts";
import type { Pointed } from "../mouse.ts";
import { seenUntil, viewAt } from "../past.ts";
import { closingShows, drawClosing, drawPercentileScreen } from "../picture/closing-picture.ts";
import { drawFooter, drawQuestion } from "../picture/footer.ts";
import { drawHelp, LEGEND_LINES } from "../picture/help.ts";
import type { PictureLook } from "../picture/look.ts";
import { bodyOf, drawRun, panelAt } from "../picture/run-picture.ts";
import type { RunView } from "../store.ts";
import { RUN_ACTIONS, type RunAction, type RunContext, type RunState } from "./run-actions.ts";

/** Context of the keys on a run's screen. */
export function contextOf(view: RunView, columns: number, rows: number, replaying = false): RunContext {
  const current = view.cases[view.current];
  const { height } = bodyOf(view, columns, rows);
  const until = seenUntil(view);
  return {
    running: !view.over && !replaying,
    replaying: !view.over && replaying,
    steerable: isSteerable(view),
    shows: (panel) => view.phase !== "finished" || closingShows(view, columns, height, panel),
    until,
    pointAfter: pointAfter(view),
    // A rate that is to change later is no past yet.
    moments: current === undefined ? [] : momentsOf(current).flatMap(({ t }) => (t <= until ? [t] : [])),
  };
}

/** True while a case runs that has an arrival rate of its own: no trial of a search, and no repeat, which would have another tape. */
function isSteerable({ phase, note, cases, current }: RunView): boolean {
  const one = cases[current];
  if (phase !== "running" || note !== "" || one?.state !== "running" || one.outline.repeat !== undefined) return false;
  return PACED.includes(one.outline.load.executor) && (one.series.at(-1)?.t ?? 0) < one.lastMs;
}

const PACED: readonly string[] = ["constant-arrival-rate", "ramping-arrival-rate"];

/** Where arrows lead on the picture of a finished sweep, by index; null: the run is no such thing. */
function pointAfter({ phase, result }: RunView): RunContext["pointAfter"] {
  if (phase !== "finished" || result === null || !isSweep(result)) return null;
  return (point, key) => {
    const to = pointBeside(result, result.cases[point ?? -1] ?? null, key as Direction);
    return to === null ? point : result.cases.indexOf(to);
  };
}

/** Shown beside a run. */
export interface Aside {
  /** A message in place of the keys; "" for none. */
  readonly notice: string;
  /** The terminal is being recorded. */
  readonly recording: boolean;
  /** The actions, with their keys. */
  readonly actions: readonly RunAction[];
}

const NOTHING: Aside = { notice: "", recording: false, actions: RUN_ACTIONS };

/** Draws everything shown of a run at a moment, with the keys below, or a message. */
export function drawScreen(canvas: Canvas, view: RunView, state: RunState, context: RunContext, look: PictureLook, aside = NOTHING): void {
  const { width, height } = canvas;
  if (width < SMALLEST_SCREEN.columns || height < SMALLEST_SCREEN.rows) {
    const needs = `needs ${SMALLEST_SCREEN.columns}×${SMALLEST_SCREEN.rows}, has ${width}×${height}`;
    canvas.text(Math.max(0, Math.floor((width - needs.length) / 2)), Math.floor(height / 2), needs, TEXT);
    return;
  }
  drawBody(canvas, view, state, context, look, aside);
  if (state.asking && context.running) drawQuestion(canvas, `A run is going on. Stop it and quit? ${yesKey(aside.actions)} / n`);
  else if (aside.notice !== "") canvas.text(0, height - 1, aside.notice, BOLD_TEXT);
  else drawFooter(canvas, footerKeys(aside.actions, state, context));
}

/** The help: every action, or on a screen that is too small for them those that apply now. */
function helpOf(actions: readonly RunAction[], state: RunState, context: RunContext, height: number) {
  const all = helpRows(actions);
  if (all.length + LEGEND_LINES < height) return all;
  // How the help is closed stands below it.
  return helpRows(actions.filter(({ id, when }) => id !== "help" && when({ ...state, help: false }, context)));
}

/** The name of what was done with the mouse, as a key: a click by the panel it was on, from 1. */
export function pointedKey(pointed: Pointed, view: RunView, { zoomed, focus, past }: RunState, columns: number, rows: number): string {
  if (pointed.kind !== "click" || (view.phase === "finished" && !zoomed && past === null)) return pointed.kind;
  const panel = panelAt(view, zoomed ? focus : null, columns, rows, pointed);
  return panel === null ? pointed.kind : `click-${panel + 1}`;
}

function yesKey(actions: readonly RunAction[]): string {
  const keys = actions.find(({ id }) => id === "answer-yes")?.keys;
  return writtenKey((keys === "any" ? undefined : keys?.[0]) ?? "y");
}

function drawBody(canvas: Canvas, view: RunView, state: RunState, context: RunContext, look: PictureLook, aside: Aside): void {
  const { recording, actions } = aside;
  const picture = { ...state, recording, frozen: state.frozen && !view.over };
  if (state.help) drawHelp(canvas, helpOf(actions, state, context, canvas.height), look);
  else if (state.percentiles && view.phase === "finished") drawPercentileScreen(canvas, view, picture, look);
  else if (view.phase === "finished" && !state.zoomed && state.past === null) drawClosing(canvas, view, picture, look);
  else drawRun(canvas, state.past === null ? view : viewAt(view, state.past), picture, look);
}
