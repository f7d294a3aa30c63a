/** @jsxRuntime classic */
import { Box, Text, useWindowSize } from "ink";
import React, { useMemo, useSyncExternalStore } from "react";
import { placesOn } from "../../../telemetry/allowance.ts";
import { ledgerLine } from "../../report/table.ts";
import { footerText } from "../actions.ts";
import { CHART_PANELS } from "../figures.ts";
import { ChartPanelView } from "../panels/chart-panel.tsx";
import { ComparisonLines, ComparisonTable, tableHeight } from "../panels/comparison.tsx";
import { CoresPanel } from "../panels/cores-panel.tsx";
import { FlowPanel, MOST_PARTS, partCount } from "../panels/flow-panel.tsx";
import { Expected, Header } from "../panels/header.tsx";
import { Help } from "../panels/help.tsx";
import { RequestsPanel } from "../panels/requests-panel.tsx";
import type { ScreenProps } from "../session.tsx";
import type { LiveStore } from "../store.ts";
import type { Theme } from "../theme.ts";
import { useActions } from "../use-actions.ts";
import { type BodyProps, Closing, closingShows } from "./closing.tsx";
import { FIRST_STATE, RUN_ACTIONS, type RunContext, type RunIntent, type RunState } from "./run-actions.ts";

/** Rows from which on there is one to spare for what the scenario expects. */
const ROOMY_ROWS = 30;

export const SMALLEST = { columns: 60, rows: 18 } as const;

export interface RunScreenProps extends ScreenProps {
  readonly store: LiveStore;
  /** The run is to stop. */
  readonly onInterrupt: () => void;
  readonly onQuit: () => void;
}

/** The run screen: header, five panels, ledger, comparison; afterwards the closing screen. */
export function RunScreen({ store, keyboard, theme, ...on }: RunScreenProps) {
  const view = useSyncExternalStore(store.subscribe, store.snapshot);
  const { columns, rows } = useWindowSize();
  const headed = rows >= ROOMY_ROWS && view.hypothesis !== "";
  const height = rows - (headed ? 4 : 3);
  const context = (): RunContext => ({
    running: !store.latest.over,
    shows: (panel) => view.phase !== "finished" || closingShows(view, columns, height, panel),
  });
  const state = useActions(keyboard, RUN_ACTIONS, FIRST_STATE, context, (intent) => OUTSIDE[intent]({ store, ...on }));
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) return <TooSmall columns={columns} rows={rows} />;
  const body = { view, width: columns, height, focus: state.focus, theme };
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Header view={view} width={columns} frozen={state.frozen && !view.over} theme={theme} />
      {headed ? <Expected view={view} theme={theme} /> : null}
      {state.help ? (
        <Help theme={theme} height={height} />
      ) : view.phase === "finished" && !state.zoomed ? (
        <Closing {...body} />
      ) : (
        <Panels {...body} zoomed={state.zoomed} />
      )}
      <Footer state={state} context={{ ...context(), running: !view.over }} width={columns} theme={theme} />
    </Box>
  );
}

type Outside = Omit<RunScreenProps, "keyboard" | "theme">;

const OUTSIDE: Readonly<Record<RunIntent, (outside: Outside) => void>> = {
  interrupt: ({ onInterrupt }) => onInterrupt(),
  quit: ({ onQuit }) => onQuit(),
  suspend: ({ onSuspend }) => onSuspend(),
  freeze: ({ store }) => store.freeze(true),
  unfreeze: ({ store }) => store.freeze(false),
  "input-over": ({ onInputOver }) => onInputOver(),
};

function TooSmall({ columns, rows }: { readonly columns: number; readonly rows: number }) {
  return (
    <Box width={columns} height={rows} alignItems="center" justifyContent="center">
      <Text wrap="truncate">{`needs ${SMALLEST.columns}×${SMALLEST.rows}, has ${columns}×${rows}`}</Text>
    </Box>
  );
}

/** Heights of the rows of the body. Small screens get lines instead of the table. */
export function layout(height: number, modes: number, cores: number, own = 0) {
  const coreRows = height >= 32 ? Math.min(6, Math.max(2, Math.ceil(cores / 4))) : 1;
  const coresHeight = coreRows + 2;
  const roomy = height >= 34;
  const table = roomy ? tableHeight(modes) : height >= 20 ? modes + 1 : 0;
  // What only this workload has: a line on a small screen.
  const extra = own === 0 ? 0 : 2 + (roomy ? own : 1);
  const charts = height - coresHeight - table - extra - 1;
  const upper = Math.ceil(charts / 2);
  return { upper, lower: charts - upper, coresHeight, roomy, table, extra };
}

function Panels({ view, width, height, focus, zoomed, theme }: BodyProps & { readonly zoomed: boolean }) {
  const cores = view.machine === null ? 1 : placesOn(view.machine);
  const modes = new Set(view.cases.map(({ outline }) => outline.mode)).size;
  const own = view.workload === "fetch" ? 2 : view.workload === "flow" ? Math.min(MOST_PARTS, partCount(view)) : 0;
  const { upper, lower, coresHeight, roomy, table, extra } = useMemo(() => layout(height, modes, cores, own), [height, modes, cores, own]);
  const left = Math.ceil(width / 2);
  const chart = (index: number, w: number, h: number) => {
    const panel = CHART_PANELS[index];
    return panel === undefined ? null : (
      <ChartPanelView key={panel.title} panel={panel} view={view} width={w} height={h} focused={focus === index} theme={theme} />
    );
  };
  if (zoomed) {
    return focus === 4 ? <CoresPanel view={view} width={width} height={height} focused theme={theme} /> : chart(focus, width, height);
  }
  const current = view.cases[view.current];
  return (
    <Box flexDirection="column" height={height}>
      <Box height={upper}>
        {chart(0, left, upper)}
        {chart(1, width - left, upper)}
      </Box>
      <Box height={lower}>
        {chart(2, left, lower)}
        {chart(3, width - left, lower)}
      </Box>
      {view.workload === "fetch" ? <RequestsPanel view={view} width={width} height={extra} theme={theme} /> : null}
      {view.workload === "flow" ? <FlowPanel view={view} width={width} height={extra} theme={theme} /> : null}
      <CoresPanel view={view} width={width} height={coresHeight} focused={focus === 4} theme={theme} />
      <Text wrap="truncate">{current === undefined ? " " : ledgerLine(current.ledger, width)}</Text>
      <Box height={table} flexDirection="column" overflow="hidden">
        {table === 0 ? null : roomy ? (
          <ComparisonTable view={view} width={width} theme={theme} />
        ) : (
          <ComparisonLines view={view} width={width} theme={theme} />
        )}
      </Box>
    </Box>
  );
}

interface FooterProps {
  readonly state: RunState;
  readonly context: RunContext;
  readonly width: number;
  readonly theme: Theme;
}

function Footer({ state, context, width, theme }: FooterProps) {
  if (state.asking && context.running) {
    return (
      <Text bold wrap="truncate">
        A run is going on. Stop it and quit? y / n
      </Text>
    );
  }
  return (
    <Box width={width}>
      <Text dimColor={theme.faint} wrap="truncate">
        {footerText(RUN_ACTIONS, state, context)}
      </Text>
    </Box>
  );
}
