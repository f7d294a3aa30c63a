import { describe, expect, test } from "bun:test";
import type { DistributedFigures, DistributedSample, HostFigures, HostSample } from "../../../src/telemetry/distributed-figures.ts";
import type { RunEvent } from "../../../src/telemetry/events.ts";
import type { MeasuredCase } from "../../../src/telemetry/result.ts";
import { Canvas } from "../../../src/views/canvas/canvas.ts";
import { csvOf } from "../../../src/views/export/csv.ts";
import { htmlOf } from "../../../src/views/export/html.ts";
import { markdownOf } from "../../../src/views/export/markdown.ts";
import { momentsOf } from "../../../src/views/live/moments.ts";
import { drawRun, type PictureState } from "../../../src/views/live/picture/run-picture.ts";
import { EMPTY_VIEW, type RunView, reduce } from "../../../src/views/live/store.ts";
import { plainReport } from "../../../src/views/plain/closing.ts";
import { HostSpeaker } from "../../../src/views/plain/hosts.ts";
import { closingReport } from "../../../src/views/report/closing.ts";
import { hostsLine, streamsLine } from "../../../src/views/report/hosts.ts";
import { caseResult, runOutline, runResult, snapshot } from "../../support/results.ts";
import { LOOK, SIZES, screen } from "../../support/run-views.ts";

const STREAMS: DistributedFigures = {
  ...{ server: "redis 8.0.2", serverUse: 0.4, partitions: 64, commits: 1200, refused: 0, claims: 0, redeliveries: 0, resent: 0 },
  ...{ roundTripMs: 0.08, startSkewMs: 0.3 },
};
const host = (name: string, change: Partial<HostFigures> = {}): HostFigures => ({
  ...{ name, cores: 2, slots: 2, processed: 500, clockOffsetMs: -1.5, clockErrorMs: 0.04, clockDriftMs: 0, startSkewMs: 0.3, cpuMs: 800 },
  ...{ status: "ok", ...change },
});
const distributed = (hosts: readonly HostFigures[], streams: Partial<DistributedFigures> = {}): MeasuredCase => ({
  ...caseResult({ mode: "distributed" }),
  hosts,
  distributed: { ...STREAMS, ...streams },
});
const TWO = distributed([host("a"), host("b", { processed: 1500, status: "lost" })], { claims: 2, redeliveries: 130, refused: 1 });
const PLAIN = caseResult({ mode: "parallel" });

describe("the hosts of a result", () => {
  test("stand in a line with their shares, their clocks and who is not well", () => {
    expect(hostsLine(TWO)).toBe(
      "hosts: of 2.00 k items a did 25 % and b (lost) 75 %; their clocks, up to 1.50 ms from the runner's, are known to ± 40.0 µs",
    );
    const many = distributed(
      Array.from({ length: 9 }, (_, i) => host(`w${i}`, { processed: 100 + i, ...(i === 3 ? { status: "late" } : {}) })),
    );
    expect(hostsLine(many)).toStartWith("hosts: of 936 items each of 9 workers did 11 % to 12 %; w3 (late); their clocks");
    const silences = [
      { fromMs: 1200, toMs: 4500 },
      { fromMs: 8000, toMs: null },
    ];
    expect(hostsLine(distributed([host("a", { silences, status: "lost" }), host("b", { silences: silences.slice(0, 1) })]))).toContain(
      "a (lost, silent from 1.20 s to 4.50 s, silent from 8.00 s on) did 50 % and b (silent from 1.20 s to 4.50 s) 50 %;",
    );
    expect(hostsLine(distributed([host("a", { clockOffsetMs: null, clockErrorMs: null })]))).toBe("hosts: of 500 items a did 100 %");
  });

  test("are followed by the streams: batches, round trip, and what did not go the straight way", () => {
    expect(streamsLine(TWO)).toBe(
      "streams: 64 partitions in redis 8.0.2, 1.20 k batches committed, 80.0 µs for a round trip; 2 batches taken over (130 items redelivered) and 1 commit refused",
    );
    expect(streamsLine(distributed([host("a")]))).not.toContain(";");
    const streamed = (...late: readonly ({ readonly items: number; readonly ms: number } | undefined)[]) => ({
      distributed: STREAMS,
      series: late.map((one, i) => snapshot(100 * (i + 1), { distributed: streams([], one === undefined ? {} : { late: one }) })),
    });
    expect(streamsLine(streamed(undefined, undefined))).not.toContain(";");
    expect(streamsLine(streamed({ items: 3, ms: 12 }, { items: 1, ms: 100 }, undefined))).toEndWith(
      "; each of 3 samples whole within 100 ms of its end",
    );
    expect(streamsLine(streamed({ items: 3, ms: 12 }, { items: 40, ms: 1300 }, undefined))).toEndWith(
      "; 1 of 3 samples not whole: its last 40 items came up to 1.30 s later",
    );
  });

  test("have names that harm no terminal and no page", () => {
    const odd = distributed([host("\u001b[2J<b>|x"), host("b")]);
    const run = runResult([odd]);
    for (const text of [closingReport(run), plainReport(run), markdownOf(run), csvOf(run)]) expect(text).not.toContain("\u001b");
    expect(htmlOf(run)).not.toContain("<b>|x");
    expect(markdownOf(run)).toContain("\\<b\\>\\|x");
  });

  test("are in every report, and in none of a case that has none", () => {
    const run = runResult([TWO]);
    expect(closingReport(run)).toContain("hosts: of 2.00 k items a did");
    expect(plainReport(run)).toContain("are known to plus or minus 40 microseconds".replace("40", "40.0"));
    expect(markdownOf(run)).toContain("## Hosts");
    expect(markdownOf(run)).toContain("| b | 2 | 2 | 1.50 k | 80 % | \\-1.50 ms ± 40.0 µs | 300 µs | lost |");
    expect(htmlOf(run)).toContain("<h2>Hosts</h2>");
    expect(csvOf(run)).toContain("distributed,,host b,processed,1500\r\n");
    expect(csvOf(run)).toContain("distributed,,host b,ok,0\r\n");
    expect(csvOf(run)).toContain("distributed,,redeliveries,value,130\r\n");
    const other = runResult([PLAIN]);
    for (const text of [closingReport(other), plainReport(other), markdownOf(other), htmlOf(other), csvOf(other)]) {
      expect(text).not.toMatch(/\bhosts?\b/i);
    }
  });
});

const hostSample = (name: string, change: Partial<HostSample> = {}): HostSample => ({
  ...{ name, cores: 2, slots: 2, processed: 100, coresUsed: 1, status: "ok", ...change },
});
const streams = (hosts: readonly HostSample[], change: Partial<DistributedSample> = {}): DistributedSample => ({
  ...{ inStreams: 1200, claims: 0, redeliveries: 0, hosts, ...change },
});

/** A distributed case that runs, with one sample. */
function running(sample: DistributedSample): RunView {
  const events: RunEvent[] = [
    { type: "run-started", ...runOutline([caseResult({ mode: "distributed" })]) },
    { type: "case-preparing", index: 0, note: "" },
    { type: "case-started", index: 0, count: 1000, lastMs: 4000, url: null },
    { type: "sample", index: 0, snapshot: snapshot(100, { cores: [0.3, 0.4], distributed: sample }) },
  ];
  return events.reduce(reduce, EMPTY_VIEW);
}

const STATE: PictureState = { focus: 0, zoomed: false, frozen: false, past: null };

function drawn(view: RunView, glyphs: "braille" | "ascii" = "braille"): string {
  const canvas = new Canvas(120, 40);
  drawRun(canvas, view, STATE, { ...LOOK, glyphs });
  return canvas.toString();
}

describe("the dashboard", () => {
  test("shows hosts in place of cores where there are several: use, items, and who is lost", () => {
    const hosts = [
      hostSample("alpha"),
      hostSample("beta", { coresUsed: 2, processed: 12_300 }),
      hostSample("gamma", { status: "lost", coresUsed: null }),
    ];
    const text = drawn(running(streams(hosts, { claims: 3, redeliveries: 210 })));
    expect(text).toContain("Hosts");
    expect(text).not.toContain("Cores");
    expect(text).toContain("3 hosts, 1 lost, 1.20 k in streams, 3 batches taken over (210 items)");
    expect(text).toMatch(/alpha .* 50 % +100/);
    expect(text).toMatch(/beta .* 100 % +12\.3 k/);
    expect(text).toMatch(/gamma .* lost +100/);
    expect(drawn(running(streams(hosts)), "ascii")).toMatch(/beta +#+ +100 %/);
  });

  test.each(SIZES)("has them on a terminal of %i×%i", (width, height) => {
    const size = [width, height] as const;
    const hosts = Array.from({ length: 5 }, (_, i) => hostSample(`machine-with-a-long-name-${i}`));
    const text = screen(running(streams(hosts, { claims: 1, redeliveries: 7 })), size);
    expect(text).toContain("5 hosts");
    expect(text).toContain("machine-with");
    expect(text).not.toContain("cannot be drawn");
  });

  test("tells in its log when Redis gives no answer, and when it does again", () => {
    const silences = [0, 900, 1500, 2500, 0];
    const view = silences.reduce(
      (before, silentMs, i) =>
        reduce(before, {
          type: "sample",
          index: 0,
          snapshot: snapshot(200 + 1000 * i, { distributed: streams([hostSample("a")], { silentMs }) }),
        }),
      running(streams([hostSample("a")])),
    );
    const one = view.cases[view.current];
    if (one === undefined) throw new Error("unreachable");
    expect(momentsOf(one)).toEqual([
      { t: 1200, kind: "silent", text: "Redis gives no answer" },
      { t: 3200, kind: "answers", text: "Redis answers again" },
    ]);
    expect(screen(view, [160, 45])).toContain("Redis answers again");
  });

  test("marks where items were told late: a sign on the time axis, and a line in its log", () => {
    const view = [undefined, [{ t: 200, items: 70, ms: 400 }], [{ t: 300, items: 20, ms: 1500 }]].reduce<RunView>(
      (before, earlier, i) =>
        reduce(before, {
          ...{ type: "sample", index: 0 },
          snapshot: snapshot(200 + 100 * i, { distributed: streams([hostSample("a")], earlier === undefined ? {} : { earlier }) }),
        }),
      running(streams([hostSample("a")])),
    );
    const one = view.cases[view.current];
    if (one === undefined) throw new Error("unreachable");
    expect(momentsOf(one)).toEqual([{ t: 100, kind: "late", text: "90 items told late" }]);
    expect(screen(view, [160, 45])).toContain("90 items told late");
    expect(drawn(view)).toContain("◇");
  });

  test("shows the cores where one host is all there is, with the streams beside the queue's depth", () => {
    const text = drawn(running(streams([hostSample("alpha")], { claims: 1, redeliveries: 9 })));
    expect(text).toContain("Cores");
    expect(text).not.toContain("Hosts");
    expect(text).toContain("in streams 1.20 k  taken over 1");
  });
});

describe("whoever listens", () => {
  test("hears who is lost or back, and what was taken over, once", () => {
    const speaker = new HostSpeaker();
    expect(speaker.next(undefined)).toEqual([]);
    expect(speaker.next(streams([hostSample("a"), hostSample("b")]))).toEqual([]);
    const lost = streams([hostSample("a"), hostSample("b", { status: "lost" })], { claims: 2, redeliveries: 50 });
    expect(speaker.next(lost)).toEqual(["worker b is lost", "2 batches were taken over from a worker that was silent"]);
    expect(speaker.next(lost)).toEqual([]);
    expect(speaker.next(streams([hostSample("b", { status: "late" })], { claims: 3 }))).toEqual([
      "worker b came late, or was silent for a while",
      "1 batch was taken over from a worker that was silent",
    ]);
  });
});
