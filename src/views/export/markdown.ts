import type { ResultComparison } from "../../analysis/compare.ts";
import { typicalRun } from "../../analysis/repeats.ts";
import { printable } from "../../kernel/text.ts";
import { formatRate } from "../../kernel/units.ts";
import { counted, sentenceCase } from "../../kernel/wording.ts";
import { coresText } from "../../telemetry/allowance.ts";
import type { MetricName } from "../../telemetry/metrics.ts";
import type { CaseResult, RunResult } from "../../telemetry/result.ts";
import { wasJudged } from "../../telemetry/verdicts.ts";
import { changedRateLines } from "../report/changed-rates.ts";
import { caseName } from "../report/closing.ts";
import { disturbedLegend } from "../report/disturbed.ts";
import { HOST_HEADING, hostCells, streamsLine } from "../report/hosts.ts";
import { oneLine, verdictGrounds, verdictHead } from "../report/intent.ts";
import { repeatTable } from "../report/repeats.ts";
import { CHANGE_HEADING, changeCells, methodText, untoldReason } from "./comparison.ts";
import { figureText, shareOfFastest, UNMEASURED } from "./figure-text.ts";

/** Figures of the table, by heading. */
const COLUMNS: readonly (readonly [heading: string, metric: MetricName, field: string])[] = [
  ["done", "throughput", "value"],
  ["p50", "sojourn_ms", "p(50)"],
  ["p99", "sojourn_ms", "p(99)"],
  ["dropped", "dropped", "count"],
  ["failed", "failed", "count"],
  ["CPU", "cpu", "value"],
];

/** A run as GitHub-flavoured Markdown: verdicts, the table of cases, thresholds, explanations. */
export function markdownOf(whole: RunResult): string {
  const result = typicalRun(whole);
  const { scenario, machine, labVersion, startedAt } = result;
  const { description, hypothesis } = scenario;
  const about = `${code(scenario.name)}, seed ${scenario.seed}, ${started(startedAt)}, lab-tui ${plain(labVersion)}, ${plain(machine.cpu)}, ${plain(coresText(machine))}`;
  return `${[
    `# ${plain(oneLine(scenario.title))}`,
    ...(description === undefined ? [] : [plain(oneLine(description))]),
    ...(hypothesis === undefined ? [] : [`**Hypothesis.** ${plain(oneLine(hypothesis))}`]),
    about,
    ...unfinishedText(result),
    ...section("Hypotheses", hypothesisItems(result)),
    ...section("Over repeats", repeatItems(whole)),
    "## Cases",
    ...caseTable(result.cases),
    ...section("Hosts", hostItems(result.cases)),
    ...section("Thresholds", thresholdItems(result)),
    ...section(
      "Conclusions",
      result.conclusions.map((sentence) => `- ${plain(sentence)}`),
    ),
    ...section("Explanations", result.cases.flatMap(explanationItems)),
  ].join("\n\n")}\n`;
}

function section(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`## ${title}`, items.join("\n")];
}

function started(iso: string): string {
  return plain(iso.replace("T", " ").replace(/\.\d+Z$/, " UTC"));
}

function unfinishedText({ unfinished, cases }: RunResult): string[] {
  return unfinished === undefined ? [] : [`**Not finished**: ${cases.length} of ${counted(unfinished.planned, "case")} done.`];
}

function hypothesisItems({ hypotheses = [] }: RunResult): string[] {
  return hypotheses.map((one) => {
    const said = one.sentence === one.that ? code(one.that) : `${plain(oneLine(one.sentence))} (${code(one.that)})`;
    return `- ${verdictHead(one)}: ${said}: ${plain(verdictGrounds(one))}`;
  });
}

/** The cases of a run with their figures, relative to the fastest and to theory, and notes on them. */
export function caseTable(cases: readonly CaseResult[]): string[] {
  const heading = ["case", "done", "relative", ...COLUMNS.slice(1).map(([title]) => title), "predicted"];
  const rows = cases.map((one) => {
    const [done = UNMEASURED, ...others] = COLUMNS.map(([, name, field]) => figureText(one, name, field));
    const share = shareOfFastest(one, cases);
    const status = one.status === "completed" ? "" : ` (${one.status})`;
    const { throughput } = one.predicted;
    return [
      plain(`${caseName(one)}${status}`),
      done,
      share === null ? UNMEASURED : `${share.toFixed(2)} ×`,
      ...others,
      throughput === null ? UNMEASURED : formatRate(throughput),
    ];
  });
  return [tableText(heading, rows), ...[...disturbedLegend(cases), ...changedRateLines(cases)].map(plain)];
}

/** The hosts of each case that has some. */
function hostItems(cases: readonly CaseResult[]): string[] {
  return cases.flatMap((one) => {
    const { hosts = [] } = one;
    if (hosts.length === 0) return [];
    const rows = hosts.map((host) => hostCells(host, one).map(plain));
    return [`${plain(caseName(one))}\n`, tableText(HOST_HEADING, rows), `\n${plain(streamsLine(one) ?? "")}\n`];
  });
}

/** A table whose first column begins at the left. */
function tableText(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = heading.map((_, i) => (i === 0 ? "---" : "---:"));
  return [heading, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A comparison as GitHub-flavoured Markdown, without a heading: how was compared, a table for each case, and why where it cannot tell. */
export function changeMarkdown(comparison: ResultComparison): string {
  const { a, b, notes, comparisons, information } = comparison;
  const beside = Map.groupBy(information, caseName);
  const tables = [...Map.groupBy(comparisons, caseName)].flatMap(([name, rows]) => {
    const unjudged = beside.get(name) ?? [];
    const reasons = [
      ...rows
        .filter(({ verdict }) => verdict === "cannot tell")
        .map((row) => `- ${code(row.metric)}: ${plain(untoldReason(row, comparison))}`),
      ...unjudged.map(({ metric, why }) => `- ${code(metric)}: for information, since ${plain(why)}`),
    ];
    return [
      `**${plain(name)}**`,
      tableText(
        CHANGE_HEADING.map((title) => (title === "" ? "figure" : title)),
        [...rows, ...unjudged].map((row) => changeCells(row).map(plain)),
      ),
      ...(reasons.length === 0 ? [] : [reasons.join("\n")]),
    ];
  });
  const all = [
    `A: ${code(a)}, B: ${code(b)}. ${sentenceCase(plain(methodText(comparison)))}.`,
    ...notes.map((note) => plain(sentenceCase(`${note}.`))),
  ];
  return [...all, ...tables].join("\n\n");
}

/** A comparison as a document. */
export function comparisonMarkdown(comparison: ResultComparison): string {
  return `# What changed\n\n${changeMarkdown(comparison)}\n`;
}

/** The estimates over repeats, and notes on them; none where each case ran once. */
export function repeatItems(result: RunResult): string[] {
  const estimates = repeatTable(result);
  if (estimates === null) return [];
  return [
    tableText(
      estimates.heading,
      estimates.rows.map((row) => row.map(plain)),
    ),
    "",
    ...estimates.notes.map((note) => `- ${plain(note)}`),
  ];
}

/** A list item for each threshold and its verdict. */
export function thresholdItems(result: RunResult): string[] {
  return result.thresholds.map((threshold) => {
    const { case: index, metric, expression, value, ok } = threshold;
    const one = result.cases[index];
    const judged = wasJudged(result, threshold);
    const verdict = judged ? (ok ? "✓ held" : "✗ failed") : "? not judged";
    const where = one === undefined ? "" : `${plain(caseName(one))}: `;
    const by = judged ? String(Number(value.toPrecision(4))) : "nothing was measured";
    return `- ${verdict}: ${where}${code(`${metric} ${expression}`)} (${by})`;
  });
}

function explanationItems(one: CaseResult): string[] {
  const { explanation, problems, warnings } = one;
  return [
    `- **${plain(caseName(one))}**: ${plain(explanation)}`,
    ...problems.filter((problem) => problem !== explanation).map((problem) => `  - ${one.status}: ${plain(problem)}`),
    ...warnings.map((warning) => `  - note: ${plain(warning)}`),
  ];
}

const WHOLE = 10_000;

/**
 * Text that Markdown shows as it is: no emphasis, link, table cell, HTML, formula, mention or list of its own (CommonMark 0.31.2, section
 * 2.4; GitHub Flavored Markdown, sections 4.10 and 6.9).
 */
export function plain(text: string): string {
  return printable(text, WHOLE)
    .replace(/[\\`*_[\]<>|~&$]/g, (sign) => `\\${sign}`)
    .replaceAll("@", "@<!-- -->")
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/\bwww\./gi, (start) => `${start.slice(0, 3)}\\.`)
    .replace(/^(\s*\d+)(?=[.)](\s|$))/, "$1\\")
    .replace(/^(\s*)(?=[-+#=])/, "$1\\");
}

/** A code span outside a table, in as many backticks as its content needs. */
export function code(text: string): string {
  const content = printable(text, WHOLE);
  const longest = Math.max(0, ...(content.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = longest > 0 || /^ .* $/.test(content) ? " " : "";
  return `${fence}${space}${content}${space}${fence}`;
}
