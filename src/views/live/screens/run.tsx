/** @jsxRuntime classic */
import { Box, useWindowSize } from "ink";
import React, { useEffect, useLayoutEffect } from "react";
import type { Canvas } from "../../canvas/canvas.ts";
import { TEXT } from "../../canvas/styles.ts";
import { footerKeys, helpRows } from "../actions.ts";
import { momentsOf } from "../moments.ts";
import { seenUntil, viewAt } from "../past.ts";
import { closingShows, drawClosing } from "../picture/closing-picture.ts";
import { drawFooter, drawQuestion } from "../picture/footer.ts";
import { drawHelp } from "../picture/help.ts";
import type { PictureLook } from "../picture/look.ts";
import { bodyOf, drawRun } from "../picture/run-picture.ts";
import type { ScreenProps } from "../session.tsx";
import type { LiveStore, RunView } from "../store.ts";
import { useActions } from "../use-actions.ts";
import { FIRST_STATE, RUN_ACTIONS, type RunContext, type RunIntent, type RunState } from "./run-actions.ts";

export const SMALLEST = { columns: 60, rows: 18 } as const;

export interface RunScreenProps extends ScreenProps {
  readonly store: LiveStore;
  /** The run is to stop. */
  readonly onInterrupt: () => void;
  readonly onQuit: () => void;
}

/** The screen of a run, and its closing screen afterwards, drawn on the surface; Ink has its keys. */
export function RunScreen({ store, keyboard, surface, appearance, ...on }: RunScreenProps) {
  const { columns, rows } = useWindowSize();
  const context = () => contextOf(store, columns, rows);
  const state = useActions(keyboard, RUN_ACTIONS, FIRST_STATE, context, (intent) => OUTSIDE[intent]({ store, ...on }));
  // After each key; a sample draws the same again without React.
  useLayoutEffect(() => {
    surface.show((canvas) => drawScreen(canvas, store.snapshot(), state, context(), appearance.look));
  });
  useEffect(() => {
    const leave = store.subscribe(() => surface.paint());
    return () => {
      leave();
      surface.show(null);
    };
  }, [store, surface]);
  return <Box width={columns} height={rows} />;
}

function contextOf(store: LiveStore, columns: number, rows: number): RunContext {
  const view = store.snapshot();
  const current = view.cases[view.current];
  const { height } = bodyOf(view, columns, rows);
  return {
    running: !store.latest.over,
    shows: (panel) => view.phase !== "finished" || closingShows(view, columns, height, panel),
    until: seenUntil(view),
    moments: current === undefined ? [] : momentsOf(current).map(({ t }) => t),
  };
}

/** All that is shown of a run at a moment, with what the keys do below. */
export function drawScreen(canvas: Canvas, view: RunView, state: RunState, context: RunContext, look: PictureLook): void {
  const { width, height } = canvas;
  if (width < SMALLEST.columns || height < SMALLEST.rows) {
    const needs = `needs ${SMALLEST.columns}×${SMALLEST.rows}, has ${width}×${height}`;
    canvas.text(Math.max(0, Math.floor((width - needs.length) / 2)), Math.floor(height / 2), needs, TEXT);
    return;
  }
  if (state.help) {
    drawHelp(canvas, helpRows(RUN_ACTIONS), look);
    drawFooter(canvas, footerKeys(RUN_ACTIONS, state, context));
    return;
  }
  const picture = { ...state, frozen: state.frozen && !view.over };
  const closing = view.phase === "finished" && !state.zoomed && state.past === null;
  if (closing) drawClosing(canvas, view, picture, look);
  else drawRun(canvas, state.past === null ? view : viewAt(view, state.past), picture, look);
  if (state.asking && context.running) drawQuestion(canvas, "A run is going on. Stop it and quit? y / n");
  else drawFooter(canvas, footerKeys(RUN_ACTIONS, state, context));
}

type Outside = Pick<RunScreenProps, "store" | "onInterrupt" | "onQuit" | "onSuspend" | "onInputOver" | "onTheme">;

const OUTSIDE: Readonly<Record<RunIntent, (outside: Outside) => void>> = {
  interrupt: ({ onInterrupt }) => onInterrupt(),
  quit: ({ onQuit }) => onQuit(),
  suspend: ({ onSuspend }) => onSuspend(),
  freeze: ({ store }) => store.freeze(true),
  unfreeze: ({ store }) => store.freeze(false),
  theme: ({ onTheme }) => onTheme(),
  "input-over": ({ onInputOver }) => onInputOver(),
};
