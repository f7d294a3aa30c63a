/** @jsxRuntime classic */
import chalk from "chalk";
import { Text } from "ink";
import React, { memo } from "react";
import { drawChart, LABEL_WIDTH } from "../chart.ts";
import { type ChartPanel, chartSeries } from "../figures.ts";
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

/** One measure over time, every mode on the same axes. */
export const ChartPanelView = memo(function ChartPanelView({ panel, view, width, height, focused, theme }: ChartPanelProps) {
  const inner = width - 4;
  const columns = Math.max(2, inner - LABEL_WIDTH);
  const lines = drawChart(chartSeries(panel, view, columns), inner, Math.max(2, height - 2), panel.axis);
  const last = view.cases[view.current]?.series.at(-1);
  return (
    <Frame
      title={panel.title}
      headline={last === undefined || view.phase === "finished" ? "" : panel.headline(last)}
      width={width}
      height={height}
      focused={focused}
      theme={theme}
    >
      <Text>{lines.map((runs) => runs.map(({ text, series }) => paint(text, series, theme)).join("")).join("\n")}</Text>
    </Frame>
  );
});

/** Colours a run by escape codes of our own: one text node a panel costs a tenth of one node a run. */
function paint(text: string, series: string | null, theme: Theme): string {
  if (series === null || series === "expected") return theme.faint ? chalk.dim(text) : text;
  const color = theme.modes[series];
  return color === undefined ? text : chalk.hex(color)(text);
}
