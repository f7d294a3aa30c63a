import { FEWEST_BEYOND, isBorne } from "../../../kernel/borne.ts";
import { KeptHistogram } from "../../../kernel/histogram-text.ts";
import { columnsOf } from "../../../kernel/text.ts";
import { type Percentile, percentileText } from "../../../telemetry/percentiles.ts";
import type { CaseResult } from "../../../telemetry/result.ts";
import type { Canvas, Rect } from "../../canvas/canvas.ts";
import { drawFrame } from "../../canvas/frame.ts";
import { type AxisLabel, DOTS_ACROSS, drawPlot, type PlotCurve, plotArea } from "../../canvas/plot.ts";
import { FAINT, TEXT } from "../../canvas/styles.ts";
import { niceTop, shortMs } from "../../report/chart.ts";
import { largest } from "../columns.ts";
import { comparedCases } from "../figures.ts";
import type { RunView } from "../store.ts";
import { modeStyle, type PictureLook, strokeOf, strokeSample } from "./look.ts";

/** Percentiles that are labelled where the axis reaches them. */
const LABELLED = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999] as const;
/** Percentiles given in words. */
const TOLD = ["p50", "p90", "p99", "p99_9"] as const satisfies readonly Percentile[];
const MODE_WIDTH = 12;
const FIGURE_WIDTH = 16;

const decoded = new WeakMap<CaseResult, KeptHistogram | null>();

/** The sojourn times of a case; null: it kept none, or has none. */
function timesOf(result: CaseResult): KeptHistogram | null {
  const known = decoded.get(result);
  if (known !== undefined) return known;
  const read = KeptHistogram.read(result.histograms?.sojourn);
  const times = read === null || read.count === 0 ? null : read;
  decoded.set(result, times);
  return times;
}

/** How far the axis goes, in factors of ten by which fewer items lie beyond: to the last percentile that enough items bear. */
function decadesOf(counts: readonly number[]): number {
  return Math.max(1, Math.log10(Math.max(1, ...counts) / FEWEST_BEYOND));
}

/** The latencies at each dot, in milliseconds; unknown beyond the last percentile that enough items bear. */
function curveOf({ mode }: CaseResult, times: KeptHistogram, dots: number, decades: number): PlotCurve {
  const values = Float64Array.from({ length: dots }, (_, dot) => {
    const share = 1 - 10 ** ((-decades * dot) / (dots - 1));
    return isBorne(times.count, share) ? times.at(share).value / 1e6 : Number.NaN;
  });
  return { values, style: modeStyle(mode), stroke: strokeOf(mode) };
}

/**
 * Draws the sojourn times of finished cases by percentile, on an axis on which each factor of ten in the items beyond has the same width,
 * with percentiles of each case in words below.
 */
export function drawPercentiles(canvas: Canvas, place: Rect, view: RunView, look: PictureLook): void {
  const results = comparedCases(view).flatMap(({ result }) => result ?? []);
  const ascii = look.glyphs === "ascii";
  const framed = { ...place, height: Math.max(4, place.height - results.length) };
  const inside = drawFrame(canvas, framed, { number: 0, title: "Sojourn time by percentile", headline: "", focused: true, ascii });
  const known = results.flatMap((result) => {
    const times = timesOf(result);
    return times === null ? [] : [{ result, times }];
  });
  if (known.length === 0) canvas.text(inside.x + 1, inside.y, "No case of this run has kept its sojourn times.", FAINT, inside.width - 2);
  else {
    const decades = decadesOf(known.map(({ times }) => times.count));
    const dots = plotArea(inside).width * DOTS_ACROSS;
    const curves = known.map(({ result, times }) => curveOf(result, times, dots, decades));
    drawPlot(canvas, inside, {
      ...{ area: null, levels: [], marks: [], cursor: null, until: 1, glyphs: look.glyphs },
      ...{ curves, top: niceTop(Math.max(...curves.map(({ values }) => largest(values)))), axis: shortMs },
      labels: labelsOf(decades),
    });
  }
  results.forEach((result, i) => {
    drawFigures(canvas, { ...place, y: framed.y + framed.height + i, height: 1 }, result, look);
  });
}

function labelsOf(decades: number): AxisLabel[] {
  const named = LABELLED.map((share) => ({ at: -Math.log10(1 - share) / decades, label: `${Number((share * 100).toPrecision(8))} %` }));
  return [{ at: 0, label: "0 %" }, ...named.filter(({ at }) => at <= 1)];
}

/** Draws percentiles of a case in a line, as many as fit. */
function drawFigures(canvas: Canvas, { x, y, width }: Rect, { mode, latency }: CaseResult, look: PictureLook): void {
  let column = canvas.text(x + 1, y, `${strokeSample(mode, look)} ${mode.padEnd(MODE_WIDTH)}`, modeStyle(mode, { bold: true }));
  for (const percentile of TOLD) {
    const text = `${percentile.replace("_", ".")} ${percentileText(latency.sojourn, percentile)}`;
    if (column + columnsOf(text) > x + width) return;
    canvas.text(column, y, text, TEXT);
    column += FIGURE_WIDTH;
  }
}
