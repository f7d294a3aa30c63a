import { describe, expect, test } from "bun:test";
import { stripVTControlCharacters } from "node:util";
import { Terminal } from "@xterm/headless";
import { replayOf } from "../../../src/telemetry/replay.ts";
import { type CastVersion, CastWriter } from "../../../src/views/export/cast.ts";
import type { Bindings } from "../../../src/views/live/bindings.ts";
import { CastMarkers, CastPainter } from "../../../src/views/live/cast-painter.ts";
import { HeadlessRecording, TerminalRecording } from "../../../src/views/live/recording.ts";
import { Appearance } from "../../../src/views/live/theme.ts";
import { caseResult, runResult, sample } from "../../support/results.ts";

const HEADER = { columns: 80, rows: 24, timestamp: 1_700_000_000, title: "A title" } as const;

function lines(version: CastVersion, write: (cast: CastWriter) => void): unknown[] {
  const all: unknown[] = [];
  write(new CastWriter((line) => all.push(line), { version, ...HEADER }));
  return all;
}

const run = runResult(
  (["sync", "async"] as const).map((mode) => ({
    ...caseResult({ mode }),
    series: Array.from({ length: 10 }, (_, i) => sample((i + 1) * 100, { dropped: mode === "async" && i > 4 ? 10 : 0 })),
  })),
);

function recorded(fps = 10): unknown[] {
  const appearance = new Appearance({ color: true, level: 3, glyphs: "braille" });
  return lines(2, (cast) => {
    const painter = new CastPainter(cast, HEADER, { code: appearance.codes(), look: appearance.look, fps });
    const events = replayOf(run);
    for (const { at, event } of events) painter.event(at, event);
    painter.end(9000, "left\nbehind\n");
  });
}

describe("a recording's lines", () => {
  test("version 2: a header, and times since the beginning", () => {
    const all = lines(2, (cast) => {
      cast.output(1500, "a");
      cast.resize(2000, 100, 30);
      cast.marker(2500.5, "m");
      cast.output(2600, "");
    });
    expect(all).toEqual([
      { version: 2, width: 80, height: 24, timestamp: 1_700_000_000, title: "A title" },
      [1.5, "o", "a"],
      [2, "r", "100x30"],
      [2.5005, "m", "m"],
    ]);
  });

  test("version 3: times since the event before", () => {
    const all = lines(3, (cast) => {
      cast.output(1500, "a");
      cast.output(2000, "b");
    });
    expect(all).toEqual([
      { version: 3, term: { cols: 80, rows: 24 }, timestamp: 1_700_000_000, title: "A title" },
      [1.5, "o", "a"],
      [0.5, "o", "b"],
    ]);
  });

  test("time never goes back", () => {
    const times = lines(2, (cast) => {
      cast.output(1500, "a");
      cast.output(1000, "b");
    });
    expect(times.slice(1)).toEqual([
      [1.5, "o", "a"],
      [1.5, "o", "b"],
    ]);
  });
});

describe("a recording of a run", () => {
  test("is the same bytes each time", () => {
    expect(JSON.stringify(recorded())).toBe(JSON.stringify(recorded()));
  });

  test("marks where cases begin, where drops begin, and the end", () => {
    const marks = recorded().filter((line) => Array.isArray(line) && line[1] === "m");
    expect(marks).toEqual([
      [0.5, "m", "sync"],
      [2, "m", "async"],
      [2.6, "m", "drops begin"],
      [3, "m", "finished"],
    ]);
  });

  test("fewer pictures a second are fewer events", () => {
    expect(recorded(1).length).toBeLessThan(recorded(10).length - 8);
  });

  test("ends on the main screen, with what is left there", async () => {
    const terminal = new Terminal({ cols: 80, rows: 24, allowProposedApi: true });
    for (const line of recorded())
      if (Array.isArray(line) && line[1] === "o") await new Promise<void>((resolve) => terminal.write(String(line[2]), resolve));
    expect(terminal.buffer.active.type).toBe("normal");
    expect([0, 1].map((y) => terminal.buffer.active.getLine(y)?.translateToString(true))).toEqual(["left", "behind"]);
    terminal.dispose();
  });

  test("has the keys that its user has given in its footer", () => {
    const footer = (bindings: Bindings) => {
      const all: unknown[] = [];
      const appearance = new Appearance({ color: true, level: 3, glyphs: "braille" });
      const recording = new HeadlessRecording((line) => all.push(line), { version: 2, ...HEADER }, appearance, {
        fps: 10,
        bindings,
        now: () => 0,
      });
      for (const { event } of replayOf(run)) recording.onEvent(event);
      recording.end([run]);
      return stripVTControlCharacters(JSON.stringify(all).replaceAll("\\u001b", "\u001b"));
    };
    expect(footer({})).toContain("q quit");
    expect(footer({ "run.quit": ["x"] })).toContain("x quit");
    expect(footer({ "run.quit": ["x"] })).not.toContain("q quit");
  });

  test("marks thresholds that failed", () => {
    const verdicts = [{ metric: "throughput", expression: "value>1", value: 0, ok: false }];
    const result = caseResult({ mode: "sync" });
    expect(new CastMarkers().of({ type: "case-finished", index: 0, result, verdicts })).toEqual(["threshold failed: throughput value>1"]);
  });
});

describe("a recording of a terminal", () => {
  test("has what was written to it, its changes of size and its markers at their times, and nothing after its end", () => {
    let now = 1000;
    const all: unknown[] = [];
    const recording = new TerminalRecording(
      (line) => all.push(line),
      { version: 2, ...HEADER },
      () => now,
    );
    now = 1250;
    recording.tap("bytes");
    recording.resized(60, 18);
    recording.onEvent({ type: "run-finished", result: run });
    recording.end();
    recording.tap("more");
    recording.resized(80, 24);
    expect(all.slice(1)).toEqual([
      [0.25, "o", "bytes"],
      [0.25, "r", "60x18"],
      [0.25, "m", "finished"],
    ]);
  });
});
