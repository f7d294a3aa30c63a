/** @jsxRuntime classic */
import { Box, useWindowSize } from "ink";
import React, { useEffect, useLayoutEffect } from "react";
import type { RunResult } from "../../../telemetry/result.ts";
import { footerKeys } from "../actions.ts";
import { rebound } from "../bindings.ts";
import { drawFooter } from "../picture/footer.ts";
import { drawHistory, type PastRun } from "../picture/history-picture.ts";
import { drawPalette } from "../picture/palette-picture.ts";
import type { ScreenProps, Session } from "../session.tsx";
import { hasAllWords } from "../typing.ts";
import { useActions } from "../use-actions.ts";
import {
  COMPARISON_ACTIONS,
  chosenRun,
  FIRST_HISTORY,
  HISTORY_ACTIONS,
  type HistoryContext,
  type HistoryIntent,
  type HistoryState,
} from "./history-actions.ts";
import { SideBySide } from "./side-by-side.tsx";

/** What the list of past runs needs from outside. */
export interface HistoryHost {
  readonly runs: readonly PastRun[];
}

/** What was decided on the list of past runs. */
export type HistoryOutcome =
  | { readonly kind: "replay"; readonly run: string }
  | { readonly kind: "compare"; readonly runs: readonly string[] }
  | { readonly kind: "back" };

/** The list as it was left, to be found again. */
export interface HistoryMemory {
  state: HistoryState;
}

export const emptyHistory = (): HistoryMemory => ({ state: FIRST_HISTORY });

/** Shows the past runs; resolves with what the user wants. */
export function chooseRun(session: Session, host: HistoryHost, memory: HistoryMemory): Promise<HistoryOutcome> {
  return session.ask<HistoryOutcome>((given, decide) => <History host={host} memory={memory} onDone={decide} {...given} />, {
    kind: "back",
  });
}

interface HistoryProps extends ScreenProps {
  readonly host: HistoryHost;
  readonly memory: HistoryMemory;
  readonly onDone: (outcome: HistoryOutcome) => void;
}

function History({ host, memory, keyboard, surface, appearance, bindings, terminal, onDone, ...on }: HistoryProps) {
  const { columns, rows } = useWindowSize();
  const context: HistoryContext = { matching: (filter) => matchingRuns(host.runs, filter).map(({ run }) => run) };
  const act = (intent: HistoryIntent, state: HistoryState) => {
    const run = chosenRun(state, context);
    if (intent === "back") onDone({ kind: "back" });
    else if (intent === "replay" && run !== undefined) onDone({ kind: "replay", run });
    else if (intent === "compare") onDone({ kind: "compare", runs: state.marked });
    else if (intent === "suspend") on.onSuspend();
    else if (intent === "theme") on.onTheme();
    else if (intent === "mouse") terminal.toggleMouse();
  };
  const actions = rebound("history", HISTORY_ACTIONS, bindings);
  const [state, , palette] = useActions(keyboard, actions, memory.state, () => context, act);
  memory.state = state;
  useLayoutEffect(() => {
    const { marked, filter, typing } = state;
    const runs = matchingRuns(host.runs, filter);
    const view = { runs, all: host.runs.length, chosen: chosenRun(state, context), marked, filter, typing };
    surface.show((canvas) => {
      drawHistory(canvas, view, appearance.look);
      drawFooter(canvas, footerKeys(actions, state, context));
      if (palette !== null) drawPalette(canvas, palette, appearance.look);
    });
  });
  useEffect(() => () => surface.show(null), [surface]);
  return <Box width={columns} height={rows} />;
}

function matchingRuns(runs: readonly PastRun[], filter: string): readonly PastRun[] {
  return runs.filter(({ run, scenario, title, status, startedAt }) =>
    hasAllWords([run, scenario, title, status, startedAt].join(" "), filter),
  );
}

/** Shows two runs side by side until a key is pressed. */
export function sideBySide(session: Session, a: RunResult, b: RunResult): Promise<void> {
  return session.ask<void>((given, decide) => <Comparison a={a} b={b} onDone={decide} {...given} />, undefined);
}

interface ComparisonProps extends ScreenProps {
  readonly a: RunResult;
  readonly b: RunResult;
  readonly onDone: () => void;
}

function Comparison({ a, b, keyboard, theme, onDone, onSuspend }: ComparisonProps) {
  const { columns, rows } = useWindowSize();
  useActions(
    keyboard,
    COMPARISON_ACTIONS,
    null,
    () => null,
    (intent) => (intent === "suspend" ? onSuspend() : onDone()),
  );
  return <SideBySide a={a} b={b} width={columns} height={rows} theme={theme} />;
}
