import type { FigureComparison, FigureInformation, FigureRatio, ResultComparison } from "../../analysis/compare.ts";
import { counted, listed, sentenceCase } from "../../kernel/wording.ts";
import { caseName } from "../report/closing.ts";
import { CHANGE_HEADING, changeCells, methodText, untoldReason } from "./comparison.ts";
import { html, items, Markup, section, table } from "./html/markup.ts";
import { page } from "./html/page.ts";

/** A comparison as one HTML file: whether it may be believed, then each figure of each case with its interval, as a picture and in figures. */
export function comparisonHtml(comparison: ResultComparison): string {
  const { a, b, comparisons, information } = comparison;
  const beside = Map.groupBy(information, caseName);
  const cases = [...Map.groupBy(comparisons, caseName)];
  const body = html`<h1>What changed</h1>
<p><b>A</b> ${a}<br><b>B</b> ${b}</p>
<p class="faint">${sentenceCase(methodText(comparison))}.</p>
${belief(comparison)}${cases.map(([name, rows]) => caseSection(name, rows, beside.get(name) ?? [], comparison))}`;
  return page(`${a} and ${b}: what changed`, body);
}

function belief({ valid, notes, rounds, gate }: ResultComparison): Markup {
  const { tone, text } = valid
    ? rounds < 2
      ? { tone: "warn", text: "? There is one round: no change can be told from chance." }
      : notes.length > 0 || gate?.passed === false
        ? { tone: "warn", text: "? With care, since:" }
        : { tone: "good", text: `✓ Yes: ${counted(rounds, "round")}, and every case of both can be relied on.` }
    : { tone: "bad", text: "✗ Not as a whole: a case of A or B is invalid or has failed." };
  return html`<section class="box ${tone}-box"><h2>May this be believed?</h2>
<p class="verdict ${tone}">${text}</p>
${items(notes.map((note) => `${sentenceCase(note)}.`))}</section>\n`;
}

const TONES = { better: "good", worse: "bad", same: "good", "cannot tell": "warn" } as const;

function caseSection(
  name: string,
  rows: readonly FigureComparison[],
  beside: readonly FigureInformation[],
  comparison: ResultComparison,
): Markup {
  const reach = reachOf([...rows, ...beside], comparison.margin);
  const cells = (row: FigureRatio, margin: number, verdict: string | Markup) => {
    const [metric = "", a = "", b = "", change = "", between = ""] = changeCells(row);
    return [metric, a, b, change, between, verdict, interval(row, margin, reach)];
  };
  const heading = [...CHANGE_HEADING.map((title) => (title === "" ? "figure" : title)), `−${percent(reach)} to +${percent(reach)}`];
  const reasons = [
    ...rows.flatMap((row) => (row.verdict === "cannot tell" ? [`${row.metric}: ${untoldReason(row, comparison)}`] : [])),
    ...[...Map.groupBy(beside, ({ why }) => why)].map(
      ([why, those]) => `${listed(those.map(({ metric }) => metric))}: for information, since ${why}`,
    ),
  ];
  return section(
    name,
    table("B ÷ A; the lines beside the middle are the margin", heading, [
      ...rows.map((row) => cells(row, row.margin, html`<b class="${TONES[row.verdict]}">${row.verdict}</b>`)),
      ...beside.map((row) => cells(row, comparison.margin, "for information")),
    ]),
    items(reasons),
  );
}

/** The largest change that the pictures of a case show, as a share: that of its figures or twice the margin, at most 100 %. */
function reachOf(rows: readonly FigureRatio[], margin: number): number {
  const ends = rows.flatMap(({ low, high, ratio }) => [low, high, ratio]).flatMap((end) => (end === null ? [] : [Math.abs(end - 1)]));
  return Math.min(1, Math.max(2 * margin, ...ends) * 1.05);
}

const WIDTH = 400;

/** The interval as a line, the estimate as a dot on it, the margin as lines on both sides of no change. */
function interval(row: FigureRatio, margin: number, reach: number): Markup {
  const { metric, ratio, low, high } = row;
  const [, , , change = "", between = ""] = changeCells(row);
  const x = (end: number) => Number(((WIDTH / 2) * (1 + Math.max(-1, Math.min(1, (end - 1) / reach)))).toFixed(1));
  const bar = low === null || high === null ? "" : `M${x(low)} 10H${x(high)}M${x(low)} 5V15M${x(high)} 5V15`;
  const dot = ratio === null ? "" : `M${x(ratio)} 10h.01`;
  return html`<svg class="interval" viewBox="0 0 ${WIDTH} 20" preserveAspectRatio="none" role="img" aria-label="${metric}: ${change}, between ${between}">
<path class="grid" d="M${x(1 - margin)} 0V20M${x(1 + margin)} 0V20"/><path class="other faintly" d="M${WIDTH / 2} 0V20"/>
${bar === "" ? null : html`<path class="other" d="${new Markup(bar)}"/>`}${dot === "" ? null : html`<path class="other dot" d="${new Markup(dot)}"/>`}</svg>`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
