import { printable } from "../../kernel/text.ts";
import { formatRate } from "../../kernel/units.ts";
import type { CaseResult, RateFigures, RunResult, ThresholdResult } from "../../telemetry/result.ts";
import { type Painter, PLAIN_PAINTER } from "./painter.ts";
import { bestLine, isSweep, paramsText, sweepPicture } from "./sweep.ts";
import { comparisonRow, ledgerLine, narrowTable, rowOfResult } from "./table.ts";

/** Sentences of the lab's own are shown whole; only what came from outside is cut. */
const WHOLE = 10_000;

/** What remains on the main screen when a run is over. */
export function closingReport(result: RunResult, columns = Number.POSITIVE_INFINITY, painter: Painter = PLAIN_PAINTER): string {
  const lines = [
    "",
    printable(result.scenario.title, 200),
    "",
    narrowTable(
      result.cases.map((one) => comparisonRow(rowOfResult(one))),
      columns,
    ),
    "",
  ];
  if (isSweep(result)) {
    const width = Math.max(40, Math.min(100, columns));
    for (const measure of ["throughput", "latency"] as const) lines.push(...sweepPicture(result, measure, width, 14, painter), "");
    lines.push(bestLine(result.cases), "");
  }
  for (const sentence of result.conclusions) lines.push(`→ ${printable(sentence, WHOLE)}`);
  if (result.conclusions.length > 0) lines.push("");
  for (const one of result.cases) {
    lines.push(`${caseName(one)}: ${printable(one.explanation, WHOLE)}`);
    lines.push(`  ledger: ${ledgerLine(one.ledger)}`);
    if (one.rate !== undefined) lines.push(`  ${rateLine(one.rate)}`);
    for (const problem of one.problems.filter((sentence) => sentence !== one.explanation))
      lines.push(`  ${one.status}: ${printable(problem, WHOLE)}`);
    for (const warning of one.warnings) lines.push(`  note: ${printable(warning, WHOLE)}`);
    for (const { line, reason } of one.rejections.slice(0, 3)) lines.push(`  rejected, line ${line}: ${printable(reason, 160)}`);
  }
  for (const threshold of result.thresholds) lines.push(thresholdLine(result, threshold));
  return `${lines.map((line) => wrapped(line, columns)).join("\n")}\n`;
}

/** What came of a rate that was to be found out. */
export function rateLine({ asked, resolved, high, trials, capacity, probedMode }: RateFigures): string {
  if (asked !== "max") return `rate: ${asked} of ${formatRate(capacity ?? 0)}, which ${probedMode} can do, is ${formatRate(resolved)}`;
  const tried = trials ?? [];
  const count = `${tried.length} ${tried.length === 1 ? "trial" : "trials"}`;
  if (tried.length === 0) return "rate: no rate was tried to its end";
  const most = high ?? Number.POSITIVE_INFINITY;
  const between = tried.filter(({ rate }) => rate > resolved && rate < most);
  const held = between.filter(({ ok }) => ok).length;
  const doubtful = between.length === 0 ? "" : `; between them ${held} of ${between.length} held`;
  const below = resolved > 0 ? `all held up to ${formatRate(resolved)}` : "none held every time";
  const above = high == null ? "there is none from which on none did" : `none from ${formatRate(high)} on`;
  return `rate: ${below}, ${above}${doubtful} (${count})`;
}

/** Whether it held, for which case, and by what. */
export function thresholdLine({ cases }: RunResult, { case: index, metric, expression, value, ok, measured }: ThresholdResult): string {
  const one = cases[index];
  const where = one === undefined ? "" : `${caseName(one)}: `;
  return `${ok ? "✓" : "✗"} ${where}${metric} ${printable(expression, 80)} (${measured === false ? "nothing was measured" : Number(value.toPrecision(4))})`;
}

/** A case in words: its mode, and where in the sweep it stands. */
function caseName({ mode, params }: CaseResult): string {
  const where = paramsText(params);
  return printable(where === "" ? mode : `${mode}, ${where}`, 200);
}

/** Breaks a sentence at spaces, never between a number and its unit; tables and short lines stay as they are. */
function wrapped(line: string, columns: number): string {
  if (Bun.stringWidth(line) <= columns || line.includes("\u001b") || line.includes("──") || / {3}/.test(line)) return line;
  const indent = /^ */.exec(line)?.[0] ?? "";
  let column = 0;
  const words = line
    .slice(indent.length)
    .split(/ (?![kMG%]|ms\b|s\b|µs\b|min\b)/)
    .map((word) => {
      const width = Bun.stringWidth(word);
      const fits = column === 0 || column + 1 + width <= columns - indent.length;
      const before = column === 0 ? "" : fits ? " " : "\n  ";
      column = fits ? column + (column === 0 ? 0 : 1) + width : 2 + width;
      return before + word;
    })
    .join("");
  return indent + words;
}
