import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { RunEvent } from "../../../src/telemetry/events.ts";
import { EMPTY_LEDGER } from "../../../src/telemetry/ledger.ts";
import type { FetchSample } from "../../../src/telemetry/sample.ts";
import { Canvas } from "../../../src/views/canvas/canvas.ts";
import { type Reading, sampleColumns } from "../../../src/views/live/columns.ts";
import { droppingSince, fullSince, momentsOf } from "../../../src/views/live/moments.ts";
import { seenUntil, viewAt } from "../../../src/views/live/past.ts";
import { coreGrid, shownCores } from "../../../src/views/live/picture/cores-panel.ts";
import { partLine } from "../../../src/views/live/picture/own-panels.ts";
import { layout } from "../../../src/views/live/picture/run-picture.ts";
import { FIRST_STATE } from "../../../src/views/live/screens/run-actions.ts";
import { drawScreen } from "../../../src/views/live/screens/run-drawing.ts";
import { EMPTY_VIEW, type RunView, reduce } from "../../../src/views/live/store.ts";
import { storyOf } from "../../../src/views/live/story.ts";
import type { ColumnRule } from "../../../src/views/report/chart.ts";
import { rounds } from "../../support/campaign.ts";
import { caseResult, runOutline, sample, snapshot } from "../../support/results.ts";
import { finished, overloaded, SIZES, screen } from "../../support/run-views.ts";

describe.each(SIZES)("the screen of a run at %i×%i", (...size) => {
  test("has its five panels, the modes, the ledger and the keys", () => {
    const text = screen(overloaded(), size);
    for (const part of ["Throughput", "Queue depth", "Drops", "Latency", "Cores", "async (mode 2 of 3)", "scheduled =", "q quit"])
      expect(text).toContain(part);
  });

  test("when it is over: finished, a row for each mode, what limited them, a chart", () => {
    const text = screen(finished(), size);
    for (const part of ["% finished", "Throughput", "✓ held: It drops.", "async: What limits async."]) expect(text).toContain(part);
    for (const mode of ["sync", "async", "parallel"]) expect(text).toMatch(new RegExp(`^${mode} +[\\d.]`, "m"));
  });

  test("a zoomed panel has all the room", () => {
    const text = screen(overloaded(), size, { focus: 3, zoomed: true });
    expect(text).toContain("Latency");
    expect(text).not.toContain("Queue depth");
  });

  test("the past says that it is the past, and is as it was", () => {
    const text = screen(overloaded(), size, { past: 900 });
    expect(text).toContain("the past, at 0.9 s");
    expect(text).toContain("225 scheduled =");
  });
});

describe("the screen of a run", () => {
  test("tells cause and effect", () => {
    expect(screen(overloaded(), [120, 40])).toContain(
      "275/s come, 136/s are done → queue full since 0.9 s → 140/s dropped since 1.00 s → max 741 ms",
    );
  });

  test("tells them in short where there is no room for all", () => {
    expect(screen(overloaded(), [80, 24])).toContain("275/s come, 136/s are done → queue full → 140/s dropped → max 741 ms");
    expect(screen(overloaded(), [60, 24])).toContain("275/s come, 136/s are done → queue full → 140/s dropped");
  });

  test("names what arrives, what is predicted and where the queue is full", () => {
    const text = screen(overloaded(), [120, 40]);
    for (const label of ["arriving 275/s", "predicted 100", "full 100"]) expect(text).toContain(label);
  });

  test("says what it needs where there is too little room", () => {
    expect(screen(overloaded(), [50, 12]).trim()).toBe("needs 60×18, has 50×12");
  });

  test("asks in the last line", () => {
    expect(screen(overloaded(), [80, 24], { asking: true }).split("\n").at(-1)).toBe("A run is going on. Stop it and quit? y / n");
  });

  test("is of ASCII alone where the terminal has no more, but for words", () => {
    const canvas = new Canvas(120, 40);
    const context = { running: true, replaying: false, shows: () => true, steerable: false, until: 0, moments: [], pointAfter: null };
    drawScreen(canvas, overloaded(), FIRST_STATE, context, { glyphs: "ascii", shaded: true });
    const odd = new Set(canvas.toString().match(/[^\n -~]/g));
    // The footer's keys and the sign of a bound in the table are words.
    expect([...odd].filter((sign) => !"–≤·".includes(sign))).toEqual([]);
  });

  test("never fails, whatever is known of the run", () => {
    const events = [...Array(6).keys()];
    fc.assert(
      fc.property(
        fc.constantFrom(...SIZES),
        fc.constantFrom(...events),
        fc.nat(5),
        fc.boolean(),
        fc.option(fc.nat(5000)),
        (size, upTo, focus, zoomed, past) => {
          const view = upTo === 5 ? finished() : overloaded(100 + upTo * 700);
          expect(screen(view, size, { focus: focus % 5, zoomed, past })).not.toContain("cannot be drawn");
        },
      ),
      { numRuns: rounds(60) },
    );
  });
});

describe("a breaker", () => {
  const fetch = (breaker: "closed" | "open", refused: number): FetchSample => ({
    ...{ inFlight: 1, limit: 10, retrying: 0, breaker, rate: null, attempts: 5, retries: 0, ok: 4, degraded: 0, failed: 1, refused },
    outcomes: { success: 4, clientError: 0, tooMany: 0, serverError: 1, other: 0, none: 0 },
  });
  const view = [900, 2000].reduce<RunView>(
    (view, t) =>
      reduce(view, { type: "sample", index: 1, snapshot: snapshot(3000 + t, { fetch: fetch(t > 1000 ? "open" : "closed", 0) }) }),
    overloaded(),
  );

  test("has its states below the throughput, once it has opened", () => {
    expect(screen(overloaded(), [120, 40])).not.toContain("breaker");
    expect(screen(view, [120, 40])).toMatch(/breaker ·+█/);
  });

  test("in ASCII, where there is no more", () => {
    const canvas = new Canvas(120, 40);
    drawScreen(
      canvas,
      view,
      FIRST_STATE,
      { running: true, replaying: false, shows: () => true, steerable: false, until: 0, moments: [], pointAfter: null },
      { glyphs: "ascii", shaded: true },
    );
    expect(canvas.toString()).toMatch(/breaker \.+#/);
  });
});

describe("beside the panels", () => {
  test("what happened is told beside the table, with its instants", () => {
    const text = screen(overloaded(), [140, 40]);
    expect(text).toMatch(/0\.9 s {2}queue full \(100\)/);
    expect(text).toMatch(/1\.00 s {2}drops begin/);
  });

  test("a zoomed panel has the values of its curves below it, at the cursor or now", () => {
    expect(screen(overloaded(), [120, 40], { zoomed: true })).toMatch(/at 3\.00 s .* async 136/);
    expect(screen(overloaded(), [120, 40], { zoomed: true, past: 500 })).toMatch(/at 0\.5 s .* async 136/);
  });

  test("of a sweep each case has a sign: done, running, yet to come", () => {
    const cases = [10, 20, 30].map((rate) => ({ ...caseResult({ mode: "sync" }), params: { "load.rate": rate } }));
    const view = [
      { type: "run-started", ...runOutline(cases) } satisfies RunEvent,
      { type: "case-finished", index: 0, result: cases[0] ?? caseResult({ mode: "sync" }) } satisfies RunEvent,
      { type: "case-preparing", index: 1, note: "" } satisfies RunEvent,
    ].reduce(reduce, EMPTY_VIEW);
    expect(screen(view, [120, 40])).toMatch(/■▶·$/m);
  });

  test("when it is over it is drawn where the time of each mode went", () => {
    const view = finished();
    const part = (mean: number) => ({ ...caseResult({ mode: "sync" }).latency.sojourn, count: 100, mean });
    const latency = {
      ...caseResult({ mode: "sync" }).latency,
      sojourn: part(10),
      schedule: part(5),
      queue: part(2),
      batch: part(0),
      service: part(3),
    };
    const cases = view.cases.map((one) => (one.result === null ? one : { ...one, result: { ...one.result, latency } }));
    const text = screen({ ...view, cases }, [120, 40]);
    expect(text).toContain("where the time went, on average   █ schedule   █ queue   █ batch   █ service");
    expect(text).toMatch(/^parallel +█{60} 10\.0 ms$/m);
  });

  test("the mode that did most, beyond noise, has a star; of equals none has", () => {
    const view = finished();
    expect(screen(view, [120, 40])).not.toContain("★");
    const cases = view.cases.map((one, i) =>
      one.result === null ? one : { ...one, result: { ...one.result, throughput: i === 2 ? 400 : 100 } },
    );
    const lines = screen({ ...view, cases }, [120, 40]);
    expect(lines).toMatch(/^parallel +★ 400/m);
    // Each as a share of the first.
    expect(lines).toMatch(/^mode +done\/s +of sync /m);
    expect([/^sync .* 100 % /m, /^parallel .* 400 % /m].map((row) => row.test(lines))).toEqual([true, true]);
  });
});

/** The same worked out span by span, without a thought for what it costs: what columns are held against. */
function resample(
  spans: readonly { readonly from: number; readonly to: number; readonly value: number | null }[],
  columns: number,
  until: number,
  rule: ColumnRule,
): { readonly from: number; readonly values: readonly number[] }[] {
  const sums = new Array<number>(columns).fill(0);
  const times = new Array<number>(columns).fill(0);
  const width = until / columns;
  for (const { from, to, value } of spans) {
    if (value === null || !Number.isFinite(value) || to <= from) continue;
    const least = Math.min(to - from, width) / 100;
    for (let column = columnAt(from, width, columns); column <= columnAt(to, width, columns); column++) {
      const overlap = Math.min(to, (column + 1) * width) - Math.max(from, column * width);
      // The last column includes whatever comes after it.
      const time = column === columns - 1 ? to - Math.max(from, column * width) : overlap;
      if (time <= least) continue;
      const before = sums[column] ?? 0;
      sums[column] = rule === "mean" ? before + value * time : Math.max(before, value);
      times[column] = rule === "mean" ? (times[column] ?? 0) + time : 1;
    }
  }
  const parts: { from: number; values: number[] }[] = [];
  for (let column = 0; column < columns; column++) {
    const time = times[column] ?? 0;
    if (time === 0) continue;
    const last = parts.at(-1);
    const value = (sums[column] ?? 0) / time;
    if (last !== undefined && last.from + last.values.length === column) last.values.push(value);
    else parts.push({ from: column, values: [value] });
  }
  return parts;
}

function columnAt(t: number, width: number, columns: number): number {
  return Math.min(columns - 1, Math.max(0, Math.floor(t / width)));
}

describe("columns of a series", () => {
  const spans = (series: ReturnType<typeof sample>[], { value }: Reading) =>
    series.map((one, i) => ({ from: series[i - 1]?.t ?? 0, to: one.t, value: value(one) }));

  test("are those that are worked out span by span, for means and for the worst", () => {
    const series = fc
      .array(fc.record({ gap: fc.integer({ min: 1, max: 300 }), p99: fc.option(fc.double({ min: 0, max: 100, noNaN: true })) }), {
        minLength: 4,
        maxLength: 40,
      })
      .map((parts) => {
        let t = 0;
        // A last interval like the others: a stub is another matter.
        return parts.map(({ gap, p99 }, i) => {
          t += i === parts.length - 1 ? 300 : gap;
          return sample(t, { p99, processed: gap });
        });
      });
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 60 }), (series, columns) => {
        const until = series.at(-1)?.t ?? 1;
        for (const reading of [
          { value: ({ p99 }) => p99, column: "worst" },
          { value: ({ processed }) => processed, column: "mean" },
        ] satisfies Reading[]) {
          const expected = new Array<number>(columns).fill(Number.NaN);
          for (const { from, values } of resample(spans(series, reading), columns, until, reading.column))
            values.forEach((value, i) => {
              expected[from + i] = value;
            });
          const got = [...sampleColumns(series, reading, columns, until)];
          expect(got.map((value) => Number(value.toPrecision(9)))).toEqual(expected.map((value) => Number(value.toPrecision(9))));
        }
      }),
      { numRuns: rounds(100) },
    );
  });

  test("are worked out once for a series that has not changed", () => {
    let asked = 0;
    const reading: Reading = { value: () => ++asked, column: "worst" };
    const series = [sample(100), sample(200), sample(300)];
    const first = sampleColumns(series, reading, 10, 300);
    expect(sampleColumns(series, reading, 10, 300)).toBe(first);
    expect(asked).toBe(3);
    expect(sampleColumns(series, reading, 11, 300)).not.toBe(first);
  });
});

describe("moments of a case", () => {
  const current = (view: RunView) => view.cases[view.current] as RunView["cases"][number];

  test("its queue full and its first drops, at the beginning of their intervals", () => {
    const one = current(overloaded());
    expect(momentsOf(one).map(({ t, kind }) => `${t} ${kind}`)).toEqual(["900 full", "1000 drops"]);
    expect([fullSince(one), droppingSince(one)]).toEqual([900, 1000]);
  });

  test("a queue that has room again is not full", () => {
    const view = reduce(overloaded(), { type: "sample", index: 1, snapshot: snapshot(3100, { depth: 20, dropped: 0 }) });
    expect(momentsOf(current(view)).at(-1)?.kind).toBe("drained");
    expect([fullSince(current(view)), droppingSince(current(view))]).toEqual([null, null]);
  });

  test("a case that keeps up has none, and its story is short", () => {
    const view = overloaded(100);
    expect(momentsOf(current(view))).toEqual([]);
    expect(
      storyOf(current(reduce(view, { type: "sample", index: 1, snapshot: snapshot(200, { offered: 90, processed: 90 }) }))),
    ).toHaveLength(3);
  });
});

describe("the past of a run", () => {
  test("has what had been seen by then, and changes nothing", () => {
    const view = overloaded();
    const past = viewAt(view, 1500);
    expect(past.cases[1]?.series.at(-1)?.t).toBe(1500);
    expect(past.cases[1]?.ledger.scheduled).toBe(375);
    expect(view.cases[1]?.series.at(-1)?.t).toBe(3000);
    expect(viewAt(view, -1).cases[1]).toMatchObject({ series: [], ledger: EMPTY_LEDGER, running: null });
    expect(seenUntil(view)).toBe(3000);
  });
});

describe("panels", () => {
  test("cores beyond the rows stand side by side", () => {
    expect(coreGrid(2, 100, 1)).toEqual({ columns: 2, barWidth: 39 });
    expect(coreGrid(64, 120, 6)).toMatchObject({ columns: 10 });
  });

  test("only the cores that the lab may run on are shown", () => {
    expect(shownCores([0.1, 0.2, 0.3], [0, 2]).map(({ core }) => core)).toEqual([0, 2]);
    expect(shownCores([0.1, 0.2], [7])).toHaveLength(2);
  });

  test("a part of a flow tells what is not nothing", () => {
    const part = { name: "p\u001b", handled: 5, failed: 0, retried: 2, dropped: 0, waiting: 0, inFlight: 1 };
    expect(partLine(part, 8)).toBe("p\\x1b     handled 5  in flight 1  retried 2");
  });

  test("rows of the body add up at every height", () => {
    for (let height = 14; height < 80; height++) {
      const { upper, lower, coresHeight, table, extra } = layout(height, 3, 8, 2);
      expect(upper + lower + coresHeight + extra + 1 + table).toBe(height);
      expect(lower).toBeGreaterThanOrEqual(height < 15 ? 2 : 3);
    }
  });
});
