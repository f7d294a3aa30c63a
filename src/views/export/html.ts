import { typicalRun } from "../../analysis/repeats.ts";
import { counted, listed } from "../../kernel/wording.ts";
import { coresText } from "../../telemetry/allowance.ts";
import { paramsText } from "../../telemetry/params.ts";
import type { CaseResult, RunResult } from "../../telemetry/result.ts";
import { caseName } from "../report/closing.ts";
import { disturbedLegend } from "../report/disturbed.ts";
import { oneLine } from "../report/intent.ts";
import { PLAIN_PAINTER } from "../report/painter.ts";
import { repeatTable } from "../report/repeats.ts";
import { bestLine, isSweep, sweepPicture } from "../report/sweep.ts";
import { belief } from "./html/belief.ts";
import { charts, legend } from "./html/chart.ts";
import { ChartData } from "./html/chart-data.ts";
import { details, html, items, type Markup, section, table } from "./html/markup.ts";
import { page } from "./html/page.ts";
import { percentileChart } from "./html/percentile-chart.ts";
import { chartScripts } from "./html/scripts.ts";
import { comparisonTable, everyFigureTable, hostTable, hypothesisTable, seriesTables, thresholdTable } from "./html/tables.ts";

/**
 * A run, or several, as one HTML file that needs nothing beside it and asks for nothing. Its charts are pictures; scripts of its own, where
 * they may run, draw them anew with zoom and values under the cursor. The same result gives the same bytes.
 */
export function htmlOf(result: RunResult | readonly RunResult[]): string {
  const results = [result].flat();
  const data = new ChartData();
  const body = html`${results.map((one) => article(one, data))}`;
  return page(listed(results.map(({ scenario }) => scenario.title)), body, chartScripts({ times: data.times, charts: data.charts }));
}

function article(result: RunResult, data: ChartData): Markup {
  const typical = typicalRun(result);
  const { scenario, cases, conclusions, thresholds, hypotheses = [] } = typical;
  return html`<article>
<h1>${oneLine(scenario.title)}</h1>
${scenario.description === undefined ? null : html`<p>${oneLine(scenario.description)}</p>\n`}${
  scenario.hypothesis === undefined ? null : html`<p><b>Hypothesis.</b> ${oneLine(scenario.hypothesis)}</p>\n`
}<p class="faint">${identity(result)}</p>
${belief(result)}${hypotheses.length === 0 ? null : section("Hypotheses", hypothesisTable(hypotheses))}${
  thresholds.length === 0 ? null : section("Thresholds", thresholdTable(typical))
}${repeats(result)}${section(
  "Predicted and measured",
  comparisonTable(cases),
  disturbedLegend(cases).map((line) => html`<p class="faint">${line}</p>\n`),
)}${hosts(cases)}${sweep(typical)}${section("Over time", ...overTime(cases, data))}${section("Why", explanations(cases), items(conclusions))}${section(
  "Every figure",
  details("By name, for every case", everyFigureTable(typical)),
  seriesTables(cases),
)}</article>
`;
}

function identity({ scenario, machine, labVersion, startedAt, cases }: RunResult): string {
  const when = startedAt.replace("T", " ").replace(/\.\d+Z$/, " UTC");
  return `${scenario.name}, seed ${scenario.seed}, ${counted(cases.length, "case")}, ${when}; ${machine.cpu}, ${coresText(machine)}, ${machine.os} ${machine.arch}, Bun ${machine.bun}, lab-tui ${labVersion}`;
}

function repeats(result: RunResult): Markup | null {
  const estimates = repeatTable(result);
  if (estimates === null) return null;
  return section("Over repeats", table("Hodges–Lehmann estimates", estimates.heading, estimates.rows), items(estimates.notes));
}

/** The hosts of each case that has some; null: there are none. */
function hosts(cases: readonly CaseResult[]): Markup | null {
  const tables = cases.filter((one) => (one.hosts ?? []).length > 0).map(hostTable);
  return tables.length === 0 ? null : section("Hosts", ...tables);
}

/** Columns and rows of a sweep's picture. */
const PICTURE = { width: 100, height: 16 } as const;

function sweep(result: RunResult): Markup | null {
  if (!isSweep(result)) return null;
  const pictures = (["throughput", "latency"] as const).map((measure) =>
    sweepPicture(result, measure, PICTURE.width, PICTURE.height, PLAIN_PAINTER),
  );
  return section(
    "The sweep",
    html`<p>${bestLine(result.cases)}</p>\n`,
    pictures.filter((lines) => lines.length > 0).map((lines) => html`<pre tabindex="0">${lines.map((line) => html`${line}\n`)}</pre>\n`),
  );
}

/** Charts of the cases at each point of a sweep; all but those of the first are shown on demand. */
function overTime(cases: readonly CaseResult[], data: ChartData): Markup[] {
  const points = [...Map.groupBy(cases, ({ params }) => paramsText(params))];
  const [first] = points;
  if (first === undefined) return [];
  if (points.length === 1) return chartsOf(first[1], data);
  return points.map(([name, group], i) => {
    const shown = html`${chartsOf(group, data)}`;
    return i === 0 ? html`<h3>${name}</h3>\n${shown}` : details(name, shown);
  });
}

function chartsOf(cases: readonly CaseResult[], data: ChartData): Markup[] {
  const percentiles = percentileChart(cases);
  return [legend(cases), charts(cases, data), ...(percentiles === null ? [] : [html`<div class="charts">\n${percentiles}</div>\n`])];
}

function explanations(cases: readonly CaseResult[]): Markup | null {
  return items(cases.map((one) => html`<b>${caseName(one)}</b>: ${one.explanation}`));
}
