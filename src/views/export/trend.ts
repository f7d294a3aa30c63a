import { figureOf } from "../../analysis/figures.ts";
import type { FigureChange, FigureTrend, Trend } from "../../analysis/trend.ts";
import { printable } from "../../kernel/text.ts";
import { counted, sentenceCase } from "../../kernel/wording.ts";
import { drawChart, LABEL_WIDTH, shortIn } from "../report/chart.ts";
import { caseName } from "../report/closing.ts";
import { type Painter, PLAIN_PAINTER } from "../report/painter.ts";
import { inUnit } from "./figure-text.ts";

/** Rows of a figure's chart. */
const ROWS = 8;

/** The trend of a scenario as charts of `columns` columns, one for each figure that varies, with its change points below. */
export function trendText(trend: Trend, columns: number, painter: Painter = PLAIN_PAINTER): string {
  const { scenario, runs, figures, notes } = trend;
  const [first, last] = [runs[0], runs.at(-1)];
  const span = first === undefined || last === undefined ? "" : `, ${day(first.startedAt)} to ${day(last.startedAt)}`;
  return `${[
    `${printable(scenario, 60)}: ${counted(runs.length, "run")}${span}`,
    ...notes.map((note) => `${sentenceCase(note)}.`),
    ...figures.flatMap((figure) => figureLines(figure, changesIn(trend, figure), trend, columns, painter)),
  ].join("\n")}\n`;
}

/** The change points of a figure. */
export function changesIn({ changes }: Trend, { mode, params, metric }: FigureTrend): FigureChange[] {
  const where = JSON.stringify([mode, params, metric]);
  return changes.filter((one) => JSON.stringify([one.mode, one.params, one.metric]) === where);
}

/** A change in words: its run, the means before and after, the difference. */
export function changeSentence({ run, before, after, metric, verdict }: FigureChange, { runs }: Trend): string {
  const unit = figureOf(metric)?.unit ?? "count";
  const one = runs.find((other) => other.run === run);
  const share = before === 0 ? "" : `, ${after >= before ? "+" : "−"}${(Math.abs(after / before - 1) * 100).toFixed(1)} %`;
  const version = one === undefined ? "" : `, lab-tui ${printable(one.labVersion, 20)}`;
  return `from run ${run} on (${one === undefined ? "" : day(one.startedAt)}${version}): ${inUnit(unit, before)} → ${inUnit(unit, after)}${share}: ${verdict}`;
}

function figureLines(figure: FigureTrend, changes: readonly FigureChange[], trend: Trend, columns: number, painter: Painter): string[] {
  const unit = figureOf(figure.metric)?.unit ?? "count";
  const known = figure.values.flatMap((value, index) => (value === null ? [] : [{ value, index }]));
  const title = `${caseName(figure)}: ${figure.metric}`;
  const [first] = known;
  if (first === undefined) return ["", `${title}: not measured, or too few items bear it`];
  if (known.every(({ value }) => value === first.value)) return ["", `${title}: ${inUnit(unit, first.value)} in every run`];
  const room = Math.max(1, columns - LABEL_WIDTH);
  const column = (index: number) => (known.length <= room ? index : Math.floor((index * room) / known.length));
  const groups = [...Map.groupBy(known, (_, index) => column(index)).values()];
  const values = groups.map((group) => group.reduce((sum, { value }) => sum + value, 0) / group.length);
  const chart = drawChart([{ name: figure.mode, values, stroke: "light" }], columns, ROWS, shortIn(unit));
  return [
    "",
    title,
    ...chart.map((runs) =>
      runs
        .map(({ series, text }) => painter.series(series, text))
        .join("")
        .trimEnd(),
    ),
    ...(changes.length === 0 ? [] : [marks(changes.map(({ index }) => column(known.findIndex((one) => one.index === index))))]),
    ...changes.map((change) => `  ▲ ${changeSentence(change, trend)}`),
  ];
}

function marks(columns: readonly number[]): string {
  const line = new Array<string>(LABEL_WIDTH + Math.max(...columns) + 1).fill(" ");
  for (const column of columns) line[LABEL_WIDTH + column] = "▲";
  return line.join("");
}

function day(iso: string): string {
  return printable(iso.slice(0, 10), 10);
}
