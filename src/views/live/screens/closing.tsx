/** @jsxRuntime classic */
import { Box, Text } from "ink";
import React from "react";
import { printable } from "../../../kernel/text.ts";
import type { CaseResult, RunResult } from "../../../telemetry/result.ts";
import { rateLine, thresholdLine } from "../../report/closing.ts";
import { oneLine, verdictGrounds, verdictHead } from "../../report/intent.ts";
import { bestCase, bestLine, isSweep, sweepPicture } from "../../report/sweep.ts";
import { CHART_PANELS } from "../figures.ts";
import { ChartPanelView } from "../panels/chart-panel.tsx";
import { ComparisonLines, ComparisonTable, tableHeight } from "../panels/comparison.tsx";
import { CoresPanel } from "../panels/cores-panel.tsx";
import type { RunView } from "../store.ts";
import type { Theme } from "../theme.ts";

export interface BodyProps {
  readonly view: RunView;
  readonly width: number;
  readonly height: number;
  readonly focus: number;
  readonly theme: Theme;
}

/** Lines that a chart needs to be read. */
const LEAST_CHART = 5;

/** How the lines of the closing screen are shared out. */
function closingPlan(view: RunView, width: number, height: number) {
  const failed = failedLines(view.result);
  const explained = view.cases.flatMap(({ result }) =>
    result === null ? [] : [{ head: `${result.mode}: `, mode: result.mode, text: toldOf(result) }],
  );
  const told = noteLines([...verdictNotes(view.result), ...explained], width);
  // Where not all fits, the table does without its lines.
  const ruled = height - failed.length - told.length >= tableHeight(view.cases.length);
  const room = height - failed.length - (ruled ? tableHeight(view.cases.length) : view.cases.length + 1);
  return { failed, told, ruled, room, chartHeight: room - told.length };
}

/** Whether the closing screen shows another panel's chart when that is focused. A sweep's picture is of throughput or of latency. */
export function closingShows(view: RunView, width: number, height: number, panel: number): boolean {
  if (view.result !== null && isSweep(view.result)) return panel === 0 || panel === LATENCY_PANEL;
  return closingPlan(view, width, height).chartHeight >= LEAST_CHART;
}

const LATENCY_PANEL = CHART_PANELS.findIndex(({ title }) => title === "Latency");

/** What stays when the run is over: the table, what was the bottleneck, and the throughput of all modes. */
export function Closing(props: BodyProps) {
  const { view, width, height, focus, theme } = props;
  if (view.result !== null && isSweep(view.result)) return <SweepClosing {...props} result={view.result} />;
  const { failed, told, ruled, room, chartHeight } = closingPlan(view, width, height);
  const panel = CHART_PANELS[focus];
  const chart = { width, height: Math.min(16, chartHeight), focused: false, theme };
  return (
    <Box flexDirection="column" height={height} overflow="hidden">
      {chartHeight < LEAST_CHART ? null : panel === undefined ? (
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
  const picture = sweepPicture(result, focus === LATENCY_PANEL ? "latency" : "throughput", width, most, theme.painter);
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
