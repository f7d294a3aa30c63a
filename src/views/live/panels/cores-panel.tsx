/** @jsxRuntime classic */
import { Box, Text } from "ink";
import React, { memo } from "react";
import { formatCount, formatShare } from "../../../kernel/units.ts";
import { coresOf } from "../../../telemetry/cgroup.ts";
import { recent } from "../../../telemetry/series.ts";
import { HEADLINE_MS } from "../figures.ts";
import type { RunView } from "../store.ts";
import type { Theme } from "../theme.ts";
import { Frame } from "./frame.tsx";

export interface CoresPanelProps {
  readonly view: RunView;
  readonly width: number;
  readonly height: number;
  readonly focused: boolean;
  readonly theme: Theme;
}

const EIGHTHS = " ▏▎▍▌▋▊▉█";

/** A bar of `width` cells, filled to a share 0…1 by eighths of a cell. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const full = Math.floor(eighths / 8);
  const rest = full < width ? (EIGHTHS[eighths % 8] ?? "") : "";
  return ("█".repeat(full) + rest).padEnd(width);
}

/** Cells of the grid of bars: as many columns as the bars need to fit the rows there are. */
export function coreGrid(cores: number, width: number, rows: number): { readonly columns: number; readonly barWidth: number } {
  const columns = Math.max(1, Math.min(Math.floor(width / 12), Math.ceil(cores / Math.max(1, rows))));
  return { columns, barWidth: Math.max(1, Math.floor(width / columns) - 10) };
}

/** The cores that the lab may run on, by their number; all of them where the system numbers them otherwise. */
export function shownCores(shares: readonly number[], own: readonly number[] | null): readonly { core: number; share: number }[] {
  const all = shares.map((share, core) => ({ core, share }));
  const found = own === null ? all : all.filter(({ core }) => own.includes(core));
  return found.length > 0 ? found : all;
}

/** A bar per core that the lab may run on, in the colour of the mode that runs. */
export const CoresPanel = memo(function CoresPanel({ view, width, height, focused, theme }: CoresPanelProps) {
  const current = view.cases[view.current];
  const limits = view.machine?.limits ?? null;
  const shares = shownCores(recent(current?.series ?? [], HEADLINE_MS)?.cores ?? [], limits?.cores ?? null);
  const mean = shares.length === 0 ? 0 : shares.reduce((sum, { share }) => sum + share, 0) / shares.length;
  const kept =
    limits === null ? "" : limits.quota === null ? ` (${limits.machineCores} in all)` : `, quota ${formatCount(coresOf(limits.quota))}`;
  const rows = Math.max(1, height - 2);
  const { columns, barWidth } = coreGrid(shares.length, width - 4, rows);
  const color = theme.modes[current?.outline.mode ?? ""];
  const shown = shares.slice(0, columns * rows);
  const hidden = shares.length - shown.length;
  return (
    <Frame
      title="Cores"
      headline={shares.length === 0 ? "" : `${formatShare(mean)} of ${shares.length}${kept}${hidden > 0 ? `, ${hidden} not shown` : ""}`}
      width={width}
      height={height}
      focused={focused}
      theme={theme}
    >
      {Array.from({ length: Math.ceil(shown.length / columns) }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows of a grid have no other identity
        <Box key={row}>
          {shown.slice(row * columns, (row + 1) * columns).map(({ core, share }) => (
            <Text key={core} wrap="truncate">
              <Text dimColor={theme.faint}>{String(core).padStart(3)} </Text>
              <Text {...(color === undefined ? {} : { color })}>{bar(share, barWidth)}</Text>
              <Text>{formatShare(Math.round(share * 100) / 100).padStart(6)}</Text>
            </Text>
          ))}
        </Box>
      ))}
    </Frame>
  );
});
