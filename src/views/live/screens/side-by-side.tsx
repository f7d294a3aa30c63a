/** @jsxRuntime classic */
import { Box, Text } from "ink";
import React, { type ReactNode } from "react";
import { differencesOf } from "../../../analysis/compare.ts";
import { printable } from "../../../kernel/text.ts";
import { hadSameLoad } from "../../../telemetry/rate-changes.ts";
import type { CaseResult, RunResult } from "../../../telemetry/result.ts";
import { changedRateLines } from "../../report/changed-rates.ts";
import { caseName } from "../../report/closing.ts";
import { comparisonRow, rowOfResult } from "../../report/table.ts";
import type { InkTheme } from "../theme.ts";

// ink-table is CommonJS and requires Ink, which has top-level await: it loads only once Ink is there.
await import("ink");
const { default: Table } = await import("ink-table");

interface SideBySideProps {
  readonly a: RunResult;
  readonly b: RunResult;
  readonly width: number;
  readonly height: number;
  readonly theme: InkTheme;
}

/** Two runs, case by case; what only one of them has is left out. */
export function SideBySide({ a, b, width, height, theme }: SideBySideProps) {
  const steered = [a, b].flatMap(({ cases }, i) => changedRateLines(cases).map((line) => `${"AB"[i]}: ${line}`));
  const rows = pairs(a, b).map(([one, other]) => pairRow(one, other));
  const warn = theme.warn === undefined ? {} : { color: theme.warn };
  const plain = ({ children }: { children?: ReactNode }) => <Text>{children}</Text>;
  const header = ({ children }: { children?: ReactNode }) => <Text bold>{children}</Text>;
  const faint = ({ children }: { children?: ReactNode }) => <Text dimColor={theme.faint}>{children}</Text>;
  // A row and the line below it; above them the heads, around them what is said.
  const room = Math.max(1, Math.floor((height - steered.length - 11) / 2));
  return (
    <Box flexDirection="column" width={width} height={height} overflow="hidden">
      <Text bold wrap="truncate">{`A: ${titleOf(a)}`}</Text>
      <Text bold wrap="truncate">{`B: ${titleOf(b)}`}</Text>
      {differencesOf(a, b).map((what) => (
        <Text key={what} wrap="truncate" {...warn}>{`differs: ${printable(what, 300)}`}</Text>
      ))}
      {steered.map((line) => (
        <Text key={line} wrap="truncate" {...warn}>
          {line}
        </Text>
      ))}
      <Text dimColor={theme.faint} wrap="truncate">
        A single run on each side cannot tell a difference from noise.
      </Text>
      {rows.length === 0 ? (
        <Text>They have no case in common.</Text>
      ) : (
        <Table data={rows.slice(0, room)} columns={fitting(rows, width)} header={header} cell={plain} skeleton={faint} />
      )}
      {rows.length > room ? <Text>{`… and ${rows.length - room} more`}</Text> : null}
      <Box flexGrow={1} />
      <Text dimColor={theme.faint}>any key back</Text>
    </Box>
  );
}

function titleOf({ scenario, startedAt }: RunResult): string {
  return `${printable(scenario.name, 40)}, ${startedAt.slice(0, 16).replace("T", " ")}`;
}

/** Columns that go where there is no room for all, first to last. */
const SPARED = ["p50 A", "p50 B", "drops A", "drops B", "p99 A", "p99 B"] as const;

function fitting(rows: readonly Record<string, string>[], width: number): string[] {
  let columns = Object.keys(rows[0] ?? {});
  const widest = (column: string) => Math.max(column.length, ...rows.map((row) => Bun.stringWidth(row[column] ?? "")));
  for (const spare of SPARED) {
    if (columns.reduce((sum, column) => sum + widest(column) + 3, 1) <= width) return columns;
    columns = columns.filter((column) => column !== spare);
  }
  return columns;
}

function pairs(a: RunResult, b: RunResult): (readonly [CaseResult, CaseResult])[] {
  return a.cases.flatMap((one) => {
    const other = b.cases.find((candidate) => caseName(candidate) === caseName(one));
    return other === undefined ? [] : [[one, other] as const];
  });
}

function pairRow(one: CaseResult, other: CaseResult): Record<string, string> {
  const [a, b] = [comparisonRow(rowOfResult(one)), comparisonRow(rowOfResult(other))];
  const ratio = one.throughput > 0 && hadSameLoad(one, other) ? (other.throughput / one.throughput).toFixed(3) : "–";
  return {
    case: caseName(one),
    ...{ "done/s A": a["done/s"], "done/s B": b["done/s"], "B ÷ A": ratio },
    ...{ "p50 A": a.p50, "p50 B": b.p50, "p99 A": a.p99, "p99 B": b.p99 },
    ...{ "drops A": a.drops, "drops B": b.drops },
  };
}
