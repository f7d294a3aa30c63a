import { estimatedRepeats } from "../../analysis/repeats.ts";
import { printable } from "../../kernel/text.ts";
import { formatMs, formatRate } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import type { RunOutline } from "../../telemetry/events.ts";
import { paramsText } from "../../telemetry/params.ts";
import { TOO_FEW } from "../../telemetry/percentiles.ts";
import type { FigureEstimate, RepeatedCase, RunResult } from "../../telemetry/result.ts";
import { textTable } from "./table.ts";

/** Estimates over repeats, in words. */

/** Columns of the table: heading, figure, and its text. */
const COLUMNS = [
  ["done/s", "throughput", formatRate],
  ["mean", "sojourn_mean", formatMs],
  ["p50", "sojourn_p50", formatMs],
  ["p99", "sojourn_p99", formatMs],
  ["service", "service_mean", formatMs],
] as const;

/** Which round a repeat is of, counted from 1; "": it ran once. */
export function roundText(repeat: number | undefined): string {
  return repeat === undefined ? "" : `round ${repeat + 1}`;
}

/** The estimates of each case as the cells of a table, and what to know about them. */
export interface RepeatTable {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences. */
  readonly notes: readonly string[];
}

/** null: each case ran once. */
export function repeatTable(result: RunResult): RepeatTable | null {
  const repeats = repeatsOf(result);
  if (repeats.length === 0) return null;
  return {
    heading: ["over repeats", "n", ...COLUMNS.map(([heading]) => heading)],
    rows: repeats.map((each) => [
      nameOf(each),
      String(each.n),
      ...COLUMNS.map(([, figure, text]) => estimateText(each.figures[figure], text)),
    ]),
    notes: [
      ...notesOn(repeats),
      "In brackets the interval that holds the value with 95 % (Wilcoxon's signed ranks). The rest of this report is about the repeat with the median sojourn time.",
    ],
  };
}

/** The table of repeats as text; none where each case ran once. */
export function repeatLines(result: RunResult): string[] {
  const table = repeatTable(result);
  return table === null ? [] : [textTable(table.heading, table.rows), ...table.notes];
}

/** Each case's estimates as a line, for a screen. */
export function repeatSentences(result: RunResult): string[] {
  const repeats = repeatsOf(result);
  const told = repeats.map((each) => {
    const figures = COLUMNS.slice(0, 4).map(([heading, figure, text]) => `${heading} ${estimateText(each.figures[figure], text)}`);
    return `${nameOf(each)} over ${counted(each.n, "repeat")}: ${figures.join(", ")}`;
  });
  return [...told, ...notesOn(repeats)];
}

/** The estimates of the result; for a run that has not finished they are made here. */
const repeatsOf = ({ repeats, cases }: RunResult) => repeats ?? estimatedRepeats(cases);

function notesOn(repeats: readonly RepeatedCase[]): string[] {
  return repeats.flatMap((each) => each.warnings.map((warning) => `note: ${nameOf(each)}: ${printable(warning, 400)}`));
}

function nameOf({ mode, params }: RepeatedCase): string {
  return printable([mode, paramsText(params)].filter((part) => part !== "").join(" "), 80);
}

/** `197/s [195/s, 199/s]`. */
function estimateText(one: FigureEstimate | undefined, text: (value: number) => string): string {
  if (one === undefined || one.estimate === null) return TOO_FEW;
  return one.low === null || one.high === null ? text(one.estimate) : `${text(one.estimate)} [${text(one.low)}, ${text(one.high)}]`;
}

/** How the repeats of a run are ordered; none where each case runs once. */
export function roundsLines({ cases, scenario }: Pick<RunOutline, "cases" | "scenario">): string[] {
  const rounds = 1 + Math.max(-1, ...cases.map(({ repeat = -1 }) => repeat));
  if (rounds === 0) return [];
  const each = cases.length / rounds;
  return [
    `up to ${counted(rounds, "round")} of ${counted(each, "case")}${each > 1 ? `, the order in each shuffled by seed ${scenario.seed}` : ""}`,
  ];
}
