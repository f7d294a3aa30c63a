import { printable } from "../../kernel/text.ts";
import type { RunResult } from "../../telemetry/result.ts";
import { comparisonRow, ledgerLine, plainTable, rowOfResult } from "./table.ts";

/** What remains on the main screen when a run is over. */
export function closingReport(result: RunResult): string {
  const lines = ["", printable(result.scenario.title, 200), "", plainTable(result.cases.map((one) => comparisonRow(rowOfResult(one)))), ""];
  for (const one of result.cases) {
    lines.push(`${one.mode}: ${printable(one.explanation, 600)}`);
    lines.push(`  ledger: ${ledgerLine(one.ledger)}`);
    for (const problem of one.problems) lines.push(`  ${one.status}: ${printable(problem, 600)}`);
    for (const warning of one.warnings) lines.push(`  note: ${printable(warning, 600)}`);
    for (const { line, reason } of one.rejections.slice(0, 3)) lines.push(`  rejected, line ${line}: ${printable(reason, 160)}`);
  }
  return `${lines.join("\n")}\n`;
}
