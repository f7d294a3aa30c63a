import { describe, expect, test } from "bun:test";
import { Histogram } from "../../../src/kernel/histogram.ts";
import { histogramText } from "../../../src/kernel/histogram-text.ts";
import { pressed } from "../../../src/views/live/actions.ts";
import { FIRST_STATE, RUN_ACTIONS } from "../../../src/views/live/screens/run-actions.ts";
import { contextOf } from "../../../src/views/live/screens/run-drawing.ts";
import type { RunView } from "../../../src/views/live/store.ts";
import { finished, overloaded, SIZES, screen } from "../../support/run-views.ts";

const PERCENTILES = { percentiles: true };

/** A finished run whose sojourn times in milliseconds are given, mode by mode; none: not kept. */
function timed(times: readonly (readonly number[])[]): RunView {
  const view = finished();
  const cases = view.cases.map((one, i) => {
    const own = times[i];
    if (one.result === null || own === undefined) return one;
    const histogram = new Histogram();
    for (const ms of own) histogram.record(ms * 1e6);
    const sojourn = { ...one.result.latency.sojourn, count: own.length };
    const latency = { ...one.result.latency, sojourn };
    return { ...one, result: { ...one.result, latency, histograms: { sojourn: histogramText(histogram) } } };
  });
  return { ...view, cases };
}

/** Nine of ten take 1 ms, the others 10 ms; of those, one in ten takes 20 ms. */
const slowTail = (count: number) => Array.from({ length: count }, (_, i) => (i % 10 !== 9 ? 1 : i % 100 !== 99 ? 10 : 20));

describe.each(SIZES)("sojourn times by percentile at %i×%i", (...size) => {
  test("have an axis, a line for each mode in words, and the keys", () => {
    const text = screen(timed([slowTail(6000), slowTail(6000), slowTail(6000)]), size, PERCENTILES);
    expect(text).toContain("Sojourn time by percentile");
    expect(text).toMatch(/└0 %─+50 %─+90 %─+99 %/);
    for (const mode of ["sync", "async", "parallel"]) expect(text).toMatch(new RegExp(`^ \\S+ ${mode} +p50 5\\.00 ms[^…]*$`, "m"));
    expect(text).toContain("q quit");
  });
});

/** The columns of the plot in which a curve is drawn, row by row from above. */
const inked = (text: string) =>
  text
    .split("\n")
    .filter((line) => /^┃.*[┤│]/.test(line))
    .map((line) => [...line.slice(9, -1)].flatMap((sign, i) => (/[\u2801-\u28ff]/.test(sign) ? [i] : [])));

describe("sojourn times by percentile", () => {
  test("each factor of ten in the items beyond has the same width, up to what enough items bear", () => {
    // 6000 items bear p99: the axis ends there, and p90 is in its middle.
    const rows = inked(screen(timed([slowTail(6000)]), [120, 40], PERCENTILES));
    const columns = [...new Set(rows.flat())].sort((a, b) => a - b);
    const [first = 0, last = 0] = [columns[0], columns.at(-1)];
    const [low, high] = [rows.findLast((row) => row.length > 2), rows.find((row) => row.length > 2)];
    expect(first).toBe(0);
    // It leaps where nine of ten are counted.
    expect(Math.abs((low?.at(-1) ?? 0) - (first + last) / 2)).toBeLessThanOrEqual(3);
    expect(high?.at(-1)).toBe(last);
  });

  test("a mode with fewer items ends where they bear no more", () => {
    // 600 items bear p90, a third of the way to p99.9.
    const rows = inked(screen(timed([new Array(600).fill(100), slowTail(60_000)]), [120, 40], PERCENTILES));
    const short = rows.find((row) => row.length > 5);
    expect(Math.abs((short?.at(-1) ?? 0) - Math.max(...rows.flat()) / 3)).toBeLessThanOrEqual(2);
  });

  test("a run that kept none says so", () => {
    expect(screen(finished(), [80, 24], PERCENTILES)).toContain("No case of this run has kept its sojourn times.");
  });

  test("p opens them when the run is over, p and Esc close them; while it runs p does nothing", () => {
    const over = contextOf(finished(), 80, 24);
    const opened = pressed(RUN_ACTIONS, FIRST_STATE, over, "p").state;
    expect(opened.percentiles).toBe(true);
    for (const key of ["p", "escape"]) expect(pressed(RUN_ACTIONS, opened, over, key).state).toEqual(FIRST_STATE);
    expect(pressed(RUN_ACTIONS, FIRST_STATE, contextOf(overloaded(), 80, 24), "p").state).toBe(FIRST_STATE);
  });
});
