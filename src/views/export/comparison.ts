import type { FigureComparison, FigureInformation, FigureRatio, ResultComparison } from "../../analysis/compare.ts";
import { leastPairs, leastSamples } from "../../analysis/estimate.ts";
import { figureOf } from "../../analysis/figures.ts";
import { caseKey } from "../../analysis/repeats.ts";
import { columnsOf, padLeft, printable } from "../../kernel/text.ts";
import { counted, listed, sentenceCase } from "../../kernel/wording.ts";
import { valueText } from "../../telemetry/params.ts";
import { inUnit, UNMEASURED } from "./figure-text.ts";

const MARGIN_FROM = {
  default: "the default",
  flag: "by --margin",
  floor: "or less: a figure's own noise, by A against A on this machine",
} as const;

export const CHANGE_HEADING: readonly string[] = ["", "A", "B", "change", "between", "verdict"];

/** A comparison in words: what was compared and how, a table for each case, and why where it cannot tell. */
export function changeTable(comparison: ResultComparison): string {
  const { a, b, notes, comparisons, information } = comparison;
  const cases = Map.groupBy(comparisons, caseKey);
  const beside = Map.groupBy(information, caseKey);
  const tables = [...cases].flatMap(([key, rows]) => ["", ...caseLines(rows, beside.get(key) ?? [], comparison)]);
  return `${[`A  ${printable(a, 200)}`, `B  ${printable(b, 200)}`, methodText(comparison), ...notes.map(sentence), ...tables].join("\n")}\n`;
}

/** How was compared, and what the verdicts mean. */
export function methodText({ rounds, paired, level, margin, marginFrom }: ResultComparison): string {
  const how = paired ? `${counted(rounds, "round")} in pairs` : `${counted(rounds, "round")} on the side with fewer, not in pairs`;
  const sure = `all verdicts on a case hold with ${percent(level)}`;
  return `${how}; changes within ±${percent(margin)} do not matter (${MARGIN_FROM[marginFrom]}); ${sure}`;
}

function caseLines(rows: readonly FigureComparison[], beside: readonly FigureInformation[], comparison: ResultComparison): string[] {
  const [one] = rows;
  const where = Object.entries(one?.params ?? {}).map(([field, value]) => `${field} ${valueText(value)}`);
  const cells = [...rows, ...beside].map(changeCells);
  const all = [CHANGE_HEADING, ...cells];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((line) => columnsOf(line[column] ?? ""))));
  const lines = all.map((line) =>
    line
      .map((cell, column) => placed(cell, column, widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const reasons = rows.flatMap((row) => [
    ...(row.verdict === "cannot tell" ? [`  ${row.metric}: ${untoldReason(row, comparison)}`] : []),
    ...(row.marginFrom === "floor" ? [`  ${row.metric}: changes within ±${percent(row.margin)} are noise here, by A against A`] : []),
  ]);
  const unjudged = [...Map.groupBy(beside, ({ why }) => why)].map(
    ([why, those]) => `  ${listed(those.map(({ metric }) => metric))}: for information: ${why}`,
  );
  return [printable([one?.mode ?? "", ...where].join(", "), 200), ...lines.map((line) => `  ${line}`), ...reasons, ...unjudged];
}

/** Names and verdicts begin at the left, numbers end at the right. */
function placed(cell: string, column: number, width: number): string {
  return column === 0 ? cell + " ".repeat(width - columnsOf(cell)) : column === 5 ? cell : padLeft(cell, width);
}

/** Name, both sides, change, interval and verdict of a figure; a dash: there is none. */
export function changeCells({ metric, a, b, ratio, low, high, verdict = "" }: FigureRatio & { readonly verdict?: string }): string[] {
  const figure = figureOf(metric);
  const text = (value: number | null) => (value === null || figure === null ? UNMEASURED : inUnit(figure.unit, value));
  const between = low === null || high === null ? UNMEASURED : `${change(low)} and ${change(high)}`;
  return [metric, text(a), text(b), ratio === null ? UNMEASURED : change(ratio), between, verdict];
}

/** A change on one line. */
export function changeText(one: FigureComparison): string {
  const [, a, b, ratio, between] = changeCells(one);
  return `${a} → ${b}, ${ratio} (between ${between})`;
}

/** Why a verdict is "cannot tell", and what would help. */
export function untoldReason(row: FigureComparison, comparison: ResultComparison): string {
  const { paired, level } = comparison;
  const { a, b, ratio, smallestDetectable, roundsNeeded, rounds } = row;
  if (comparison.rounds === 0) return "no round is left that was whole and undisturbed";
  if (a === null || b === null) return "it was not measured, or too few items bear it";
  if (ratio === null) return "it is 0, of which there is no ratio";
  const needed = roundsNeeded === null ? "" : counted(roundsNeeded, "round");
  if (smallestDetectable !== null) {
    const more = needed === "" ? "" : `; about ${needed} in all would tell`;
    return `the smallest change this could have found is ${percent(smallestDetectable)}${more}`;
  }
  if (rounds < 2) return `a single run on a side tells no change from chance; ${needed} of each would`;
  const alone = (paired ? leastPairs : leastSamples)(level) <= rounds ? ", or fewer --metrics" : "";
  return `${counted(rounds, "round")} of each are too few${alone === "" ? "" : " for so many figures at once"}; ${needed} would do${alone}`;
}

const percent = (share: number) => `${digits(share)} %`;
const change = (ratio: number) => `${ratio >= 1 ? "+" : "−"}${digits(Math.abs(ratio - 1))} %`;

/** Per cent with a digit behind the point, and with two below 1 %. */
function digits(share: number): string {
  const percent = share * 100;
  return percent.toFixed(percent > 0 && percent < 0.995 ? 2 : 1).replace(/\.0$/, "");
}

const sentence = (text: string) => `${sentenceCase(printable(text, 300))}.`;
