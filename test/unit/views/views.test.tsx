import { describe, expect, test } from "bun:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import type { RunEvent } from "../../../src/telemetry/events.ts";
import { EMPTY_LEDGER } from "../../../src/telemetry/ledger.ts";
import { halved, recent, withoutStub } from "../../../src/telemetry/series.ts";
import { pressed } from "../../../src/views/live/actions.ts";
import { knownParts, sampleColumns } from "../../../src/views/live/columns.ts";
import { CHART_PANELS, chartSeries, headlineOf, progress, rowsOf, timeSpan } from "../../../src/views/live/figures.ts";
import { type Key, Keyboard, keyName } from "../../../src/views/live/keys.ts";
import { FIRST_STATE, RUN_ACTIONS, type RunState } from "../../../src/views/live/screens/run-actions.ts";
import { EMPTY_VIEW, LiveStore, type RunView, reduce } from "../../../src/views/live/store.ts";
import { type ColumnRule, drawChart, LABEL_WIDTH, niceTop, shortCount, shortMs } from "../../../src/views/report/chart.ts";
import { closingReport } from "../../../src/views/report/closing.ts";
import { progressLines } from "../../../src/views/report/progress.ts";
import { comparisonRow, ledgerLine, narrowTable, plainTable, rowOfResult } from "../../../src/views/report/table.ts";
import { rounds } from "../../support/campaign.ts";
import { caseResult, runOutline, runResult, sample, snapshot } from "../../support/results.ts";

function events(): RunEvent[] {
  const outline = runOutline((["sync", "async", "parallel"] as const).map((mode) => caseResult({ mode })));
  const all: RunEvent[] = [{ type: "run-started", ...outline, scenario: { ...outline.scenario, name: "n\u202e", title: "T\u001b[31m" } }];
  for (const [index, mode] of (["sync", "async", "parallel"] as const).entries()) {
    all.push({ type: "case-preparing", index, note: "" }, { type: "case-started", index, count: 100, lastMs: 2000, url: null });
    for (let t = 100; t <= 2000; t += 100) {
      all.push({
        type: "sample",
        index,
        snapshot: snapshot(t, {
          processed: 50 + index * 50,
          ledger: { ...EMPTY_LEDGER, scheduled: t / 20, processed: t / 25, unfinished: t / 20 - t / 25 },
        }),
      });
    }
    all.push({ type: "case-finished", index, result: caseResult({ mode }) });
  }
  all.push({ type: "stopping", now: false }, { type: "run-finished", result: runResult([caseResult({ mode: "sync" })]) });
  return all;
}

/** The parts of a line through spans that follow each other from 0. */
function resample(
  spans: readonly { readonly from: number; readonly to: number; readonly value: number | null }[],
  columns: number,
  until: number,
  column: ColumnRule,
) {
  const series = spans.map(({ to, value }) => sample(to, { p99: value }));
  return knownParts(sampleColumns(series, { value: ({ p99 }) => p99, column }, columns, until));
}

/** The value itself, no part of which can be changed any more. */
function deepFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFrozen(part);
  }
  return value;
}

function viewAfter(count: number): RunView {
  return events().slice(0, count).reduce(reduce, EMPTY_VIEW);
}

describe("chart", () => {
  test("is exactly as wide and high as asked, whatever it is given", () => {
    const values = fc.array(fc.oneof(fc.double(), fc.nat(1000)), { maxLength: 100 });
    fc.assert(
      fc.property(
        fc.array(values, { maxLength: 4 }),
        fc.integer({ min: 12, max: 90 }),
        fc.integer({ min: 2, max: 20 }),
        (lines, width, height) => {
          const series = lines.map((one, i) => ({
            name: `s${i}`,
            values: one,
            stroke: (["light", "dashed", "heavy", "faint"] as const)[i] ?? "light",
          }));
          const drawn = drawChart(series, width, height, (value) => value.toFixed(0)).map((runs) => runs.map(({ text }) => text).join(""));
          expect(drawn).toHaveLength(height);
          for (const line of drawn) expect(line).toHaveLength(width);
        },
      ),
      {
        numRuns: rounds(200),
        examples: [
          [[[5e-324]], 12, 2],
          [[[1.5e308]], 12, 2],
          [[[-1]], 12, 2],
        ],
      },
    );
  });

  test("each value stands in its own column in every row, that of the first value too", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 3, maxLength: 20 }),
        fc.integer({ min: 3, max: 12 }),
        (values, height) => {
          const drawn = drawChart([{ name: "sync", values, stroke: "light" }], LABEL_WIDTH + 24, height, String);
          const grid = drawn.map((runs) => [...runs.map(({ text }) => text).join("")].slice(LABEL_WIDTH));
          for (let column = 0; column < values.length - 1; column++) {
            const signs = grid.map((row) => row[column] ?? " ");
            // Where a line goes up or down it has a corner at each end, in one column with what lies between; else it is a dash.
            const [corners, dashes] = [/[╰╭╮╯]/, /─/].map((sign) => signs.filter((one) => sign.test(one)).length);
            expect([corners, dashes]).toEqual(corners === 0 ? [0, 1] : [2, 0]);
          }
          expect(grid.every((row) => row.slice(values.length - 1).every((sign) => sign === " "))).toBe(true);
        },
      ),
      { numRuns: rounds(100) },
    );
  });

  test("draws a line per series in its stroke, the later over the earlier", () => {
    const drawn = drawChart(
      [
        { name: "expected", values: new Array<number>(10).fill(4), stroke: "faint" },
        { name: "sync", values: [4, 4, 4, 4], stroke: "light" },
      ],
      18,
      5,
      String,
    );
    expect(drawn[0]?.map(({ text, series }) => [text, series])).toEqual([
      ["     4 ┤", null],
      ["───", "sync"],
      ["┄┄┄┄┄┄", "expected"],
      [" ", null],
    ]);
    expect(drawn.at(-1)?.[0]?.text).toStartWith("     0 ┼");
  });

  test("a column is the mean by time of the rates in it, and the worst of the percentiles", () => {
    const spans = [
      { from: 0, to: 1, value: 10 },
      { from: 1, to: 4, value: 30 },
      { from: 4, to: 8, value: 50 },
    ];
    expect(resample(spans, 2, 8, "mean")).toEqual([{ from: 0, values: [25, 50] }]);
    expect(resample(spans, 2, 8, "worst")).toEqual([{ from: 0, values: [30, 50] }]);
    expect(resample(spans, 8, 8, "worst")).toEqual([{ from: 0, values: [10, 30, 30, 30, 50, 50, 50, 50] }]);
  });

  test("a line ends where nothing is known, and goes on where something is again: not at 0, and not as before", () => {
    const spans = [
      { from: 0, to: 2, value: 10 },
      { from: 2, to: 4, value: null },
      { from: 4, to: 5, value: 20 },
      { from: 5, to: 6, value: Number.NaN },
    ];
    expect(resample(spans, 10, 10, "worst")).toEqual([
      { from: 0, values: [10, 10] },
      { from: 4, values: [20] },
    ]);
    expect(resample([], 5, 10, "mean")).toEqual([]);
  });

  test("a sample that spans hundreds of columns is drawn in each of them", () => {
    expect(resample([{ from: 0, to: 10, value: 7 }], 300, 10, "mean")).toEqual([{ from: 0, values: new Array(300).fill(7) }]);
  });

  test("an axis ends at a round figure", () => {
    expect([0, 1, 1.1, 199, 2100, 9.5].map(niceTop)).toEqual([1, 1, 1.2, 200, 2500, 10]);
  });
});

describe("C-2 the view of a run", () => {
  test("follows the events of a run", () => {
    const view = viewAfter(1000);
    expect(view.phase).toBe("finished");
    expect(view.stopping).toBe("draining");
    expect(view.cases.map(({ state, series }) => [state, series.length])).toEqual([
      ["done", 20],
      ["done", 20],
      ["done", 20],
    ]);
    expect(reduce(view, { type: "stopping", now: true }).stopping).toBe("now");
    expect(timeSpan(view)).toBe(2000);
    expect(rowsOf(view)).toHaveLength(3);
  });

  test("a view stays as it was whatever happens next", () => {
    const outline = runOutline((["sync", "async"] as const).map((mode) => caseResult({ mode })));
    const index = fc.nat(1);
    const event: fc.Arbitrary<RunEvent> = fc.oneof(
      fc.constant<RunEvent>({ type: "run-started", ...outline }),
      index.map((index): RunEvent => ({ type: "case-preparing", index, note: "trying" })),
      index.map((index): RunEvent => ({ type: "case-started", index, count: 100, lastMs: 2000, url: null })),
      fc
        .tuple(index, fc.integer({ min: 1, max: 10_000 }))
        .map(([index, t]): RunEvent => ({ type: "sample", index, snapshot: snapshot(t) })),
      index.map((index): RunEvent => ({ type: "case-finished", index, result: caseResult({ mode: "sync" }) })),
      fc.boolean().map((now): RunEvent => ({ type: "stopping", now })),
      fc.constant<RunEvent>({ type: "run-finished", result: runResult([caseResult({ mode: "sync" })]) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const frozen = events.reduce((view, one) => deepFrozen(reduce(view, deepFrozen(one))), deepFrozen(EMPTY_VIEW));
        expect(frozen).toEqual(events.reduce(reduce, EMPTY_VIEW));
      }),
      { numRuns: rounds(100) },
    );
  });

  test("all modes share one time axis; the current is drawn last and the expectation first", () => {
    const view = viewAfter(30);
    const panel = CHART_PANELS[0];
    if (panel === undefined) throw new Error("unreachable");
    const series = chartSeries(panel, view, 40);
    expect(series.map(({ name, values }) => [name, values.length])).toEqual([
      ["expected", 40],
      ["sync", 40],
      ["async", 8],
    ]);
    for (const { axis, headline, value, expected } of CHART_PANELS) {
      expect(axis(1234).length).toBeLessThanOrEqual(7);
      expect(headline(sample(1), [{ from: 0, sample: sample(1) }])).toBeString();
      expect(Number.isFinite(value(sample(1)))).toBe(true);
      expect([100, null]).toContain(view.cases[0] === undefined ? null : expected(view.cases[0]));
    }
  });

  test("where nothing was done there is no latency: a gap in the line, and a dash in the title", () => {
    const panel = CHART_PANELS.find(({ title }) => title === "Latency");
    if (panel === undefined) throw new Error("unreachable");
    const nothing = { processed: 0, p50: null, p99: null };
    expect(headlineOf(panel, [sample(1000), sample(3000, nothing)])).toBe("p50 –  p99 –");
    expect(headlineOf(panel, [])).toBe("");
    const few = { processed: 50, p50: 4, p99: 9 };
    expect(headlineOf(panel, [sample(1000, few), sample(2000, few)])).toBe("max 9.00 ms");
    expect(headlineOf(panel, [sample(1000), sample(2000, { processed: 500, p50: 4, p99: 9 })])).toBe("p50 4.00 ms  p99 too few");
    let view = viewAfter(3);
    for (const [t, done] of [
      [500, {}],
      [1000, nothing],
      [1500, { p99: 20 }],
    ] as const)
      view = reduce(view, { type: "sample", index: 0, snapshot: snapshot(t, done) });
    const parts = chartSeries(panel, view, 4).filter(({ name }) => name === "sync");
    expect(parts.map(({ from, values }) => [from, values])).toEqual([
      [0, [9]],
      [2, [20]],
    ]);
  });

  test("the figure in a title is of the last second: rates by time, and the worst percentile", () => {
    const series = [sample(1000, { p99: 500 }), sample(1500, { processed: 50, p99: 7 }), sample(2000, { processed: 100, p99: 30 })];
    expect(recent(series, 1000)).toMatchObject({ t: 2000, processed: 75, p99: 30 });
    expect(recent(series, 600)).toMatchObject({ processed: 75, p99: 30 });
    expect(recent(series, 100)).toMatchObject({ processed: 100, p99: 30 });
    expect(recent([], 100)).toBeNull();
  });

  test("a last interval of next to no time is drawn as part of the one before; halving a series keeps its counts and its worst", () => {
    const series = [sample(100), sample(200, { processed: 10, p99: null }), sample(201, { processed: 1000, p99: 40 })];
    expect(withoutStub(series).map(({ t, processed, p99 }) => [t, Math.round(processed * 100), p99])).toEqual([
      [100, 9000, 9],
      [201, Math.round((100 * (10 * 100 + 1000)) / 101), 40],
    ]);
    expect(withoutStub(series.slice(0, 2))).toHaveLength(2);
    expect(halved(series).map(({ t, processed, p99 }) => [t, processed, p99])).toEqual([
      [200, 50, 9],
      [201, 1000, 40],
    ]);
  });

  test("progress goes by what is done; no less time is left than arrivals still come, or than what is done takes", () => {
    expect(progress(EMPTY_VIEW)).toEqual({ share: 0, leftMs: null });
    expect(progress(viewAfter(13))).toEqual({ share: 0.4, leftMs: 1500 });
    expect(progress(viewAfter(23))).toMatchObject({ share: 0.8 });
    expect(progress(viewAfter(24))).toEqual({ share: 1, leftMs: 0 });
  });

  test("keeps memory bounded however long a run is", () => {
    let view = viewAfter(3);
    for (let t = 0; t < 20_000; t++) view = reduce(view, { type: "sample", index: 0, snapshot: snapshot(t) });
    expect(view.cases[0]?.series.length ?? 0).toBeLessThanOrEqual(4000);
    expect(view.cases[0]?.series.at(-1)?.t).toBe(19_999);
  });
});

describe("store", () => {
  test("publishes structure at once and samples in their time, and holds still when frozen", async () => {
    let cpu = 0;
    const store = new LiveStore(5, () => cpu);
    let calls = 0;
    const leave = store.subscribe(() => calls++);
    const [started, preparing, caseStarted, first] = events();
    if (!started || !preparing || !caseStarted || !first) throw new Error("unreachable");
    store.onEvent(started);
    store.onEvent(preparing);
    store.onEvent(caseStarted);
    expect(calls).toBe(3);
    const shown = store.snapshot();
    for (let i = 0; i < 50; i++) store.onEvent(first);
    expect(store.snapshot()).toBe(shown);
    await Bun.sleep(30);
    expect(calls).toBe(4);
    store.onEvent(first);
    store.freeze(true);
    const still = store.snapshot();
    const drawn = still.cases[0]?.series.length;
    store.onEvent(first);
    expect(store.snapshot()).toBe(still);
    expect(still.cases[0]?.series.length).toBe(drawn ?? 0);
    store.onEvent(preparing);
    expect(calls).toBe(4);
    expect(store.latest.cases[0]?.state).toBe("preparing");
    store.freeze(false);
    expect(calls).toBe(5);
    cpu = 3;
    store.onEvent(first);
    await Bun.sleep(20);
    expect(calls).toBe(5);
    store.close();
    leave();
  });
});

describe("store on a terminal that does not read", () => {
  test("makes no new picture while the last is still on its way, and the newest once it has come", async () => {
    let behind = true;
    const store = new LiveStore(
      1,
      () => 0,
      () => behind,
    );
    let calls = 0;
    store.subscribe(() => calls++);
    for (const event of events().slice(0, 3)) store.onEvent(event);
    expect(calls).toBe(0);
    behind = false;
    store.finish();
    expect([calls, store.snapshot().over, store.snapshot().cases.length]).toEqual([1, true, store.latest.cases.length]);
    store.close();
  });
});

describe("keys", () => {
  const press = (state: RunState, char: string, more: Key, running: boolean) =>
    pressed(
      RUN_ACTIONS,
      state,
      { running, replaying: false, shows: () => true, steerable: false, until: 0, moments: [], pointAfter: null },
      keyName(char, more),
    );
  const key = (char: string, more = {}, state = FIRST_STATE, going = true) => press(state, char, more, going);

  test("q asks while a run is going on, and only then", () => {
    const asked = key("q");
    expect([asked.state.asking, asked.intent]).toEqual([true, "none"]);
    expect(press(asked.state, "y", {}, true).intent).toBe("interrupt");
    expect(press(asked.state, "n", {}, true)).toMatchObject({ intent: "none", state: { asking: false } });
    expect(key("q", {}, FIRST_STATE, false).intent).toBe("quit");
    expect(key("", { return: true }, FIRST_STATE, false)).toMatchObject({ intent: "none", state: { zoomed: true } });
  });

  test("a question is over with the run it was about", () => {
    const asked = { ...FIRST_STATE, asking: true };
    expect(press(asked, "q", {}, false).intent).toBe("quit");
    expect(press(asked, "z", {}, false).state).toMatchObject({ asking: false, zoomed: true });
    expect(press(asked, "y", {}, false).intent).toBe("quit");
    expect(press(asked, "q", {}, true)).toMatchObject({ state: { asking: false }, intent: "none" });
  });

  test("a key that is let go, or pressed with Super, is none", () => {
    const keyboard = new Keyboard();
    const keys: Key[] = [{ eventType: "press" }, { eventType: "repeat" }, { eventType: "release" }, { super: true }, { hyper: true }];
    expect(keys.map((key) => keyboard.keys("q", key))).toEqual([["q"], ["q"], [], [], []]);
  });

  test("what a terminal says of itself is nobody's typing, nor are keys with Alt, and with Ctrl those that are not ours", () => {
    const keyboard = new Keyboard();
    const typed = (input: string, key: Key = {}) => keyboard.typed(input, key).join(",");
    for (const [begins, answer] of [
      ["]", "11;rgb:1e1e/2e2e/3e3e"],
      ["P", ">|xterm(354)"],
      ["_", "Gi=31;OK"],
    ] as const) {
      expect([typed(begins, { meta: true }), typed(answer), typed("\\", { meta: true })]).toEqual(["", "", ""]);
      expect(typed("qz")).toBe("q,z");
    }
    expect([typed("q", { meta: true }), typed("q", { ctrl: true }), typed(" ", { ctrl: true })]).toEqual(["", "", ""]);
    expect([typed("c", { ctrl: true }), typed("z", { ctrl: true }), typed("q"), typed("")]).toEqual(["c", "z", "q", ""]);
    // Who presses Alt and a bracket is heard again with the next key.
    expect([typed("]", { meta: true }), typed("q")]).toEqual(["", "q"]);
  });

  test("focus, zoom, freeze, help, interrupt, suspend", () => {
    expect(key("", { tab: true }).state.focus).toBe(1);
    expect(key("", { tab: true, shift: true }).state.focus).toBe(4);
    expect(key("4").state.focus).toBe(3);
    expect(key("9").state).toEqual(FIRST_STATE);
    const zoomed = key("z").state;
    expect(zoomed.zoomed).toBe(true);
    expect(press(zoomed, "", { escape: true }, true).state.zoomed).toBe(false);
    expect(key("", { return: true }).state.zoomed).toBe(true);
    expect(key(" ").state.frozen).toBe(true);
    expect(key("?").state.help).toBe(true);
    expect(press(key("?").state, "x", {}, true).state.help).toBe(false);
    expect(key("c", { ctrl: true }).intent).toBe("interrupt");
    expect(key("c", { ctrl: true }, FIRST_STATE, false).intent).toBe("quit");
    expect(key("z", { ctrl: true }).intent).toBe("suspend");
  });
});

describe("reports", () => {
  test("the table lines up, a failed case shows no figures", () => {
    const table = plainTable([
      comparisonRow(rowOfResult(caseResult({ mode: "sync" }))),
      comparisonRow(rowOfResult(caseResult({ mode: "async", status: "failed" }))),
    ]);
    const [head, rule, sync, failed] = table.split("\n");
    expect(head).toStartWith("mode ");
    expect(rule).toMatch(/^─+ {2}─/);
    expect(sync).toContain("≤ 200");
    expect(failed).toMatch(/async \(failed\) +– +–/);
  });

  test("what is predicted is the most that can be done, or, where keys are the limit, what they let through", () => {
    const one = caseResult({ mode: "async" });
    const kept = (bottleneck: string) =>
      comparisonRow(rowOfResult({ ...one, predicted: { ...one.predicted, capacity: 10_000, throughput: 204, bottleneck } })).predicted;
    expect(kept("arrivals")).toBe("≤ 10.0 k");
    expect(["hot key", "few keys", "uneven keys"].map(kept)).toEqual(["≈ 204", "≈ 204", "≈ 204"]);
  });

  test("a narrow table keeps drops, CPU and prediction; the names of swept fields get shorter, then p95 and p50 go", () => {
    const one = { ...caseResult({ mode: "parallel" }), params: { "load.rate": 400, "queue.capacity": 5.5 } };
    const rows = [comparisonRow(rowOfResult(one))];
    for (const width of [120, 80, 72]) {
      const lines = narrowTable(rows, width).split("\n");
      for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
      expect(lines[0]).toMatch(/drops +CPU +predicted$/);
      expect(lines[2]).toContain(width === 120 ? "load.rate 400, queue.capacity 5.5" : "rate 400, capacity 5.5");
    }
  });

  test("no label is longer than its place", () => {
    for (let value = 0.0001; value < 1e9; value *= 1.7)
      for (const label of [shortMs(value), shortCount(value)]) expect(label.length).toBeLessThanOrEqual(LABEL_WIDTH - 2);
    expect([shortMs(200_000), shortCount(9420)]).toEqual(["3.33m", "9.42k"]);
  });

  test("the closing report holds explanation, ledger, problems and nothing hostile", () => {
    const report = closingReport(runResult([caseResult({ mode: "sync", status: "invalid", problems: ["P\u001b[2J"], warnings: ["W"] })]));
    for (const part of ["sync: Because.", "ledger: 100 scheduled = 100 processed", "invalid: P\\x1b[2J", "note: W", "A \\x1b[31mtitle"])
      expect(report).toContain(part);
    expect(stripVTControlCharacters(report)).toBe(report);
    expect(ledgerLine(EMPTY_LEDGER)).toStartWith("0 scheduled =");
    expect(ledgerLine(EMPTY_LEDGER, 40)).toBe("0 scheduled");
    const dropping = { ...EMPTY_LEDGER, scheduled: 58_000, processed: 1760, dropped: { newest: 56_100, oldest: 40 }, unfinished: 100 };
    expect(ledgerLine(dropping)).toContain("+ 0 failed + 0 rejected +");
    expect(ledgerLine(dropping, 80)).toBe("58.0 k scheduled = 1.76 k processed + 56.1 k dropped + 100 unfinished");
  });

  test("sentences break at spaces, and a number stays with its unit", () => {
    const report = closingReport(runResult([caseResult({ mode: "sync", explanation: "It did 2.88 k of them in 12 ms. ".repeat(8) })]), 60);
    const long = report.split("\n").filter((line) => line.includes("It did") || line.includes("of them"));
    expect(long.length).toBeGreaterThan(2);
    for (const line of long) {
      expect(line.length).toBeLessThanOrEqual(60);
      expect(line).not.toMatch(/^ *(k|ms)\b/);
    }
  });

  test("progress is one line a second and a line for each turn of events", () => {
    const lines: string[] = [];
    const show = progressLines((line) => lines.push(line));
    for (const event of events()) show(event);
    show({ type: "stopping", now: true });
    expect(lines[0]).toBe("n\\u202e: T\\x1b[31m");
    expect(lines.filter((line) => line.includes("[2/3 async]"))).toHaveLength(4);
    expect(lines.at(-1)).toBe("stopping now");
  });

  test("a progress line is about all that came since the one before, not about the last sample", () => {
    const lines: string[] = [];
    const show = progressLines((line) => lines.push(line));
    show({ type: "case-preparing", index: 0, note: "" });
    for (const [t, processed, p99] of [
      [500, 200, 700],
      [1000, 100, 3],
      [2000, 0, null],
    ] as const)
      show({ type: "sample", index: 0, snapshot: snapshot(t, { processed, p99 }) });
    expect(lines.map((line) => /[\d.]+\/s processed|p99 [^,]+/g.exec(line)?.[0])).toEqual(["150/s processed", "0/s processed"]);
    expect(lines.map((line) => /(?:p99|max) [^,]+/.exec(line)?.[0])).toEqual(["p99 too few", "p99 –"]);
  });

  test("a progress line tells the slowest where they are all that a p99 is of", () => {
    const lines: string[] = [];
    const show = progressLines((line) => lines.push(line));
    show({ type: "case-preparing", index: 0, note: "" });
    for (const [t, processed] of [
      [1000, 99],
      [2000, 100],
      [3000, 5999],
      [4000, 6000],
    ] as const)
      show({ type: "sample", index: 0, snapshot: snapshot(t, { processed, p99: 7 }) });
    expect(lines.map((line) => /(?:p99|max) [^,]+/.exec(line)?.[0])).toEqual(["max 7.00 ms", "p99 too few", "p99 too few", "p99 7.00 ms"]);
  });
});
