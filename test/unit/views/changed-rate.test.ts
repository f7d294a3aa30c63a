import { describe, expect, test } from "bun:test";
import type { RunEvent } from "../../../src/telemetry/events.ts";
import { haveUnlikeTapes, rateChangesText } from "../../../src/telemetry/rate-changes.ts";
import { replayOf } from "../../../src/telemetry/replay.ts";
import type { RunResult } from "../../../src/telemetry/result.ts";
import { verdictsOf } from "../../../src/telemetry/verdicts.ts";
import { csvOf } from "../../../src/views/export/csv.ts";
import { stepSummaryOf } from "../../../src/views/export/github.ts";
import { hgrmOf } from "../../../src/views/export/hgrm.ts";
import { htmlOf } from "../../../src/views/export/html.ts";
import { junitOf } from "../../../src/views/export/junit.ts";
import { markdownOf } from "../../../src/views/export/markdown.ts";
import { NOWHERE } from "../../../src/views/export/test-cases.ts";
import { CastMarkers } from "../../../src/views/live/cast-painter.ts";
import { momentsOf } from "../../../src/views/live/moments.ts";
import { viewAt } from "../../../src/views/live/past.ts";
import { contextOf } from "../../../src/views/live/screens/run-drawing.ts";
import { EMPTY_VIEW, type RunView, reduce } from "../../../src/views/live/store.ts";
import { plainSentences } from "../../../src/views/plain/sentences.ts";
import { changedRateLines } from "../../../src/views/report/changed-rates.ts";
import { headline } from "../../../src/views/report/headline.ts";
import { outcomeText } from "../../../src/views/report/outcome.ts";
import { progressLines } from "../../../src/views/report/progress.ts";
import { caseResult, runOutline, runResult, snapshot } from "../../support/results.ts";
import { overloaded, screen } from "../../support/run-views.ts";

const CHANGES = [
  { atMs: 1210, rate: 315 },
  { atMs: 2010, rate: 400 },
];
const [planned] = runOutline([caseResult({ mode: "async" })]).cases;
if (planned === undefined) throw new Error("unreachable");
const outline = { ...planned, capacity: 100, predicted: { ...planned.predicted, throughput: 137 } };

const RATE_CHANGED = { type: "rate-changed", index: 1, changes: CHANGES, outline, count: 1234 } as const;
const changed = (index: number): RunEvent => ({ ...RATE_CHANGED, index });

describe("a changed arrival rate on the screen of a run", () => {
  const view = reduce(overloaded(), changed(1));
  const current = view.cases[1] ?? planned;

  test("is among the moments in their order, with the prediction for the changed load", () => {
    if (!("series" in current)) throw new Error("unreachable");
    const told = momentsOf(current).map(({ t, kind }) => [t, kind]);
    expect(told).toEqual([
      [900, "full"],
      [1000, "drops"],
      [1210, "rate"],
      [2010, "rate"],
    ]);
    expect([current.outline.predicted.throughput, current.count]).toEqual([137, 1234]);
    expect(screen(view, [200, 60])).toMatch(/1\.21 s +rate 315\/s by hand[\s\S]*2\.01 s +rate 400\/s by hand/);
    expect(screen(view, [120, 40])).toMatch(/◇─+◇/);
    // Its ratio to a mode that had another tape would say nothing.
    expect(screen(view, [120, 40])).toMatch(/^async +100 +– {2}/m);
    expect(screen(overloaded(), [120, 40])).toMatch(/^async +100 +100 % {2}/m);
  });

  test("is not there yet in the past before it, nor when the case begins again", () => {
    expect(viewAt(view, 1500).cases[1]?.rateChanges).toEqual(CHANGES.slice(0, 1));
    expect(reduce(view, { type: "case-preparing", index: 1, note: "" }).cases[1]?.rateChanges).toEqual([]);
  });

  test("may be asked for while arrivals of a load with a rate are to come, of no trial and no repeat", () => {
    const steerable = (of: typeof view) => contextOf(of, 80, 24).steerable;
    const withOutline = (change: object) => reduce(view, { ...RATE_CHANGED, outline: { ...outline, ...change } });
    expect(steerable(view)).toBe(true);
    expect(steerable(EMPTY_VIEW)).toBe(false);
    expect(steerable({ ...view, note: "trial 1: 100/s" })).toBe(false);
    expect(steerable(withOutline({ repeat: 0 }))).toBe(false);
    expect(steerable(withOutline({ load: { executor: "bursts", gracefulStopMs: 0 } }))).toBe(false);
    expect(steerable(overloaded(4000))).toBe(false);
  });

  test("that is to come later, as it did in the case before, is no event of the past", () => {
    expect(contextOf(reduce(overloaded(1500), changed(1)), 80, 24).moments).toEqual([900, 1000, 1210]);
  });
});

describe("a changed arrival rate in words", () => {
  test("is a line of progress, a sentence for those who listen and a marker of a recording", () => {
    const told: string[] = [];
    const markers = new CastMarkers();
    const views = [progressLines((line) => told.push(line)), plainSentences((line) => told.push(line))];
    const start: RunEvent[] = [{ type: "run-started", ...runOutline([caseResult({ mode: "async" })]) }];
    const begin: RunEvent = { type: "case-started", index: 0, count: 5, lastMs: 4000, url: null };
    for (const event of [...start, begin]) {
      for (const view of views) view(event);
      markers.of(event);
    }
    told.length = 0;
    for (const view of views) view(changed(0));
    expect(told).toEqual([
      "[1/1 async] arrival rate changed by hand: 400/s from 2.01 s",
      "2 seconds: the arrival rate is 400 a second from now on.",
    ]);
    expect(markers.of(changed(0))).toEqual(["rate 400/s from 2.01 s"]);
  });

  test("of a case before this one is told before this one begins", () => {
    const told: string[] = [];
    const plain = plainSentences((line) => told.push(line));
    plain({ type: "run-started", ...runOutline([caseResult({ mode: "async" })]) });
    told.length = 0;
    plain(changed(0));
    expect(told).toEqual(["The arrival rate was changed by hand: 315 a second from 1.21 seconds and 400 a second from 2.01 seconds."]);
  });

  test("of a case before this one marks a recording of this one when it comes", () => {
    const markers = new CastMarkers();
    const sampled = (t: number) => markers.of({ type: "sample", index: 1, snapshot: snapshot(t) });
    expect(markers.of(changed(1))).toEqual([]);
    markers.of({ type: "case-started", index: 1, count: 5, lastMs: 4000, url: null });
    expect([1200, 1300, 2000, 2100, 2200].map(sampled)).toEqual([[], ["rate 315/s from 1.21 s"], [], ["rate 400/s from 2.01 s"], []]);
  });

  test("is told once of all cases that had it, by their names", () => {
    const [one, later] = [[CHANGES[0]], CHANGES].map((rateChanges) => ({ rateChanges })) as [object, object];
    const cases = [
      caseResult({ mode: "sync" }),
      { ...caseResult({ mode: "async" }), ...one },
      { ...caseResult({ mode: "parallel" }), ...later },
      { ...caseResult({ mode: "distributed" }), ...later },
    ];
    expect(changedRateLines(cases)).toEqual([
      "The arrival rate of async was changed by hand: 315/s from 1.21 s.",
      "The arrival rate of parallel and distributed was changed by hand: 315/s from 1.21 s and 400/s from 2.01 s.",
    ]);
  });

  test("names the first few of many", () => {
    const many = Array.from({ length: 9 }, (_, i) => ({ atMs: i * 1000, rate: 100 }));
    expect(rateChangesText(many)).toMatch(/: 100\/s from 0, 100\/s from 1\.00 s, .* 100\/s from 5\.00 s and 3 more\.$/);
  });
});

/** The screen of a run that is over. */
function closed(result: RunResult): RunView {
  return { ...replayOf(result).reduce((view, { event }) => reduce(view, event), EMPTY_VIEW), over: true };
}

describe("a case whose rate was changed, when it is over", () => {
  const tape = (hash: string) => ({ hash, count: 100 });
  const before = { ...caseResult({ mode: "sync" }), tape: tape("a") };
  const after = { ...caseResult({ mode: "async" }), tape: tape("b"), rateChanges: CHANGES };

  test("is played again with each change at its time", () => {
    const told = replayOf(runResult([after])).filter(({ event }) => event.type === "rate-changed");
    expect(told.map(({ at, event }) => [at, event.type === "rate-changed" ? event.changes.length : 0])).toEqual([
      [1710, 1],
      [2510, 2],
    ]);
  });

  test("says so wherever its figures stand", () => {
    const run = runResult([before, after]);
    const said = "The arrival rate of async was changed by hand: 315/s from 1.21 s and 400/s from 2.01 s.";
    expect(markdownOf(run).split("\n\n")).toContain(said);
    expect(stepSummaryOf([{ result: run, places: NOWHERE, comparison: null }])).toContain(`\n\n${said}\n`);
    expect(junitOf(run)).toContain(`<property name="rateChanges" value="${said}"/>`);
    expect(hgrmOf(run).match(/# The arrival rate .*/g)).toEqual([`# ${rateChangesText(CHANGES)}`]);
    const rates = csvOf(run).match(/.*arrival_rate.*/g);
    expect(rates?.map((line) => line.split(",").slice(2))).toEqual([
      ["async", "", "arrival_rate", "from 1210 ms", "315"],
      ["async", "", "arrival_rate", "from 2010 ms", "400"],
    ]);
    expect(outcomeText("completed", verdictsOf(run))).toBe("completed, rate of 1 case changed by hand");
    expect(screen(closed(run), [120, 40])).toContain(said);
    for (const [name, write] of Object.entries({ markdownOf, junitOf, hgrmOf, csvOf, htmlOf }))
      expect([name, write(runResult([before])).includes("by hand") || write(runResult([before])).includes("arrival_rate")]).toEqual([
        name,
        false,
      ]);
  });

  test("is not measured by one of another tape", () => {
    expect(haveUnlikeTapes([before, after])).toBe(true);
    expect(haveUnlikeTapes([after, { ...after, mode: "parallel" }])).toBe(false);
    expect(haveUnlikeTapes([before, { ...before, tape: tape("c") }])).toBe(false);
    expect(headline([before, after])).toStartWith("the arrival rate was changed by hand, so the tapes differ: ");
    expect(headline([after, { ...after, mode: "parallel" }])).toContain("did as much");
  });
});
