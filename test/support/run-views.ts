import type { RunEvent } from "../../src/telemetry/events.ts";
import { EMPTY_LEDGER } from "../../src/telemetry/ledger.ts";
import type { RunResult } from "../../src/telemetry/result.ts";
import { Canvas } from "../../src/views/canvas/canvas.ts";
import { FIRST_STATE, type RunState } from "../../src/views/live/screens/run-actions.ts";
import { contextOf, drawScreen } from "../../src/views/live/screens/run-drawing.ts";
import { EMPTY_VIEW, type RunView, reduce } from "../../src/views/live/store.ts";
import { caseResult, runOutline, runResult, snapshot } from "./results.ts";

/** Signs of a terminal that can do all. */
export const LOOK = { glyphs: "braille", shaded: false } as const;
/** Sizes of terminals, from the smallest that is drawn on. */
export const SIZES = [
  [60, 18],
  [80, 24],
  [120, 40],
  [200, 60],
] as const;

/** Sync is done, async runs: from 1 s on its queue of 100 is full and drops. */
export function overloaded(until = 3000): RunView {
  const cases = (["sync", "async", "parallel"] as const).map((mode) => caseResult({ mode }));
  const outline = runOutline(cases);
  const capacity = outline.cases.map((one) => ({ ...one, capacity: one.mode === "sync" ? null : 100 }));
  const events: RunEvent[] = [
    { type: "run-started", ...outline, cases: capacity, scenario: { ...outline.scenario, hypothesis: "It drops." } },
    { type: "case-preparing", index: 0, note: "" },
    { type: "case-started", index: 0, count: 100, lastMs: 4000, url: null },
    { type: "sample", index: 0, snapshot: snapshot(100) },
    { type: "case-finished", index: 0, result: cases[0] ?? caseResult({ mode: "sync" }) },
    { type: "case-preparing", index: 1, note: "" },
    { type: "case-started", index: 1, count: 1000, lastMs: 4000, url: null },
  ];
  for (let t = 100; t <= until; t += 100) {
    const full = t > 1000;
    const ledger = { ...EMPTY_LEDGER, scheduled: t / 4, processed: t / 8, unfinished: t / 8 };
    events.push({
      ...{ type: "sample", index: 1 },
      snapshot: snapshot(t, {
        offered: 275,
        processed: 136,
        dropped: full ? 140 : 0,
        depth: full ? 99.6 : t / 10,
        p50: 700,
        p99: 741,
        ledger,
      }),
    });
  }
  return events.reduce(reduce, EMPTY_VIEW);
}

/** The same when it is over, with an expectation that held. */
export function finished(): RunView {
  const view = overloaded();
  const cases = (["sync", "async", "parallel"] as const).map((mode) => caseResult({ mode, explanation: `What limits ${mode}.` }));
  const held = { sentence: "It drops.", that: "async.dropped > 0", ok: true, reading: "1 > 0", why: null, figures: {} };
  const result: RunResult = { ...runResult(cases), hypotheses: [held] };
  const events: RunEvent[] = [
    ...cases.slice(1).map((one, i): RunEvent => ({ type: "case-finished", index: i + 1, result: one })),
    { type: "run-finished", result },
  ];
  return { ...events.reduce(reduce, view), over: true };
}

/** A run as it is drawn, as text. */
export function screen(view: RunView, [width, height]: readonly [number, number], change: Partial<RunState> = {}): string {
  const canvas = new Canvas(width, height);
  const context = contextOf(view, width, height);
  drawScreen(canvas, view, { ...FIRST_STATE, ...change }, context, LOOK);
  return canvas.toString();
}
