import { describe, expect, test } from "bun:test";
import type { RunEvent } from "../../../src/telemetry/events.ts";
import type { CaseResult, Disturbance } from "../../../src/telemetry/result.ts";
import { disturbanceNote, rowsOf } from "../../../src/views/live/figures.ts";
import { EMPTY_VIEW, reduce } from "../../../src/views/live/store.ts";
import { closingReport } from "../../../src/views/report/closing.ts";
import { DISTURBED } from "../../../src/views/report/disturbed.ts";
import { PLAIN_PAINTER } from "../../../src/views/report/painter.ts";
import { progressLines } from "../../../src/views/report/progress.ts";
import { bestLine, sweepPicture } from "../../../src/views/report/sweep.ts";
import { comparisonRow, rowOfResult } from "../../../src/views/report/table.ts";
import { caseResult, runOutline, runResult, snapshot } from "../../support/results.ts";

const OTHERS: Disturbance = {
  otherCores: 0.9,
  stealMs: 0,
  calibrationOff: 0,
  reason: "Other programs used 0.90 of the machine's 2 cores.",
};
const quiet = caseResult({ mode: "sync" });
const disturbed = { ...caseResult({ mode: "async" }), disturbed: OTHERS };

describe("figures of a disturbed case", () => {
  test("carry a sign in the table, each that was measured; of a quiet one none", () => {
    const row = comparisonRow(rowOfResult(disturbed));
    for (const column of ["done/s", "p50", "p95", "p99", "drops", "CPU"]) expect(row[column]).toEndWith(DISTURBED);
    expect(row.predicted).not.toContain(DISTURBED);
    expect(Object.values(comparisonRow(rowOfResult(quiet))).join("")).not.toContain(DISTURBED);
    expect(Object.values(comparisonRow(rowOfResult({ ...disturbed, status: "failed" }))).join("")).not.toContain(DISTURBED);
  });

  test("are explained once, and the sign is at its name and its thresholds", () => {
    const thresholds = [0, 1].map((index) => ({ case: index, metric: "throughput", expression: "value>1", value: 100, ok: true }));
    const report = closingReport({ ...runResult([quiet, disturbed]), thresholds });
    expect(report.match(/† disturbed: /g)).toHaveLength(1);
    for (const part of ["async†: Because.", "throughput value>1 (100†)", "sync: Because.", "throughput value>1 (100)"])
      expect(report).toContain(part);
    expect(closingReport({ ...runResult([quiet]), thresholds: thresholds.slice(0, 1) })).not.toContain(DISTURBED);
  });

  test("of an older file, that says nothing of it, are told all the same", () => {
    const { disturbed: _, ...older } = caseResult({ mode: "sync", cores: [1, 1].map((utilization, core) => ({ core, utilization })) });
    expect(closingReport(runResult([older]))).toContain("† disturbed: ");
  });

  test("carry it in the pictures of a sweep, and none of them is called best", () => {
    const at = (one: CaseResult, params: Record<string, unknown>) => ({ ...one, params });
    const rates = runResult([at(quiet, { "load.rate": 10 }), at({ ...disturbed, mode: "sync" }, { "load.rate": 100 })]);
    expect(sweepPicture(rates, "throughput", 80, 14, PLAIN_PAINTER).at(-1)).toMatch(/^ +★?10 +100†$/);
    expect(bestLine([at(disturbed, { "load.rate": 100 })])).toBe("None is called best: some of the points were disturbed (†).");
    const grid = [quiet, disturbed].flatMap((one, i) =>
      [1, 2].map((size) => at({ ...one, mode: "async" }, { "batch.size": size, "keys.count": i + 3 })),
    );
    const lines = sweepPicture(runResult(grid), "latency", 80, 14, PLAIN_PAINTER);
    expect(lines.join("\n").match(/7\.00ms†/g)).toHaveLength(2);
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(80);
  });
});

describe("what others do while a case runs", () => {
  /** Events of a case in which others used so many cores at each sample. */
  function events(otherCores: (t: number) => number | null | undefined, last = 3000, result = quiet): RunEvent[] {
    const samples = Array.from({ length: last / 100 }, (_, i): RunEvent => {
      const others = otherCores((i + 1) * 100);
      const change = others === undefined ? {} : { otherCores: others };
      return { type: "sample", index: 0, snapshot: snapshot((i + 1) * 100, { ...change, ledger: quiet.ledger }) };
    });
    return [
      { type: "run-started", ...runOutline([quiet]) },
      { type: "case-preparing", index: 0, note: "" },
      { type: "case-started", index: 0, count: 100, lastMs: last, url: null },
      ...samples,
      { type: "case-finished", index: 0, result },
      { type: "run-finished", result: runResult([result]) },
    ];
  }
  const viewAt = (all: readonly RunEvent[], from: number) => all.slice(0, from).reduce(reduce, EMPTY_VIEW);

  test("is in the header and at the figures, while it lasts", () => {
    const view = viewAt(
      events((t) => (t < 2000 ? 0.8 : 0)),
      23,
    );
    expect(disturbanceNote(view)).toBe("† others use 0.8 of 2 cores");
    expect(comparisonRow(rowsOf(view)[0] ?? rowOfResult(quiet))["done/s"]).toBe("100†");
    const later = viewAt(
      events((t) => (t < 2000 ? 0.8 : 0), 6000),
      60,
    );
    expect(disturbanceNote(later)).toBe("");
    // Of the whole case it still is.
    expect(comparisonRow(rowsOf(later)[0] ?? rowOfResult(quiet))["done/s"]).toBe("100†");
  });

  test.each([
    ["is nothing", () => 0],
    ["is within the bound", () => 0.19],
    ["is not known", () => null],
    ["is from an older run", () => undefined],
    ["is one reading among many", (t: number) => (t === 2000 ? 1 : 0)],
  ] satisfies [string, (t: number) => number | null | undefined][])("has no sign where it %s", (_, others) => {
    const view = viewAt(events(others), 25);
    expect(disturbanceNote(view)).toBe("");
    expect(Object.values(comparisonRow(rowsOf(view)[0] ?? rowOfResult(disturbed))).join("")).not.toContain(DISTURBED);
  });

  test("is in the header, and so is a calibration that did not settle", () => {
    const calibration = { roundsPerMs: 1, checkRatio: 1.05, cached: false, clock: "thread" as const };
    const view = viewAt(
      events(() => 0),
      12,
    );
    expect(disturbanceNote({ ...view, machine: { ...runResult([]).machine, calibration } })).toBe("† calibration off by 5.0 %");
  });

  test("has no sign before it was looked at for a second", () => {
    expect(
      disturbanceNote(
        viewAt(
          events(() => 1.5),
          8,
        ),
      ),
    ).toBe("");
  });

  test("when the run is over, it is whether a case was disturbed", () => {
    expect(
      disturbanceNote(
        viewAt(
          events(() => 0, 1000, { ...disturbed, mode: "sync" }),
          99,
        ),
      ),
    ).toBe("† disturbed");
    expect(
      disturbanceNote(
        viewAt(
          events(() => 1, 1000, quiet),
          99,
        ),
      ),
    ).toBe("");
  });

  test("is in the lines of progress", () => {
    const lines: string[] = [];
    const show = progressLines((line) => lines.push(line));
    for (const event of events(() => 0.85, 3000, { ...disturbed, mode: "sync" })) show(event);
    expect(lines.filter((line) => line.endsWith("waiting, others use 0.85 cores"))).toHaveLength(3);
    expect(lines.at(-1)).toContain("completed, † disturbed (Other programs used 0.90 of the machine's 2 cores.): ");
    const still: string[] = [];
    const calm = progressLines((line) => still.push(line));
    for (const event of events(() => 0.05)) calm(event);
    expect(still.join("\n")).not.toMatch(/others|†/);
  });
});
