import { describe, expect, test } from "bun:test";
import type { CaseOutline, RunEvent } from "../../../src/telemetry/events.ts";
import { EMPTY_LEDGER } from "../../../src/telemetry/ledger.ts";
import type { Snapshot } from "../../../src/telemetry/sample.ts";
import { plainReport } from "../../../src/views/plain/closing.ts";
import { plainSentences } from "../../../src/views/plain/sentences.ts";
import { spokenMs, spokenNumber, spokenText } from "../../../src/views/plain/speech.ts";
import { caseResult, runOutline, runResult, snapshot } from "../../support/results.ts";

const CAPACITY = 100;

/** The sentences of a case of these samples, without what is said before it. */
function told(samples: readonly Snapshot[], outline: Partial<CaseOutline> = {}, everyMs?: number): string[] {
  const sentences: string[] = [];
  const on = plainSentences((sentence) => sentences.push(sentence), everyMs === undefined ? {} : { everyMs });
  const [one] = runOutline([caseResult({ mode: "async" })]).cases;
  if (one === undefined) throw new Error("unreachable");
  on({ type: "run-started", ...runOutline([]), cases: [{ ...one, capacity: CAPACITY, ...outline }] });
  on({ type: "case-started", index: 0, count: 1000, lastMs: 10_000, url: null });
  sentences.length = 0;
  for (const one of samples) on({ type: "sample", index: 0, snapshot: one });
  return sentences;
}

function every100Ms(untilMs: number, at: (t: number) => Partial<Snapshot>): Snapshot[] {
  return Array.from({ length: untilMs / 100 }, (_, i) => snapshot((i + 1) * 100, at((i + 1) * 100)));
}

describe("a run in sentences", () => {
  test("one every five seconds, with what is done beside what was predicted, the queue and the tail", () => {
    const samples = every100Ms(12_000, () => ({ processed: 101, depth: 3, running: { p50: 1, p95: 2, p99: 18, throughput: 100, cpu: 1 } }));
    expect(told(samples)).toEqual([
      "5 seconds: 101 messages a second are done, as predicted; the queue holds 3 of 100; 99 of 100 take at most 18 milliseconds.",
      "10 seconds: 101 messages a second are done, as predicted; the queue holds 3 of 100; 99 of 100 take at most 18 milliseconds.",
    ]);
  });

  test("what is not as predicted stands beside what was; bursts have no rate to compare with", () => {
    const samples = every100Ms(5000, () => ({ processed: 50 }));
    expect(told(samples)[0]).toContain("50 messages a second are done, where 100 were predicted;");
    const load = { executor: "bursts", gracefulStopMs: 0 };
    expect(told(samples, { load })[0]).toContain("50 messages a second are done; the queue");
  });

  test("a sentence covers all since the one before, and a percentile that few items bear is left out", () => {
    const running = { p50: null, p95: null, p99: null, throughput: 0, cpu: 0 };
    const samples = every100Ms(5000, (t) => ({ processed: t <= 2500 ? 0 : 200, running }));
    expect(told(samples)).toEqual(["5 seconds: 100 messages a second are done, as predicted; the queue holds 3 of 100."]);
    expect(told(every100Ms(5000, () => ({ processed: 0, running })))).toEqual(["5 seconds: nothing was done; the queue holds 3 of 100."]);
  });

  test("a Redis that gives no answer, or answers again, is told at once", () => {
    const samples = every100Ms(4000, (t) => ({
      distributed: { ...{ inStreams: 0, claims: 0, redeliveries: 0, hosts: [] }, silentMs: t > 1000 && t < 3500 ? t - 1000 : 0 },
    }));
    expect(told(samples)).toEqual(["2 seconds: Redis gives no answer.", "4 seconds: Redis answers again."]);
  });

  test("without a queue that ends, what waits is told", () => {
    const ledger = { ...EMPTY_LEDGER, scheduled: 12, processed: 0, unfinished: 12 };
    const [first] = told(
      every100Ms(5000, () => ({ ledger })),
      { capacity: null },
    );
    expect(first).toContain("; 12 wait or are at work");
  });

  test("each turn of events at once: full, drops that begin and end, room again", () => {
    const samples = every100Ms(4000, (t) => ({
      depth: t >= 1000 && t < 3000 ? 99 : 10,
      dropped: t >= 1200 && t < 2000 ? 5 : 0,
    }));
    expect(told(samples)).toEqual([
      "1 second: the queue is full, with 100 in it.",
      "1 second: messages are dropped from now on.",
      "3 seconds: the queue has room again.",
      "3 seconds: nothing is dropped any more.",
    ]);
  });

  test("what turns again and again is told once in five seconds", () => {
    const samples = every100Ms(4900, (t) => ({ depth: (t / 100) % 2 === 0 ? 100 : 0 }));
    expect(told(samples)).toHaveLength(2);
  });

  test("beginning and end of a mode, stopping, failed thresholds; control characters of a title are not told", () => {
    const sentences: string[] = [];
    const on = plainSentences((sentence) => sentences.push(sentence));
    const result = caseResult({ mode: "async", processed: 80, dropped: 20 });
    const verdict = { metric: "sojourn_ms", expression: "p(99)<5", value: 7, ok: false };
    const events: RunEvent[] = [
      { type: "run-started", ...runOutline([result, result]) },
      { type: "case-started", index: 1, count: 1, lastMs: 0, url: null },
      { type: "stopping", now: false },
      { type: "case-finished", index: 1, result, verdicts: [verdict] },
    ];
    for (const event of events) on(event);
    expect(sentences).toEqual([
      "Scenario x: A \\x1b[31mtitle.",
      "It has 2 cases.",
      "Case 2 of 2. Mode async begins: 1 message comes at once.",
      "It stops: what was taken is done first. Interrupt again to stop at once.",
      "Mode async is done. 100 messages came: 80 were done and 20 were dropped.",
      "A threshold failed: sojourn_ms p(99)<5.",
    ]);
  });
});

describe("the summary in sentences", () => {
  test("figures, explanation, verdicts; nothing drawn and nothing abbreviated", () => {
    const result = {
      ...runResult([caseResult({ mode: "parallel", dropped: 20, explanation: "→ One core† can do ≈ 1.44 k/s in 5 ms" })]),
      thresholds: [{ case: 0, metric: "throughput", expression: "value>190", value: 100, ok: false }],
      hypotheses: [{ sentence: "It is fast.", that: "a > b", ok: true, figures: {}, reading: "2 s > 1 s", why: null }],
    };
    const text = plainReport(result);
    expect(text.trim().split("\n")).toEqual([
      "Summary of A \\x1b[31mtitle.",
      "Mode parallel: 100 messages a second were done, where 100 were predicted; half of them took at most 5 milliseconds; 99 of 100 at most 7 milliseconds; 20 of 100 were dropped.",
      "One core (disturbed) can do about 1.44 thousand a second in 5 milliseconds.",
      "This held: It is fast. 2 seconds > 1 seconds.",
      "The threshold value>190 on throughput failed for mode parallel: 100 was measured.",
    ]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    expect(text).not.toMatch(/[\u2500-\u28ff\u0000-\u0009\u000b-\u001f]/);
  });
});

test("numbers have their units in words", () => {
  expect([0, 0.0425, 0.5, 1, 4.25, 12_000, 90_000, 180_000].map(spokenMs)).toEqual([
    "no time",
    "42.5 microseconds",
    "500 microseconds",
    "1 millisecond",
    "4.25 milliseconds",
    "12 seconds",
    "90 seconds",
    "3 minutes",
  ]);
  expect([0, 0.25, 999, 4010, 1_234_567].map(spokenNumber)).toEqual(["0", "0.25", "999", "4 010", "1 235 000"]);
  expect(spokenText("3 kept, 2 samples, 5 MB, 4 %")).toBe("3 kept, 2 samples, 5 MB, 4 percent.");
});
