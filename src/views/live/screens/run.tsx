/** @jsxRuntime classic */
import { Box, useWindowSize } from "ink";
import React, { useEffect, useLayoutEffect, useRef } from "react";
import type { RateStep } from "../../../telemetry/rate-changes.ts";
import { rebound } from "../bindings.ts";
import type { Capture } from "../capture.ts";
import type { Pointed } from "../mouse.ts";
import { drawPalette } from "../picture/palette-picture.ts";
import type { ScreenProps } from "../session.tsx";
import type { LiveStore } from "../store.ts";
import { useActions } from "../use-actions.ts";
import { FIRST_STATE, RUN_ACTIONS, type RunIntent, type RunState } from "./run-actions.ts";
import { contextOf, drawScreen, pointedKey } from "./run-drawing.ts";

export interface RunScreenProps extends ScreenProps {
  readonly store: LiveStore;
  /** The run is a replay. */
  readonly replaying?: boolean;
  /** Keeps pictures and recordings. */
  readonly capture: Capture;
  /** Asks to stop the run. */
  readonly onInterrupt: () => void;
  /** Asks to change the arrival rate. */
  readonly onRate: (step: RateStep) => void;
  readonly onQuit: () => void;
}

/** The screen of a run, and its closing screen afterwards, drawn on the surface; Ink handles its keys. */
export function RunScreen({ store, replaying = false, capture, keyboard, surface, appearance, bindings, ...on }: RunScreenProps) {
  const { columns, rows } = useWindowSize();
  const context = () => contextOf(store.latest, columns, rows, replaying);
  const { look } = appearance;
  const actions = rebound("run", RUN_ACTIONS, bindings);
  const onPicture = () =>
    void capture.picture(store.latest.name, (canvas) =>
      drawScreen(canvas, store.snapshot(), latest.current, context(), look, { notice: "", recording: false, actions }),
    );
  const onRecord = () => void capture.toggleRecording(store.latest.name);
  const outside = { store, onPicture, onRecord, ...on };
  const keyOf = (pointed: Pointed, now: RunState) => pointedKey(pointed, store.latest, now, columns, rows);
  const [state, , palette] = useActions(keyboard, actions, FIRST_STATE, context, (intent) => OUTSIDE[intent](outside), keyOf);
  const latest = useRef(state);
  latest.current = state;
  // After each key; a sample draws the same again without React.
  useLayoutEffect(() => {
    surface.show((canvas) => {
      const { notice, recording } = capture;
      drawScreen(canvas, store.snapshot(), state, context(), appearance.look, { notice, recording, actions });
      if (palette !== null) drawPalette(canvas, palette, appearance.look);
    });
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

interface Outside
  extends Pick<RunScreenProps, "store" | "terminal" | "onRate" | "onInterrupt" | "onQuit" | "onSuspend" | "onInputOver" | "onTheme"> {
  readonly onPicture: () => void;
  readonly onRecord: () => void;
}

const OUTSIDE: Readonly<Record<RunIntent, (outside: Outside) => void>> = {
  "rate-up": ({ onRate }) => onRate("up"),
  "rate-down": ({ onRate }) => onRate("down"),
  interrupt: ({ onInterrupt }) => onInterrupt(),
  quit: ({ onQuit }) => onQuit(),
  suspend: ({ onSuspend }) => onSuspend(),
  freeze: ({ store }) => store.freeze(true),
  unfreeze: ({ store }) => store.freeze(false),
  theme: ({ onTheme }) => onTheme(),
  picture: ({ onPicture }) => onPicture(),
  record: ({ onRecord }) => onRecord(),
  mouse: ({ terminal }) => void terminal.toggleMouse(),
  "input-over": ({ onInputOver }) => onInputOver(),
};
