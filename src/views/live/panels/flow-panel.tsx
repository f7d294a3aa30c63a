/** @jsxRuntime classic */
import { Text } from "ink";
import React, { memo } from "react";
import { printable } from "../../../kernel/text.ts";
import { formatCount } from "../../../kernel/units.ts";
import type { FlowPartSample } from "../../../telemetry/sample.ts";
import type { RunView } from "../store.ts";
import type { Theme } from "../theme.ts";
import { Frame } from "./frame.tsx";

export interface FlowPanelProps {
  readonly view: RunView;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

/** Parts that have a line of their own. */
export const MOST_PARTS = 6;

/** Parts of the flow, as far as its scenario or an earlier case tells; at least one, so that a first sample moves nothing. */
export function partCount(view: RunView): number {
  const described = view.cases[0]?.outline.parts ?? 0;
  const seen = view.cases.map(({ series }) => series.at(-1)?.flow?.parts.length ?? 0);
  return Math.max(1, described, ...seen);
}

function partsOf(view: RunView): readonly FlowPartSample[] {
  return view.cases[view.current]?.series.at(-1)?.flow?.parts ?? [];
}

/** Each part of the flow and its figures; where there is one line for all, those of the part with the most waiting. */
export const FlowPanel = memo(function FlowPanel({ view, width, height, theme }: FlowPanelProps) {
  const parts = partsOf(view);
  const room = height - 2;
  const shown = parts.length <= room ? parts : [...parts].sort((a, b) => b.waiting - a.waiting).slice(0, room);
  const more = parts.length - shown.length;
  return (
    <Frame
      title={parts.length === 1 ? "Flow" : "Parts"}
      headline={more > 0 ? `${more} more` : ""}
      width={width}
      height={height}
      focused={false}
      theme={theme}
    >
      {shown.length === 0 ? <Text wrap="truncate">nothing came through yet</Text> : null}
      {shown.map((part) => (
        <Text key={part.name} wrap="truncate">
          {partLine(part, Math.max(...shown.map(({ name }) => Bun.stringWidth(printable(name, 20)))))}
        </Text>
      ))}
    </Frame>
  );
});

/** One part in a line; figures that are none are left out, save the first. */
export function partLine({ name, handled, failed, retried, dropped, waiting, inFlight }: FlowPartSample, width: number): string {
  const shown = printable(name, 20);
  const figures: readonly (readonly [string, number])[] = [
    ["waiting", waiting],
    ["in flight", inFlight],
    ["retried", retried],
    ["failed", failed],
    ["dropped", dropped],
  ];
  const rest = figures.filter(([, count]) => count > 0).map(([word, count]) => `${word} ${formatCount(count)}`);
  return [`${shown}${" ".repeat(Math.max(0, width - Bun.stringWidth(shown)))}  handled ${formatCount(handled)}`, ...rest].join("  ");
}
