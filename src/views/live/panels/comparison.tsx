/** @jsxRuntime classic */
import { Box, Text } from "ink";
import React, { type ReactNode } from "react";
import { COLUMNS, type ComparisonRow, comparisonRow, narrowTable } from "../../report/table.ts";
import { rowsOf } from "../figures.ts";
import type { RunView } from "../store.ts";
import type { Theme } from "../theme.ts";

// ink-table is CommonJS and requires Ink, which has top-level await: it loads only once Ink is there.
await import("ink");
const { default: Table } = await import("ink-table");

/** Rows an ink-table of this many modes takes: borders, header, separators. */
export function tableHeight(modes: number): number {
  return 2 * modes + 3;
}

/** The modes side by side as an ink-table. */
export function ComparisonTable({ view, width, theme }: { readonly view: RunView; readonly width: number; readonly theme: Theme }) {
  const rows = rowsOf(view).map(comparisonRow);
  if (rows.length === 0) return <Text dimColor={theme.faint}>No mode has run yet.</Text>;
  const columns = fittingColumns(rows, width);
  // Where in a sweep a case stands may take more room than there is.
  if (columns === null) return <ComparisonLines view={view} width={width} theme={theme} />;
  const plain = ({ children }: { children?: ReactNode }) => <Text>{children}</Text>;
  const header = ({ children }: { children?: ReactNode }) => <Text bold>{children}</Text>;
  const faint = ({ children }: { children?: ReactNode }) => <Text dimColor={theme.faint}>{children}</Text>;
  return (
    <Box flexShrink={0}>
      <Table data={rows.map(aligned(rows))} columns={columns} header={header} cell={plain} skeleton={faint} />
    </Box>
  );
}

/** The same in one line per mode, for small screens. */
export function ComparisonLines({ view, width, theme }: { readonly view: RunView; readonly width: number; readonly theme: Theme }) {
  const rows = rowsOf(view);
  const lines = narrowTable(rows.map(comparisonRow), width).split("\n");
  const shown = [lines[0] ?? "", ...lines.slice(2)];
  return (
    <Box flexDirection="column">
      {shown.map((line, i) => {
        const color = i === 0 ? undefined : theme.modes[rows[i - 1]?.mode ?? ""];
        return (
          <Text key={line} wrap="truncate" bold={i === 0} {...(color === undefined ? {} : { color })}>
            {line}
          </Text>
        );
      })}
    </Box>
  );
}

/** On a narrow screen the table does without p95, then without the prediction; null: it does not fit even so. */
function fittingColumns(rows: readonly ComparisonRow[], width: number): string[] | null {
  let columns: string[] = [...COLUMNS];
  for (const spare of ["p95", "predicted", null]) {
    const natural = columns.reduce((sum, column) => sum + widest(rows, column) + 3, 1);
    if (natural <= width) return columns;
    columns = columns.filter((column) => column !== spare);
  }
  return null;
}

function widest(rows: readonly ComparisonRow[], column: string): number {
  return Math.max(column.length, ...rows.map((row) => Bun.stringWidth(row[column] ?? "")));
}

/** Numbers to the right: ink-table itself aligns everything to the left. */
function aligned(rows: readonly ComparisonRow[]) {
  return (row: ComparisonRow): Record<string, string> =>
    Object.fromEntries(
      COLUMNS.map((column) => [column, column === "mode" ? row[column] : (row[column] ?? "").padStart(widest(rows, column))]),
    );
}
