/** @jsxRuntime classic */
import { Box, Text, useInput, useWindowSize } from "ink";
import React, { useMemo, useRef, useState, useSyncExternalStore } from "react";
import { printable } from "../../kernel/text.ts";
import { placesOn } from "../../telemetry/allowance.ts";
import type { CaseResult, RunResult } from "../../telemetry/result.ts";
import { rateLine, thresholdLine } from "../report/closing.ts";
import { oneLine, verdictGrounds, verdictHead } from "../report/intent.ts";
import { bestCase, bestLine, isSweep, sweepPicture } from "../report/sweep.ts";
import { ledgerLine } from "../report/table.ts";
import { CHART_PANELS } from "./figures.ts";
import { FIRST_SCREEN, Keyboard, press, type Wish } from "./keys.ts";
import { ChartPanelView } from "./panels/chart-panel.tsx";
import { ComparisonLines, ComparisonTable, tableHeight } from "./panels/comparison.tsx";
import { CoresPanel } from "./panels/cores-panel.tsx";
import { FlowPanel, MOST_PARTS, partCount } from "./panels/flow-panel.tsx";
import { Expected, Header } from "./panels/header.tsx";
import { Help } from "./panels/help.tsx";
import { RequestsPanel } from "./panels/requests-panel.tsx";
import type { LiveStore, RunView } from "./store.ts";
import { useSuspension } from "./suspension.ts";
import type { Theme } from "./theme.ts";

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

interface BodyProps {
  readonly view: RunView;
  readonly width: number;
  readonly height: number;
  readonly focus: number;
  readonly theme: Theme;
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

/** What stays when the run is over: the table, what was the bottleneck, and the throughput of all modes. */
function Closing(props: BodyProps) {
  const { view, width, height, focus, theme } = props;
  if (view.result !== null && isSweep(view.result)) return <SweepClosing {...props} result={view.result} />;
  const failed = failedLines(view.result);
  const explained = view.cases.flatMap(({ result }) =>
    result === null ? [] : [{ head: `${result.mode}: `, mode: result.mode, text: toldOf(result) }],
  );
  const notes = [...verdictNotes(view.result), ...explained];
  const told = noteLines(notes, width);
  // Where not all fits, the table does without its lines.
  const ruled = height - failed.length - told.length >= tableHeight(view.cases.length);
  const room = height - failed.length - (ruled ? tableHeight(view.cases.length) : view.cases.length + 1);
  const chartHeight = room - told.length;
  const panel = CHART_PANELS[focus];
  const chart = { width, height: Math.min(16, chartHeight), focused: false, theme };
  return (
    <Box flexDirection="column" height={height} overflow="hidden">
      {chartHeight < 5 ? null : panel === undefined ? (
        <CoresPanel view={view} {...chart} />
      ) : (
        <ChartPanelView panel={panel} view={view} {...chart} />
      )}
      {ruled ? <ComparisonTable view={view} width={width} theme={theme} /> : <ComparisonLines view={view} width={width} theme={theme} />}
      <FailedThresholds lines={failed} />
      <Notes lines={told} room={room} theme={theme} />
    </Box>
  );
}

/** Why a case does not count, where it does not; else what its rate came to, and what limited it. */
function toldOf({ problems, explanation, rate }: CaseResult): string {
  return problems[0] ?? (rate === undefined ? explanation : `${rateLine(rate)}. ${explanation}`);
}

/** What came of each expectation; of one that held the sentence says it all. */
function verdictNotes(result: RunResult | null): Note[] {
  return (result?.hypotheses ?? []).map((one) => ({
    head: `${verdictHead(one)}: `,
    mode: null,
    text: one.ok === true ? oneLine(one.sentence) : `${oneLine(one.sentence)} (${verdictGrounds(one)})`,
  }));
}

interface Note {
  /** What it begins with, in bold and in the colour of its mode. */
  readonly head: string;
  readonly mode: string | null;
  readonly text: string;
}

interface NoteLine extends Note {
  readonly key: string;
}

/** Notes broken into the lines they take; only the first of each has its head. */
function noteLines(notes: readonly Note[], width: number): NoteLine[] {
  return notes.flatMap(({ head, mode, text }, i) =>
    Bun.wrapAnsi(`${head}${printable(text, 10_000)}`, width, { hard: true, trim: false })
      .split("\n")
      .map((line, j) =>
        j === 0 ? { key: `${i}`, head, mode, text: line.slice(head.length) } : { key: `${i}/${j}`, head: "", mode, text: line.trimStart() },
      ),
  );
}

/** As many lines as there is room for; who sees less than all is told where the rest is. */
function Notes({ lines, room, theme }: { readonly lines: readonly NoteLine[]; readonly room: number; readonly theme: Theme }) {
  const shown = lines.length <= room ? lines : [...lines.slice(0, Math.max(0, room - 1)), REST];
  return shown.map(({ key, head, mode, text }) => {
    const color = mode === null ? undefined : theme.modes[mode];
    return (
      <Box key={key} flexShrink={0}>
        <Text wrap="truncate">
          {head === "" ? null : (
            <Text bold {...(color === undefined ? {} : { color })}>
              {head}
            </Text>
          )}
          {text}
        </Text>
      </Box>
    );
  });
}

const REST: NoteLine = { key: "rest", head: "", mode: null, text: "… the rest is in the summary that follows (q)" };

/** Thresholds that did not hold, the first few; how many more there are. */
function failedLines(result: RunResult | null): string[] {
  const failed = result?.thresholds.filter(({ ok }) => !ok) ?? [];
  const lines = failed.map((one) => thresholdLine(result as RunResult, one));
  return lines.length <= MOST_FAILED ? lines : [...lines.slice(0, MOST_FAILED - 1), `✗ ${lines.length - MOST_FAILED + 1} more`];
}

const MOST_FAILED = 4;

function FailedThresholds({ lines }: { readonly lines: readonly string[] }) {
  return lines.map((line) => (
    <Box key={line} flexShrink={0}>
      <Text bold wrap="truncate">
        {line}
      </Text>
    </Box>
  ));
}

/** Of a sweep: its picture, by throughput or, with the latency panel in focus, by latency, and the best point. */
function SweepClosing({ result, width, height, focus, theme }: BodyProps & { readonly result: RunResult }) {
  const failed = failedLines(result);
  const best = bestCase(result.cases);
  const notes = [
    ...verdictNotes(result),
    ...result.conclusions.map((text) => ({ head: "→ ", mode: null, text })),
    ...(best === null ? [] : [{ head: "★ ", mode: best.mode, text: toldOf(best) }]),
  ];
  const told = noteLines(notes, width);
  const room = height - 1 - failed.length;
  // The picture first, but not so large that nothing is said of it.
  const most = Math.max(Math.min(room, 8), Math.min(22, room - told.length));
  const picture = sweepPicture(result, focus === 3 ? "latency" : "throughput", width, most, theme.painter);
  const lines = picture.length <= room ? picture : [...picture.slice(0, room - 1), REST.text];
  return (
    <Box flexDirection="column" height={height} overflow="hidden">
      <Box flexShrink={0}>
        <Text bold wrap="truncate">
          {printable(bestLine(result.cases), 200)}
        </Text>
      </Box>
      <FailedThresholds lines={failed} />
      <Box flexShrink={0}>
        <Text wrap="truncate">{lines.join("\n")}</Text>
      </Box>
      <Notes lines={told} room={room - lines.length} theme={theme} />
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
