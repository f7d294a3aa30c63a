/** @jsxRuntime classic */
import { Text } from "ink";
import React, { memo } from "react";
import { drawChart, LABEL_WIDTH } from "../../report/chart.ts";
import { type ChartPanel, chartSeries, headlineOf } from "../figures.ts";
import { breakerLine } from "../requests.ts";
import type { RunView } from "../store.ts";
import type { Theme } from "../theme.ts";
import { Frame } from "./frame.tsx";

export interface ChartPanelProps {
  readonly panel: ChartPanel;
  readonly view: RunView;
  readonly width: number;
  readonly height: number;
  readonly focused: boolean;
  readonly theme: Theme;
}

/** One measure over time, every mode on the same axes. One text node a panel costs a tenth of one node a run of characters. */
export const ChartPanelView = memo(function ChartPanelView({ panel, view, width, height, focused, theme }: ChartPanelProps) {
  const inner = width - 4;
  const columns = Math.max(2, inner - LABEL_WIDTH);
  const breaker = panel.title === "Throughput" ? breakerLine(view, inner) : null;
  const rows = Math.max(2, height - 2 - (breaker === null ? 0 : 1));
  const lines = drawChart(chartSeries(panel, view, columns), inner, rows, panel.axis);
  const { series = [] } = view.cases[view.current] ?? {};
  return (
    <Frame
      title={panel.title}
      headline={view.phase === "finished" ? "" : headlineOf(panel, series)}
      width={width}
      height={height}
      focused={focused}
      theme={theme}
    >
      <Text>{lines.map((runs) => runs.map(({ text, series }) => theme.painter.series(series, text)).join("")).join("\n")}</Text>
      {breaker === null ? null : <Text wrap="truncate">{breaker}</Text>}
    </Frame>
  );
});
