import { typicalRun } from "../../analysis/repeats.ts";
import { printable } from "../../kernel/text.ts";
import { formatRate } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import { coresText } from "../../telemetry/allowance.ts";
import { paramsText } from "../../telemetry/params.ts";
import type { CaseResult, RateFigures, RunResult, ThresholdResult } from "../../telemetry/result.ts";
import { faultOf, wasJudged } from "../../telemetry/verdicts.ts";
import { disturbedLegend, disturbedSign } from "./disturbed.ts";
import { everyFigure } from "./everything.ts";
import { headline } from "./headline.ts";
import { hypothesisLines, intentLines } from "./intent.ts";
import { measuredLines } from "./measured.ts";
import { type Painter, PLAIN_PAINTER } from "./painter.ts";
import { repeatLines, roundText } from "./repeats.ts";
import { bestLine, isSweep, sweepPicture } from "./sweep.ts";
import { comparisonRow, ledgerLine, narrowTable, rowOfResult } from "./table.ts";
import { wrappedText } from "./wrapping.ts";

/** The lab's own sentences are shown in full; only external text is cut. */
const WHOLE = 10_000;

/** The report left on the main screen after a run. */
export function closingReport(whole: RunResult, columns = Number.POSITIVE_INFINITY, painter: Painter = PLAIN_PAINTER, all = false): string {
  const result = typicalRun(whole);
  const rows = result.cases.map((one, i) => comparisonRow({ ...rowOfResult(one), fault: faultOf(result, i) }));
  const lines = [
    "",
    printable(result.scenario.title, 200),
    "",
    ...intentLines(result.scenario).flatMap((line) => [...wrappedText(line, columns, "").split("\n"), ""]),
  ];
  if (result.unfinished !== undefined) {
    const { planned } = result.unfinished;
    lines.push(`Not finished: ${result.cases.length} of ${counted(planned, "case")} ${result.cases.length === 1 ? "is" : "are"} done.`, "");
  }
  if (result.machine.limits != null) lines.push(`On ${coresText(result.machine)}.`, "");
  lines.push(narrowTable(rows, columns), ...disturbedLegend(result.cases), "");
  lines.push(...paragraph(repeatLines(whole)));
  const outcome = headline(result.cases);
  if (outcome !== null) lines.push(outcome, "");
  if (isSweep(result)) {
    const width = Math.max(40, Math.min(100, columns));
    for (const measure of ["throughput", "latency"] as const) lines.push(...sweepPicture(result, measure, width, 14, painter), "");
    lines.push(bestLine(result.cases), "");
  }
  lines.push(...paragraph(hypothesisLines(result)));
  lines.push(...paragraph(result.conclusions.map((sentence) => `→ ${printable(sentence, WHOLE)}`)));
  for (const one of result.cases) lines.push(...caseLines(result, one, columns, all));
  for (const threshold of result.thresholds) lines.push(thresholdLine(result, threshold));
  return `${lines.map((line) => wrappedText(line, columns)).join("\n")}\n`;
}

function paragraph(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [...lines, ""];
}

const LEDGER = "  ledger: ";

/** Lines on one case: its limit, the fate of its items, measurements, warnings. */
function caseLines(result: RunResult, one: CaseResult, columns: number, all: boolean): string[] {
  const { ledger, rate, problems, explanation, warnings, rejections, status } = one;
  return [
    `${caseName(one)}${disturbedSign(one)}: ${printable(explanation, WHOLE)}`,
    `${LEDGER}${ledgerLine(ledger, columns - LEDGER.length)}`,
    ...(rate === undefined ? [] : [`  ${rateLine(rate)}${disturbedSign(one)}`]),
    ...measuredLines(one, result).map((line) => `  ${line}`),
    ...problems.filter((sentence) => sentence !== explanation).map((problem) => `  ${status}: ${printable(problem, WHOLE)}`),
    ...warnings.flatMap((warning) => beyond(warning, explanation)).map((note) => `  note: ${printable(note, WHOLE)}`),
    ...rejections.slice(0, 3).map(({ line, reason }) => `  rejected, line ${line}: ${printable(reason, 160)}`),
    ...(all ? ["", ...everyFigure(one).map((line) => (line === "" ? "" : `  ${line}`)), ""] : []),
  ];
}

/** The sentences of a warning that the explanation has not said. */
function beyond(warning: string, explanation: string): string[] {
  const rest = warning.split(/(?<=\.) (?=[A-Z])/).filter((sentence) => !explanation.includes(sentence));
  return rest.length === 0 ? [] : [rest.join(" ")];
}

/** The outcome of a rate that had to be determined. */
export function rateLine(figures: RateFigures): string {
  const { asked, resolved, high, trials, capacity, probedMode } = figures;
  if (asked !== "max")
    return `rate: ${asked} of ${formatRate(capacity ?? 0)}, which ${probedMode} can do${howKnown(figures)}, is ${formatRate(resolved)}`;
  const tried = trials ?? [];
  const count = `${tried.length} ${tried.length === 1 ? "trial" : "trials"}`;
  if (tried.length === 0) return "rate: no rate was tried to its end";
  const most = high ?? Number.POSITIVE_INFINITY;
  const between = tried.filter(({ rate }) => rate > resolved && rate < most);
  const below = resolved > 0 ? `held up to ${formatRate(resolved)}` : "none held";
  const above = high == null ? "there is none from which on none did" : `none from ${formatRate(high)} on`;
  return `rate: ${below}, ${above}${between.length === 0 ? "" : `; ${betweenText(between)}`} (${count})`;
}

function betweenText(between: NonNullable<RateFigures["trials"]>): string {
  const held = between.filter(({ ok }) => ok).length;
  const unsure = between.filter(({ ok }) => ok === null).length;
  const judged = between.length - unsure;
  return [judged === 0 ? [] : `between them ${held} of ${judged} held`, unsure === 0 ? [] : `of ${unsure} between them it cannot be told`]
    .flat()
    .join(", ");
}

function howKnown({ capacityFrom, capacityLow = 0, capacityHigh = 0 }: RateFigures): string {
  if (capacityFrom === undefined) return "";
  return capacityFrom === "theory" ? " by its service time" : ` (95 %: ${formatRate(capacityLow)} to ${formatRate(capacityHigh)})`;
}

/** Whether it held, for which case, and by which value. Without measurements it neither held nor failed. */
export function thresholdLine(result: RunResult, threshold: ThresholdResult): string {
  const { case: index, metric, expression, value, ok, tooFew } = threshold;
  const one = result.cases[index];
  const judged = wasJudged(result, threshold);
  const where = one === undefined ? "" : `${caseName(one)}: `;
  const few = tooFew === undefined ? "" : `, too few: ${counted(Math.floor(tooFew), "item")} beyond it`;
  const by = judged ? `${Number(value.toPrecision(4))}${few}` : "nothing was measured";
  return `${judged ? (ok ? "✓" : "✗") : "?"} ${where}${metric} ${printable(expression, 80)} (${by}${one === undefined || !judged ? "" : disturbedSign(one)})`;
}

/** A case in words: its mode, and its point of the sweep. */
export function caseName({ mode, params, repeat }: Pick<CaseResult, "mode" | "params" | "repeat">): string {
  const parts = [mode, paramsText(params), roundText(repeat)].filter((part) => part !== "");
  return printable(parts.join(", "), 200);
}
