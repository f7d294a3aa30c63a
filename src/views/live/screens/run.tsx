/** @jsxRuntime classic */
import { Box, useWindowSize } from "ink";
import React, { useEffect, useLayoutEffect } from "react";
import type { ScreenProps } from "../session.tsx";
import type { LiveStore } from "../store.ts";
import { useActions } from "../use-actions.ts";
import { FIRST_STATE, RUN_ACTIONS, type RunIntent } from "./run-actions.ts";
import { contextOf, drawScreen } from "./run-drawing.ts";

export interface RunScreenProps extends ScreenProps {
  readonly store: LiveStore;
  /** The run is a replay. */
  readonly replaying?: boolean;
  /** Asks to stop the run. */
  readonly onInterrupt: () => void;
  readonly onQuit: () => void;
}

/** The screen of a run, and its closing screen afterwards, drawn on the surface; Ink handles its keys. */
export function RunScreen({ store, replaying = false, keyboard, surface, appearance, ...on }: RunScreenProps) {
  const { columns, rows } = useWindowSize();
  const context = () => contextOf(store.latest, columns, rows, replaying);
  const [state] = useActions(keyboard, RUN_ACTIONS, FIRST_STATE, context, (intent) => OUTSIDE[intent]({ store, ...on }));
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
