import { formatCount, formatRate } from "../../../kernel/units.ts";
import { joined, recentSpans } from "../../../telemetry/series.ts";
import { FULL_SHARE } from "../../../telemetry/turning-points.ts";
import type { Canvas, Rect } from "../../canvas/canvas.ts";
import { drawFrame } from "../../canvas/frame.ts";
import { DOTS_ACROSS, drawPlot, type Level, type Mark, type PlotCurve, plotArea } from "../../canvas/plot.ts";
import { BAD, FAINT, type Style, style, WARN } from "../../canvas/styles.ts";
import { niceTop } from "../../report/chart.ts";
import { largest, type Reading, sampleColumns } from "../columns.ts";
import { type ChartPanel, comparedCases, HEADLINE_MS, headlineOf, timeSpan } from "../figures.ts";
import { type Moment, momentsOf } from "../moments.ts";
import { breakerLine } from "../requests.ts";
import type { CaseView, RunView } from "../store.ts";
import { modeArea, modeStyle, type PictureLook, strokeOf } from "./look.ts";

export interface PanelOptions {
  readonly number: number;
  readonly focused: boolean;
  readonly look: PictureLook;
  /** The instant shown; null: now. */
  readonly cursor: number | null;
}

const OFFERED: Reading = { value: ({ offered }) => offered, column: "mean" };
const EXPECTED = style("expected");
const ARRIVING = style("arriving");

/** Draws one measure over time, every mode on the same axes: the current one as an area, the others as lines over it. */
export function drawChartPanel(canvas: Canvas, place: Rect, panel: ChartPanel, view: RunView, options: PanelOptions): void {
  const { look, cursor } = options;
  const current = view.cases[view.current];
  const until = timeSpan(view);
  const inside = drawFrame(canvas, place, {
    ...options,
    title: panel.title,
    headline: headline(panel, view, current),
    headlineStyle: headlineStyle(panel, current),
    ascii: look.glyphs === "ascii",
  });
  if (inside.width < 12 || inside.height < 2) return;
  // Where a breaker has opened, its states stand below the throughput, on the same time axis.
  const breaker = panel.title === "Throughput" ? breakerLine(view, inside.width, look.glyphs === "ascii") : null;
  const plotted = breaker === null ? inside : { ...inside, height: inside.height - 1 };
  if (breaker !== null) canvas.text(inside.x, inside.y + plotted.height, breaker, FAINT, inside.width);
  const inner = plotArea(plotted);
  const curves = curvesOf(panel, view, inner.width * DOTS_ACROSS, until);
  const area = current === undefined ? null : sampleColumns(current.series, panel, inner.width, until);
  const levels = levelsOf(panel, view, current);
  const most = Math.max(
    0,
    ...curves.map(({ values }) => largest(values)),
    area === null ? 0 : largest(area),
    ...levels.map(({ value }) => value),
  );
  drawPlot(canvas, plotted, {
    top: niceTop(most),
    axis: panel.axis,
    until,
    area:
      area === null || current === undefined
        ? null
        : { values: area, edge: modeStyle(current.outline.mode), inside: modeArea(current.outline.mode), shaded: look.shaded },
    curves,
    levels,
    marks: current === undefined ? [] : marksOf(current, look),
    cursor,
    glyphs: look.glyphs,
  });
}

function headline(panel: ChartPanel, view: RunView, current: CaseView | undefined): string {
  if (current === undefined || view.phase === "finished") return "";
  const { capacity } = current.outline;
  const told = headlineOf(panel, current.series);
  return panel.title === "Queue depth" && capacity != null && told !== ""
    ? told.replace(/^(\S+(?: [kMG])?)/, `$1 of ${formatCount(capacity)}`)
    : told;
}

function headlineStyle(panel: ChartPanel, current: CaseView | undefined) {
  const last = current?.series.at(-1);
  if (panel.title === "Drops" && (last?.dropped ?? 0) > 0) return BAD;
  if (panel.title === "Queue depth" && current?.outline.capacity != null && (last?.depth ?? 0) >= current.outline.capacity * FULL_SHARE)
    return WARN;
  return style("text", { bold: true });
}

/** A line for every other mode, and the arrivals of all. */
function curvesOf(panel: ChartPanel, view: RunView, dots: number, until: number): PlotCurve[] {
  const current = view.cases[view.current];
  const others = comparedCases(view).filter((one) => one !== current && one.series.length > 0);
  const lines = others.map(
    ({ outline: { mode }, series }): PlotCurve => ({
      values: sampleColumns(series, panel, dots, until),
      style: modeStyle(mode),
      stroke: strokeOf(mode),
    }),
  );
  if (panel.title !== "Throughput" || current === undefined) return lines;
  return [{ values: sampleColumns(current.series, OFFERED, dots, until), style: ARRIVING, stroke: "dashed" }, ...lines];
}

/** Named heights: arrival rate, prediction, full queue. */
function levelsOf(panel: ChartPanel, view: RunView, current: CaseView | undefined): Level[] {
  if (current === undefined) return [];
  const levels: Level[] = [];
  if (panel.title === "Throughput") {
    const offered = arrivalRate(view, current);
    if (offered !== null) levels.push({ value: offered, label: `arriving ${formatRate(offered)}`, style: ARRIVING });
  }
  const expected = panel.expected(current);
  if (expected !== null && Number.isFinite(expected))
    levels.push({ value: expected, label: `predicted ${panel.axis(expected)}`, style: EXPECTED });
  const { capacity } = current.outline;
  // Where the queue is hardly used, its capacity would flatten the chart.
  const deep = current.series.some(({ depth }) => depth > (capacity ?? Number.POSITIVE_INFINITY) / 4);
  if (panel.title === "Queue depth" && capacity != null && deep)
    levels.push({ value: capacity, label: `full ${formatCount(capacity)}`, style: WARN });
  return levels;
}

/** The rate of arrivals now or, of a run that is over, on average; null: unknown. */
function arrivalRate({ phase }: RunView, { series, result }: CaseView): number | null {
  if (phase === "finished") return result?.offeredRate ?? null;
  const spans = recentSpans(series, HEADLINE_MS);
  return spans.length === 0 ? null : joined(spans).offered;
}

/** How each kind of moment is marked on the time axis: with Unicode, and with ASCII alone. */
const MARKS: Readonly<Record<Moment["kind"], readonly [sign: string, ascii: string, style: Style]>> = {
  rate: ["◇", "o", ARRIVING],
  full: ["▲", "^", WARN],
  drops: ["▼", "v", BAD],
  drained: ["▽", ".", FAINT],
  breaker: ["◆", "x", WARN],
  silent: ["◆", "x", BAD],
  answers: ["▽", ".", FAINT],
  late: ["◇", "o", WARN],
};

function marksOf(one: CaseView, { glyphs }: PictureLook): Mark[] {
  return momentsOf(one).map(({ t, kind }) => {
    const [sign, ascii, style] = MARKS[kind];
    return { t, sign: glyphs === "ascii" ? ascii : sign, style };
  });
}
