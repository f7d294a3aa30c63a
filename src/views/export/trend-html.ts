import { figureOf } from "../../analysis/figures.ts";
import type { FigureChange, FigureTrend, Trend } from "../../analysis/trend.ts";
import { counted, sentenceCase } from "../../kernel/wording.ts";
import { niceTop, shortIn } from "../report/chart.ts";
import { caseName } from "../report/closing.ts";
import { inUnit, UNMEASURED } from "./figure-text.ts";
import { details, html, items, Markup, section, table } from "./html/markup.ts";
import { page } from "./html/page.ts";
import { changeSentence, changesIn } from "./trend.ts";

/** Units of a picture, which is stretched to its place. */
const WIDTH = 1000;
const HEIGHT = 100;

/** The trend of a scenario as one HTML file: a chart for each figure, with its means and change points, and a table of all values. */
export function trendHtml(trend: Trend): string {
  const { scenario, runs, figures, notes } = trend;
  const cases = [...Map.groupBy(figures, caseName)];
  return page(
    `${scenario}: trend`,
    html`<h1>${scenario}: ${counted(runs.length, "run")}</h1>
${notes.map((note) => html`<p class="faint">${sentenceCase(note)}.</p>\n`)}${cases.map(([name, group]) =>
  section(
    name,
    html`<div class="charts">\n${group.map((figure) => chart(figure, trend))}</div>\n`,
    details("Every run", valueTable(group, trend)),
  ),
)}`,
  );
}

function chart(figure: FigureTrend, trend: Trend): Markup {
  const axis = shortIn(figureOf(figure.metric)?.unit ?? "count");
  const changes = changesIn(trend, figure);
  const top = niceTop(Math.max(0, ...figure.values.map((value) => value ?? 0)));
  const x = (index: number) => short((WIDTH * (index + 0.5)) / Math.max(1, trend.runs.length));
  const y = (value: number) => short(HEIGHT * (1 - Math.max(0, Math.min(1, value / top))));
  return html`<figure><figcaption>${figure.metric}</figcaption>
<div class="plot"><div class="axis" aria-hidden="true"><span>${axis(top)}</span><span>${axis(top / 2)}</span><span>0</span></div>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${spoken(figure, changes, trend)}">
<path class="grid" d="M0 ${HEIGHT / 2}H${WIDTH}M0 0H${WIDTH}"/>
${changes.map(({ index }) => html`<path class="other predicted" d="M${x(index - 0.5)} 0V${HEIGHT}"/>\n`)}<path class="${figure.mode} light" d="${new Markup(line(figure, x, y))}"/>
${changes.length === 0 ? null : html`<path class="other heavy" d="${new Markup(means(changes, trend.runs.length, x, y))}"/>\n`}</svg>
<div class="times" aria-hidden="true"><span style="left:0%">${trend.runs[0]?.run ?? ""}</span><span class="last" style="left:100%">${trend.runs.at(-1)?.run ?? ""}</span></div></div>
${items(changes.map((change) => sentenceCase(changeSentence(change, trend))))}</figure>\n`;
}

/** Interrupted where a run has no value. */
function line({ values }: FigureTrend, x: (index: number) => string, y: (value: number) => string): string {
  return values
    .map((value, i) =>
      value === null ? "" : `${i === 0 || values[i - 1] === null ? "M" : "L"}${x(i)} ${y(value)}${values[i + 1] === null ? "h.1" : ""}`,
    )
    .join("");
}

/** The mean of each part between change points. */
function means(changes: readonly FigureChange[], count: number, x: (index: number) => string, y: (value: number) => string): string {
  const [first] = changes;
  if (first === undefined) return "";
  const parts = changes.map(({ index, after }, i) => ({ from: index, to: changes[i + 1]?.index ?? count, mean: after }));
  return [{ from: 0, to: first.index, mean: first.before }, ...parts]
    .map(({ from, to, mean }) => `M${x(from - 0.5)} ${y(mean)}H${x(to - 0.5)}`)
    .join("");
}

/** The chart in words, for those who do not see it. */
function spoken({ metric, values }: FigureTrend, changes: readonly FigureChange[], trend: Trend): string {
  const unit = figureOf(metric)?.unit ?? "count";
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return `${metric}: not measured.`;
  const range = `${inUnit(unit, Math.min(...known))} to ${inUnit(unit, Math.max(...known))}`;
  return `${metric} over ${counted(known.length, "run")}: ${range}. ${changes.map((change) => `${sentenceCase(changeSentence(change, trend))}.`).join(" ")}`;
}

function valueTable(group: readonly FigureTrend[], { runs }: Trend): Markup {
  const rows = runs.map(({ run, startedAt, labVersion, disturbed }, i) => [
    `${run}${disturbed ? " †" : ""}`,
    startedAt.slice(0, 19).replace("T", " "),
    labVersion,
    ...group.map(({ metric, values }) => {
      const value = values[i] ?? null;
      return value === null ? UNMEASURED : inUnit(figureOf(metric)?.unit ?? "count", value);
    }),
  ]);
  return table(
    "Oldest first; †: disturbed by other programs",
    ["run", "started (UTC)", "lab-tui", ...group.map(({ metric }) => metric)],
    rows,
  );
}

function short(value: number): string {
  return String(Number(value.toFixed(2)));
}
