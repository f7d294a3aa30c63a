/** @jsxRuntime classic */
import { Text } from "ink";
import React, { memo } from "react";
import { outcomeBars, requestFigures } from "../requests.ts";
import type { RunView } from "../store.ts";
import type { Theme } from "../theme.ts";
import { Frame } from "./frame.tsx";

export interface RequestsPanelProps {
  readonly view: RunView;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

/** Requests under way and what came of their attempts; one line on a small screen. */
export const RequestsPanel = memo(function RequestsPanel({ view, width, height, theme }: RequestsPanelProps) {
  const sample = view.cases[view.current]?.series.at(-1)?.fetch;
  const figures = sample === undefined ? "nothing sent yet" : requestFigures(sample);
  const bars = sample === undefined ? "" : outcomeBars(sample, height >= 4 ? width - 4 : 30);
  return (
    <Frame title="Requests" headline={height >= 4 ? "" : bars} width={width} height={height} focused={false} theme={theme}>
      <Text wrap="truncate">{figures}</Text>
      {height >= 4 ? <Text wrap="truncate">{bars}</Text> : null}
    </Frame>
  );
});
