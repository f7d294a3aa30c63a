import { FEWEST_BEYOND } from "../../../kernel/borne.ts";
import { KeptHistogram } from "../../../kernel/histogram-text.ts";
import type { CaseResult } from "../../../telemetry/result.ts";
import { niceTop, shortMs } from "../../report/chart.ts";
import { HEIGHT, short, timeLabel, WIDTH } from "./axis.ts";
import { classesOf } from "./chart.ts";
import { html, Markup } from "./markup.ts";

/** Points of a line for each halving of the distance to 100 %. */
const PER_HALF = 8;
const LABELS = [0.5, 0.9, 0.99, 0.999, 0.9999] as const;

/** A case's sojourn times by share of its items, as far as enough items lie beyond. */
interface Line {
  readonly one: CaseResult;
  readonly points: readonly (readonly [share: number, ms: number])[];
}

/** The sojourn times of the cases by percentile, whose distance to 100 % is halved from place to place; null: no case keeps its histogram. */
export function percentileChart(cases: readonly CaseResult[]): Markup | null {
  const lines = cases.map(lineOf).filter(({ points }) => points.length > 1);
  const last = Math.max(...lines.map(({ points }) => points.at(-1)?.[0] ?? 0));
  if (lines.length === 0) return null;
  const top = niceTop(Math.max(...lines.flatMap(({ points }) => points.map(([, ms]) => ms))));
  const x = (share: number) => Math.log(1 - share) / Math.log(1 - last);
  const y = (ms: number) => short(HEIGHT * (1 - ms / top));
  const labels = LABELS.filter((share) => share <= last);
  const grid = labels.map((share) => `M${short(x(share) * WIDTH)} 0V${HEIGHT}`).join("");
  return html`<figure><figcaption>Latency by percentile, as far as items bear it</figcaption>
<div class="plot"><div class="axis" aria-hidden="true"><span>${shortMs(top)}</span><span>${shortMs(top / 2)}</span><span>0</span></div>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${spoken(lines)}">
<path class="grid" d="${new Markup(`${grid}M0 ${HEIGHT / 2}H${WIDTH}M0 0H${WIDTH}`)}"/>
${lines.map(({ one, points }) => {
  const path = points.map(([share, ms], i) => `${i === 0 ? "M" : "L"}${short(x(share) * WIDTH)} ${y(ms)}`).join("");
  return html`<path class="${classesOf(one)}" d="${new Markup(path)}"/>\n`;
})}</svg>
<div class="times" aria-hidden="true">${[0, ...labels].map((share) => timeLabel(x(share), `${Number((share * 100).toFixed(2))} %`))}</div></div></figure>\n`;
}

function lineOf(one: CaseResult): Line {
  const histogram = KeptHistogram.read(one.histograms?.sojourn);
  if (histogram === null) return { one, points: [] };
  const { min, max } = one.latency.sojourn;
  const points: (readonly [number, number])[] = [];
  for (let i = 0; ; i++) {
    const share = 1 - 2 ** (-i / PER_HALF);
    if (histogram.count * (1 - share) < FEWEST_BEYOND) return { one, points };
    points.push([share, Math.min(max, Math.max(min, histogram.at(share).value / 1e6))]);
  }
}

/** The chart in words; the percentiles are in the tables. */
function spoken(lines: readonly Line[]): string {
  const parts = lines.map(({ one: { mode }, points }) => `${mode}: ${shortMs(points[0]?.[1] ?? 0)} to ${shortMs(points.at(-1)?.[1] ?? 0)}`);
  return `Latency by percentile. ${parts.join("; ")}.`;
}
