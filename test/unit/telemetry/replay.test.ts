import { describe, expect, test } from "bun:test";
import { EMPTY_LEDGER } from "../../../src/telemetry/ledger.ts";
import { replayOf } from "../../../src/telemetry/replay.ts";
import type { Sample } from "../../../src/telemetry/sample.ts";
import { caseResult, runResult, sample } from "../../support/results.ts";

const withSeries = (mode: "sync" | "async", series: readonly Sample[]) => ({ ...caseResult({ mode }), series });
const ledger = { ...EMPTY_LEDGER, scheduled: 10, processed: 9, unfinished: 1 };
const running = { p50: 1, p95: 2, p99: 3, throughput: 90, cpu: 0.5 };
const run = runResult([
  withSeries("sync", [sample(100, { ledger, running }), sample(200, { ledger, running })]),
  withSeries("async", [sample(100), sample(300)]),
]);

describe("a replay", () => {
  const events = replayOf(run);

  test("tells what the run told, case by case, each sample at its instant", () => {
    expect(events.map(({ at, event }) => `${at} ${event.type}`)).toEqual([
      ...["0 run-started", "0 case-preparing", "500 case-started", "600 sample", "700 sample", "700 case-finished"],
      ...["700 case-preparing", "1200 case-started", "1300 sample", "1500 sample", "1500 case-finished", "1500 run-finished"],
    ]);
  });

  test("tells of changes of the rate where they came among the samples", () => {
    const rateChanges = [150, 300].map((atMs) => ({ atMs, rate: 1 }));
    const changed = replayOf(runResult([{ ...withSeries("sync", [sample(100), sample(200), sample(300)]), rateChanges } as never]));
    expect(changed.slice(3, -2).map(({ at, event }) => `${at} ${event.type}`)).toEqual([
      "600 sample",
      "650 rate-changed",
      "700 sample",
      "800 rate-changed",
      "800 sample",
    ]);
  });

  test("has the ledger and the figures that were kept with a sample", () => {
    expect(events[3]?.event).toMatchObject({ type: "sample", snapshot: { ledger, running } });
  });

  test("counts up what an earlier version did not keep", () => {
    const last = events[9]?.event;
    // 300 ms at 100/s due and 90/s processed.
    expect(last).toMatchObject({ snapshot: { ledger: { scheduled: 30, processed: 27, unfinished: 3 }, running: { throughput: 90 } } });
  });

  test("gives each case its own verdicts", () => {
    const threshold = { case: 1, metric: "throughput", expression: "value>1", value: 0, ok: false };
    const finished = replayOf({ ...run, thresholds: [threshold] }).filter(({ event }) => event.type === "case-finished");
    expect(finished.map(({ event }) => (event.type === "case-finished" ? event.verdicts?.length : null))).toEqual([0, 1]);
  });

  test("knows the end of each queue, where there is one", () => {
    const first = events[0]?.event;
    expect(first?.type === "run-started" ? first.cases.map(({ capacity }) => capacity) : []).toEqual([10, 10]);
  });
});
