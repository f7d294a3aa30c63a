import { typicalRun } from "../../analysis/repeats.ts";
import { printable } from "../../kernel/text.ts";
import { counted } from "../../kernel/wording.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { caseName } from "../report/closing.ts";
import { oneLine } from "../report/intent.ts";
import { caseTable, changeMarkdown, plain, repeatItems, thresholdItems } from "./markdown.ts";
import { type RunVerdicts, type TestCase, testsOfRun } from "./test-cases.ts";

/** What a workflow of GitHub Actions shows of runs: annotations and the summary of a step. */

/**
 * Workflow commands that annotate the lines of what failed, errors first, since GitHub shows ten of a kind
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions). `strict`: hypotheses that do not hold are errors.
 */
export function annotationsOf(told: RunVerdicts, strict: boolean): string[] {
  const { result } = told;
  const levels = testsOfRun(told).map((test) => ({ level: levelOf(test, strict), test }));
  return (["error", "warning", "notice"] as const).flatMap((level) =>
    levels.filter((one) => one.level === level).map(({ test }) => command(level, test, result.scenario.name)),
  );
}

type Level = "error" | "warning" | "notice";

function levelOf({ outcome, kind }: TestCase, strict: boolean): Level | null {
  if (outcome === "passed") return null;
  if (outcome === "skipped") return "notice";
  return kind === "hypothesis" && !strict ? "warning" : "error";
}

function command(level: Level, { name, message, at }: TestCase, scenario: string): string {
  const title = `${printable(scenario, 60)}: ${printable(name, 160)}`;
  const properties = { ...(at === null ? {} : { file: at.file, line: String(at.line) }), title };
  const listed = Object.entries(properties).map(([key, value]) => `${key}=${propertyValue(value)}`);
  return `::${level} ${listed.join(",")}::${commandData(printable(message, 1000))}`;
}

/** The message of a workflow command (actions/toolkit, packages/core/src/command.ts: escapeData). */
function commandData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** A property of a workflow command (escapeProperty). */
function propertyValue(text: string): string {
  return commandData(printable(text, 1000)).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** Bytes of a step's summary, at most; GitHub refuses a larger one whole. */
export const MOST_SUMMARY = 1024 * 1024;

/** The summary of a step in Markdown: a chart, the table of cases, thresholds and comparisons of each run; at most `room` bytes. */
export function stepSummaryOf(told: readonly RunVerdicts[], room: number = MOST_SUMMARY): string {
  return cutToBytes(`${told.map(runSummary).join("\n\n")}\n`, room);
}

function runSummary({ result: whole, comparison }: RunVerdicts): string {
  const result = typicalRun(whole);
  const repeats = repeatItems(whole);
  const failed = result.thresholds.filter(({ ok }) => !ok).length;
  const verdict = failed === 0 ? "" : `**${counted(failed, "threshold")} failed.** `;
  const thresholds = thresholdItems(result);
  return [
    `## ${plain(oneLine(result.scenario.title))}`,
    `${verdict}${counted(result.cases.length, "case")}, seed ${result.scenario.seed}, ${plain(result.machine.cpu)}`,
    ...chart(result.cases),
    ...(repeats.length === 0 ? [] : ["### Over repeats", repeats.join("\n")]),
    ...caseTable(result.cases),
    ...(thresholds.length === 0 ? [] : ["### Thresholds", thresholds.join("\n")]),
    ...(comparison === null ? [] : ["### Against the baseline", changeMarkdown(comparison)]),
  ].join("\n\n");
}

/** Bars that a chart has room for. */
const MOST_BARS = 20;

/** Throughput of the cases as bars, predicted as a line (https://mermaid.js.org/syntax/xyChart.html). */
function chart(cases: readonly CaseResult[]): string[] {
  const shown = cases.filter(({ status }) => status !== "failed").slice(0, MOST_BARS);
  if (shown.length === 0) return [];
  const measured = shown.map(({ throughput }) => figure(throughput));
  const predicted = shown.map(({ predicted: { throughput } }) => (throughput === null ? null : figure(throughput)));
  const most = Math.max(1, ...measured, ...predicted.map((one) => one ?? 0));
  const rest = cases.length - shown.length;
  return [
    [
      "```mermaid",
      "xychart-beta",
      '  title "Done per second: bars measured, line predicted"',
      `  x-axis [${shown.map((one, i) => `"${label(one, i, shown.length)}"`).join(", ")}]`,
      `  y-axis 0 --> ${figure(most * 1.1)}`,
      `  bar [${measured.join(", ")}]`,
      ...(predicted.includes(null) ? [] : [`  line [${predicted.join(", ")}]`]),
      "```",
    ].join("\n"),
    ...(rest === 0 ? [] : [`${counted(rest, "case")} more ${rest === 1 ? "is" : "are"} not in the chart.`]),
  ];
}

function figure(value: number): number {
  return Number.isFinite(value) ? Number(Math.max(0, value).toPrecision(4)) : 0;
}

/** A name that ends no string of the chart; where there are many, its number. */
function label(one: CaseResult, index: number, count: number): string {
  return count > 8
    ? String(index + 1)
    : caseName(one)
        .replace(/[^\p{L}\p{N} .,%()/_-]/gu, " ")
        .slice(0, 40);
}

const CUT = "\n\n*Cut: the rest has no room in a summary of GitHub.*\n";

/** The text, or as many whole lines of it as fit with a note that it is cut; nothing where not even the note fits. */
function cutToBytes(text: string, room: number): string {
  const size = (part: string) => Buffer.byteLength(part);
  if (size(text) <= room) return text;
  if (size(CUT) > room) return "";
  const whole = Buffer.from(text).subarray(0, room - size(CUT) - size("\n```"));
  const lines = whole.toString().split("\n").slice(0, -1);
  const open = lines.filter((line) => line.startsWith("```")).length % 2 === 1;
  return `${lines.join("\n")}${open ? "\n```" : ""}${CUT}`;
}
