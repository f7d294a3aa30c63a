/** @jsxRuntime classic */
import { Box, Text, useInput, useWindowSize } from "ink";
import React, { useMemo, useRef, useState, useSyncExternalStore } from "react";
import { placesOn } from "../../../telemetry/allowance.ts";
import { ledgerLine } from "../../report/table.ts";
import { CHART_PANELS } from "../figures.ts";
import { FIRST_SCREEN, Keyboard, press, type Wish } from "../keys.ts";
import { ChartPanelView } from "../panels/chart-panel.tsx";
import { ComparisonLines, ComparisonTable, tableHeight } from "../panels/comparison.tsx";
import { CoresPanel } from "../panels/cores-panel.tsx";
import { FlowPanel, MOST_PARTS, partCount } from "../panels/flow-panel.tsx";
import { Expected, Header } from "../panels/header.tsx";
import { Help } from "../panels/help.tsx";
import { RequestsPanel } from "../panels/requests-panel.tsx";
import type { LiveStore } from "../store.ts";
import { useSuspension } from "../suspension.ts";
import type { Theme } from "../theme.ts";
import { type BodyProps, Closing } from "./closing.tsx";

/** Rows from which on there is one to spare for what the scenario expects. */
const ROOMY_ROWS = 30;

export const SMALLEST = { columns: 60, rows: 18 } as const;

export interface AppProps {
  readonly store: LiveStore;
  readonly theme: Theme;
  readonly onWish: (wish: Wish) => void;
}

/** The run screen: header, five panels, ledger, comparison; afterwards the closing screen. */
export function App({ store, theme, onWish }: AppProps) {
  const view = useSyncExternalStore(store.subscribe, store.snapshot);
  const { columns, rows } = useWindowSize();
  const [screen, setScreen] = useState(FIRST_SCREEN);
  const latest = useRef(screen);
  const keyboard = useRef(new Keyboard());
  const suspend = useSuspension();
  useInput((input, key) => {
    for (const char of keyboard.current.typed(input, key)) {
      const { state, wish } = press(latest.current, char, key, !store.latest.over);
      if (state.frozen !== latest.current.frozen) store.freeze(state.frozen);
      latest.current = state;
      if (wish === "suspend") suspend();
      else if (wish !== "none") onWish(wish);
    }
    setScreen(latest.current);
  });
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) {
    return (
      <Box width={columns} height={rows} alignItems="center" justifyContent="center">
        <Text wrap="truncate">{`needs ${SMALLEST.columns}×${SMALLEST.rows}, has ${columns}×${rows}`}</Text>
      </Box>
    );
  }
  const headed = rows >= ROOMY_ROWS && view.hypothesis !== "";
  const bodyHeight = rows - (headed ? 4 : 3);
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Header view={view} width={columns} frozen={screen.frozen && !view.over} theme={theme} />
      {headed ? <Expected view={view} theme={theme} /> : null}
      {screen.help ? (
        <Help theme={theme} height={bodyHeight} />
      ) : view.phase === "finished" && !screen.zoomed ? (
        <Closing view={view} width={columns} height={bodyHeight} focus={screen.focus} theme={theme} />
      ) : (
        <Panels view={view} width={columns} height={bodyHeight} focus={screen.focus} zoomed={screen.zoomed} theme={theme} />
      )}
      <Footer asking={screen.asking} finished={view.over} width={columns} theme={theme} />
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
  readonly asking: boolean;
  readonly finished: boolean;
  readonly width: number;
  readonly theme: Theme;
}

function Footer({ asking, finished, width, theme }: FooterProps) {
  if (asking && !finished) {
    return (
      <Text bold wrap="truncate">
        A run is going on. Stop it and quit? y / n
      </Text>
    );
  }
  const keys = finished ? "q quit  1–5 panel  Enter, z zoom  ? help" : "q quit  ? help  Tab 1–5 panel  z zoom  Space freeze  Ctrl-C stop";
  return (
    <Box width={width}>
      <Text dimColor={theme.faint} wrap="truncate">
        {keys}
      </Text>
    </Box>
  );
}
