import { formatBytes, formatCount, formatRate, formatShare } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import { coresInShort, placesOn } from "../../telemetry/allowance.ts";
import { BOUNDS, isDisturbed } from "../../telemetry/disturbance.ts";
import { droppedTotal } from "../../telemetry/ledger.ts";
import { type MetricName, metric } from "../../telemetry/metrics.ts";
import { paramsText } from "../../telemetry/params.ts";
import type { Sample } from "../../telemetry/sample.ts";
import { joined, recentSpans, type Span } from "../../telemetry/series.ts";
import { type ChartSeries, type ColumnRule, MODE_STROKES, shortIn } from "../report/chart.ts";
import { DISTURBED } from "../report/disturbed.ts";
import { latencyText } from "../report/interval.ts";
import { Others } from "../report/others.ts";
import { type RowFigures, rowOfResult } from "../report/table.ts";
import { knownParts, sampleColumns } from "./columns.ts";
import type { CaseView, RunView } from "./store.ts";

/** A chart panel and its content. */
export interface ChartPanel {
  readonly title: "Throughput" | "Queue depth" | "Drops" | "Latency";
  readonly value: (sample: Sample) => number | null;
  /** How a column combines several samples. */
  readonly column: ColumnRule;
  readonly axis: (value: number) => string;
  /** The figure in the title, from intervals merged and individual. */
  readonly headline: (sample: Sample, spans: readonly Span[]) => string;
  /** The prediction for the case, drawn faintly; null: none. */
  readonly expected: (one: CaseView) => number | null;
}

/** A panel of a metric: percentiles cannot be averaged, so the worst of several is shown. */
function chart(title: ChartPanel["title"], name: MetricName, rest: Pick<ChartPanel, "headline"> & Partial<ChartPanel>): ChartPanel {
  const { kind, unit, ofSample = () => null } = metric(name);
  return { title, value: ofSample, column: kind === "trend" ? "worst" : "mean", axis: shortIn(unit), expected: () => null, ...rest };
}

export const CHART_PANELS: readonly ChartPanel[] = [
  chart("Throughput", "throughput", {
    headline: (sample) => formatRate(sample.processed),
    expected: ({ outline }) => outline.predicted.throughput,
  }),
  chart("Queue depth", "mean_depth", {
    headline: ({ depth, fetch, distributed }) =>
      [
        formatCount(depth),
        fetch === undefined ? "" : `in flight ${formatCount(fetch.inFlight)}`,
        distributed === undefined ? "" : `in streams ${formatCount(distributed.inStreams)}`,
        distributed === undefined || distributed.claims === 0 ? "" : `taken over ${formatCount(distributed.claims)}`,
      ]
        .filter((part) => part !== "")
        .join("  "),
  }),
  chart("Drops", "dropped", { headline: (sample) => formatRate(sample.dropped) }),
  chart("Latency", "sojourn_ms", { headline: (_, spans) => latencyText(spans) }),
];

/** Milliseconds that a panel's figures cover: a single sample jumps too much to be read. */
export const HEADLINE_MS = 1000;

/** The figure in a panel's title; empty: none yet. */
export function headlineOf(panel: ChartPanel, series: readonly Sample[]): string {
  const spans = recentSpans(series, HEADLINE_MS);
  return spans.length === 0 ? "" : panel.headline(joined(spans), spans);
}

/** The cases shown side by side: all of them, or in a sweep the current one and the last of each other mode. */
export function comparedCases(view: RunView): CaseView[] {
  const current = view.cases[view.current];
  if (current === undefined || !hasManyPerMode(view)) return [...view.cases];
  const modes = [...new Set(view.cases.map(({ outline }) => outline.mode))];
  return modes.flatMap((mode) => {
    const last = view.ran.map((index) => view.cases[index]).findLast((one) => one?.outline.mode === mode);
    // While the current one is prepared, the previous one is still shown.
    const begun = current.running !== null || current.result !== null || last === undefined;
    if (mode === current.outline.mode && begun) return [current];
    return last === undefined ? [] : [last];
  });
}

/** True for a sweep of several points, and while cases are run several times. */
export function hasManyPerMode({ cases }: RunView): boolean {
  return new Set(cases.map(({ outline }) => outline.mode)).size < cases.length;
}

/** Milliseconds of the common time axis: the longest load, or more where a case took longer. */
export function timeSpan(view: RunView): number {
  return Math.max(1000, ...comparedCases(view).map(({ lastMs, series }) => Math.max(lastMs, series.at(-1)?.t ?? 0)));
}

/** Every mode's line, the current one last so that it is on top; the prediction below all. */
export function chartSeries(panel: ChartPanel, view: RunView, columns: number): ChartSeries[] {
  const until = timeSpan(view);
  const current = view.cases[view.current];
  const order = [...comparedCases(view).filter((one) => one !== current), ...(current === undefined ? [] : [current])];
  const lines: ChartSeries[] = order
    .filter(({ series }) => series.length > 0)
    .flatMap(({ outline: { mode }, series }) => {
      const stroke = MODE_STROKES[mode] ?? "light";
      return knownParts(sampleColumns(series, panel, columns, until)).map((part) => ({ name: mode, stroke, ...part }));
    });
  const expected = current === undefined ? null : panel.expected(current);
  if (expected === null || !Number.isFinite(expected)) return lines;
  return [{ name: "expected", stroke: "faint", values: new Array<number>(columns).fill(expected) }, ...lines];
}

/** Rows of the comparison table, of finished cases and the running one. */
export function rowsOf(view: RunView): RowFigures[] {
  return comparedCases(view).flatMap((one): RowFigures[] => {
    if (one.result !== null) return [{ ...rowOfResult(one.result), fault: one.broken ? "threshold" : null }];
    if (one.running === null) return [];
    const { mode } = one.outline;
    const where = paramsText(one.outline.params);
    return [
      {
        mode,
        where,
        status: "running",
        ...one.running,
        dropped: droppedTotal(one.ledger),
        predicted: one.outline.predicted,
        rateChanges: one.rateChanges,
        disturbed: Others.of(one.series).above,
      },
    ];
  });
}

/** Progress of the current case 0…1 and the time left, by due time. */
export function progress(view: RunView): { readonly share: number; readonly leftMs: number | null } {
  const one = view.cases[view.current];
  if (one === undefined || one.state === "waiting" || one.state === "preparing") return { share: 0, leftMs: null };
  if (one.state === "done") return { share: 1, leftMs: 0 };
  const t = one.series.at(-1)?.t ?? 0;
  const { executor, gracefulStopMs } = one.outline.load;
  const arriving = Math.max(0, one.lastMs - t);
  // How many arrivals will come is unknown with clients that wait for their answers.
  if (executor === "constant-vus") return { share: shareOf(t, arriving), leftMs: arriving };
  const done = one.ledger.scheduled - one.ledger.unfinished;
  const share = one.count > 0 ? Math.min(1, done / one.count) : 0;
  if (share <= 0.01) return arriving > 0 ? { share: shareOf(t, arriving), leftMs: arriving } : { share, leftMs: null };
  const asFast = Math.max(arriving, (t * (1 - share)) / share);
  // What is not done by then stays so.
  const latest = one.lastMs > 0 ? one.lastMs + gracefulStopMs - t : Number.POSITIVE_INFINITY;
  const leftMs = Math.max(0, Math.min(asFast, latest));
  return { share: shareOf(t, leftMs), leftMs };
}

/** Share of the total time. */
function shareOf(t: number, leftMs: number): number {
  return t + leftMs > 0 ? t / (t + leftMs) : 0;
}

/** Other influences on the machine while a case runs, or ran; "" for none that matter. */
export function disturbanceNote(view: RunView): string {
  const current = view.cases[view.current];
  if (view.phase === "finished")
    return view.cases.some(({ result }) => result !== null && isDisturbed(result)) ? `${DISTURBED} disturbed` : "";
  if (current?.state !== "running") return "";
  const since = (current.series.at(-1)?.t ?? 0) - RECENT_MS;
  const recent = Others.of(current.series.filter(({ t }) => t > since));
  if (recent.above)
    return `${DISTURBED} others use ${recent.mean.toFixed(1)} of ${counted(view.machine === null ? 1 : placesOn(view.machine), "core")}`;
  const throttled = throttledShare(
    current.series.filter(({ t }) => t > since),
    since,
  );
  if (throttled > BOUNDS.throttled) return `${DISTURBED} kept from cores ${formatShare(throttled)} of the time by a quota`;
  const off = (view.machine?.calibration?.checkRatio ?? 1) - 1;
  return Math.abs(off) > BOUNDS.calibration ? `${DISTURBED} calibration off by ${formatShare(Math.abs(off))}` : "";
}

/** Time for which quotas withheld cores, as a share of the time of a series; 0: none, or unknown. */
function throttledShare(series: readonly Sample[], from: number): number {
  const ms = series.reduce((sum, { throttledMs }) => sum + (throttledMs ?? 0), 0);
  return ms / Math.max(1, (series.at(-1)?.t ?? from) - Math.max(0, from));
}

/** Milliseconds over which other programs' use is averaged: readings of a quarter of a second jump by ticks. */
const RECENT_MS = 2000;

export function machineLine(view: RunView): string {
  const { machine } = view;
  if (machine === null) return "";
  return `${coresInShort(machine)}, ${formatBytes(machine.memoryBytes)}`;
}
