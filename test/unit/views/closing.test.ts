import { describe, expect, test } from "bun:test";
import type { RunEvent } from "../../../src/telemetry/events.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { Canvas } from "../../../src/views/canvas/canvas.ts";
import { pressed } from "../../../src/views/live/actions.ts";
import { CHART_PANELS } from "../../../src/views/live/figures.ts";
import { FIRST_STATE, RUN_ACTIONS, type RunState } from "../../../src/views/live/screens/run-actions.ts";
import { contextOf, drawScreen } from "../../../src/views/live/screens/run-drawing.ts";
import { EMPTY_VIEW, type RunView, reduce } from "../../../src/views/live/store.ts";
import { caseResult, runOutline, runResult } from "../../support/results.ts";
import { finished, LOOK, overloaded, SIZES, screen } from "../../support/run-views.ts";

/** As much as is explained of three modes that are overloaded, drop and answer queries. */
const MUCH =
  "One core is the limit: its thread was busy 99 % of the time. Of 1 500 messages 1 004 were dropped, since the queue of 10 was full for 480 ms. " +
  "The busiest key has 46 % of all messages, so that no more than 2 of 2 Workers can be used. Queries waited 31 ms on average, because the loop was held.";

function explained(): RunView {
  const view = finished();
  return {
    ...view,
    cases: view.cases.map((one) => (one.result === null ? one : { ...one, result: { ...one.result, explanation: MUCH } })),
  };
}

/** The state after these keys, on a terminal of 80×24. */
function after(view: RunView, ...keys: string[]): RunState {
  return keys.reduce((state, key) => pressed(RUN_ACTIONS, state, contextOf(view, 80, 24), key).state, FIRST_STATE);
}

describe("the closing screen where there is much to explain", () => {
  test.each(SIZES)("keeps every row of its table and a chart at %i×%i", (width, height) => {
    const text = screen(explained(), [width, height]);
    for (const mode of ["sync", "async", "parallel"]) expect(text).toMatch(new RegExp(`^${mode} +[\\d.]`, "m"));
    expect(text).toMatch(/¹ Throughput/);
    expect(text).toContain("✓ held: It drops.");
  });

  test("the panels' keys choose its chart, z opens it, Esc goes back", () => {
    const view = explained();
    expect(screen(view, [80, 24], after(view, "2"))).toMatch(/━² Queue depth[\s\S]*held: It drops/);
    const opened = screen(view, [80, 24], after(view, "2", "z"));
    expect(opened).toContain("━² Queue depth");
    expect(opened).toContain("Esc back");
    expect(opened).not.toContain("held: It drops");
    expect(after(view, "2", "z", "escape")).toEqual(after(view, "2"));
  });

  test("says where the rest is", () => {
    expect(screen(explained(), [80, 24])).toContain("… the rest is in the summary that follows (q)");
  });
});

/** Two modes at two rates; a hundred items bear no 99th percentile. */
const SWEPT: readonly CaseResult[] = (["sync", "async"] as const).flatMap((mode) =>
  [50, 200].map((rate) => {
    const one = caseResult({ mode });
    const sojourn = { ...one.latency.sojourn, count: 100, mean: 3 };
    return { ...one, params: { "load.rate": rate }, throughput: rate, latency: { ...one.latency, sojourn } };
  }),
);

function swept(...events: RunEvent[]): RunView {
  return [{ type: "run-started", ...runOutline(SWEPT) } satisfies RunEvent, ...events].reduce(reduce, EMPTY_VIEW);
}

function sweptOver(): RunView {
  const result = { ...runResult(SWEPT), conclusions: ["sync keeps up with every rate tried."] };
  const done = SWEPT.map((one, index): RunEvent => ({ type: "case-finished", index, result: one }));
  return { ...swept(...done, { type: "run-finished", result }), over: true };
}

describe.each(SIZES)("a sweep at %i×%i", (...size) => {
  test("tells where it stands while it runs", () => {
    expect(screen(swept({ type: "case-preparing", index: 1, note: "" }), size)).toContain("sync (1 of 4) rate 200");
  });

  test("has its picture and what follows from it when it is over, by throughput or by latency", () => {
    const view = sweptOver();
    const text = screen(view, size);
    expect(text).toMatch(/★ best|None is (?:called )?best/);
    expect(text).toContain("Throughput, messages/s against load.rate");
    expect(text).toContain("→ sync keeps up with every rate tried.");
    const latency = "Latency, mean of the sojourn time (too few items for a p99) against load.rate";
    expect(screen(view, size, after(view, "4"))).toContain(latency.slice(0, size[0]).slice(0, -1));
  });
});

describe.each(CHART_PANELS.map(({ title }) => title))("a panel that cannot be drawn: %s", (title) => {
  test.each([
    ["a run", overloaded()],
    ["a run that is over", finished()],
  ])("says so, and the rest of %s is drawn", (_, view) => {
    const panel = CHART_PANELS.find((one) => one.title === title);
    const { expected } = panel ?? {};
    Object.assign(panel ?? {}, {
      expected() {
        throw new Error("planted \u001b[31mcrash");
      },
    });
    try {
      const text = screen(view, [120, 40]);
      expect(text).toContain(`${title}: cannot be drawn (planted \\x1b[31mcrash)`);
      const others = CHART_PANELS.filter((one) => one !== panel).map((one) => one.title);
      for (const part of [...others, "q quit"]) expect(text).toContain(part);
    } finally {
      Object.assign(panel ?? {}, { expected });
    }
  });
});

describe("what is expected", () => {
  test("stands in the header while it runs, where there is room", () => {
    expect(screen(overloaded(), [120, 40])).toMatch(/ left[\s\S]*^Hypothesis: It drops\.$/m);
  });

  test("is told to be false, or impossible to tell, with the figures", () => {
    const view = finished();
    const [held] = view.result?.hypotheses ?? [];
    const judged = (ok: boolean | null, why: string | null) =>
      screen({ ...view, result: { ...view.result, hypotheses: [{ ...held, ok, why }] } as RunView["result"] }, [120, 40]);
    expect(judged(false, null)).toContain("✗ did not hold: It drops. (");
    expect(judged(null, "others used the machine")).toMatch(/\? cannot tell: It drops\. \(.*others used the machine/);
  });
});

test("what comes from outside reaches no cell as a control character", () => {
  const hostile = "\u001b]0;owned\u0007\u001b[31mred \u202egnp \u009b2J";
  const views = [overloaded(), finished()].map((view) => ({ ...view, title: hostile, name: hostile, hypothesis: hostile, note: hostile }));
  for (const view of views)
    for (const [width, height] of SIZES) {
      const canvas = new Canvas(width, height);
      drawScreen(canvas, view, FIRST_STATE, contextOf(view, width, height), LOOK);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
      expect(canvas.toString()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
});
