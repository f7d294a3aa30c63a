import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { CaseResult, RunResult } from "../../../src/telemetry/result.ts";
import { verdictsOf } from "../../../src/telemetry/verdicts.ts";
import { closingReport } from "../../../src/views/report/closing.ts";
import { everyFigure } from "../../../src/views/report/everything.ts";
import { measuredLines } from "../../../src/views/report/measured.ts";
import { outcomeText, overview } from "../../../src/views/report/outcome.ts";
import { PLAIN_PAINTER } from "../../../src/views/report/painter.ts";
import { roundedParts, shareSum, timeSum } from "../../../src/views/report/sums.ts";
import { rounds } from "../../support/campaign.ts";
import { caseResult, runResult } from "../../support/results.ts";

describe("sums", () => {
  test("parts add up to the whole as they are printed", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 6 }), fc.nat(3), (parts, decimals) => {
        const rounded = roundedParts(parts, decimals);
        const whole = parts.reduce((sum, part) => sum + part, 0);
        expect(rounded.reduce((sum, part) => sum + part, 0).toFixed(decimals)).toBe(
          (Math.round(whole * 10 ** decimals) / 10 ** decimals).toFixed(decimals),
        );
        for (const [i, part] of rounded.entries()) expect(Math.abs(part - (parts[i] ?? 0))).toBeLessThan(1.001 / 10 ** decimals);
      }),
      { numRuns: rounds(500) },
    );
  });

  test("times stand in one unit, without what rounds to nothing", () => {
    const parts = [
      { name: "waiting", value: 1196.2 },
      { name: "in line", value: 0.01 },
      { name: "at work", value: 8.1 },
    ];
    expect(timeSum(parts)).toBe("1.20 s = 1.19 waiting + 0.01 at work");
  });

  test("a part that gained is taken away", () => {
    const parts = [
      { name: "idle", value: 0.05 },
      { name: "work that took longer", value: -0.01 },
    ];
    expect(shareSum(parts)).toBe("4.0 % = 5.0 idle − 1.0 work that took longer");
  });

  test("a share's only part is told as a sum, too", () => {
    expect(shareSum([{ name: "the lab's own", value: 0.012 }], " of the 200/s in theory")).toBe(
      "1.2 % of the 200/s in theory = 1.2 the lab's own",
    );
    expect(timeSum([{ name: "at work", value: 5 }])).toBe("5.00 ms at work");
  });

  test("of nothing there is nothing", () => {
    expect(timeSum([{ name: "waiting", value: 0 }])).toBe("0.00 µs");
  });
});

/** A case with these figures. */
function with_(change: Partial<CaseResult>): CaseResult {
  return { ...caseResult({ mode: "async" }), ...change };
}

/** A case of requests with these figures of theirs. */
function requestCase(change: Partial<NonNullable<CaseResult["fetch"]>>): CaseResult {
  const counts = { requests: 99, ok: 99, degraded: 0, failed: 0, attempts: 99, retries: 0, refusedByBreaker: 0, rateLimited: 0 };
  const rest = { deadLettered: 0, resumed: 0, bytes: 0, byStatus: {}, byError: {}, byHost: {}, peakConcurrency: 10, connectionsOpened: 2 };
  const items = { sent: 99, itemMs: 10, amplification: 1, rateTurns: [], server: null };
  return with_({ fetch: { ...counts, ...rest, ...items, ...change } });
}

const linesOf = (one: CaseResult, others: readonly CaseResult[] = []) => measuredLines(one, { cases: [one, ...others] }).join("\n");

describe("what was measured is told, where there is something to it", () => {
  test("what computing took beside what was asked, by cause, where it is more than 2 %", () => {
    const of = (slowerBy: number, takenAwayMs: number | null) => {
      const { process } = with_({});
      return linesOf(with_({ process: { ...process, work: { askedMs: 2000, roundsPerMs: 1, slowerBy, slowerByError: 0, takenAwayMs } } }));
    };
    expect(of(0.05, 900)).toContain(
      "computing: 2.10 s = 2.00 asked + 0.10 on a slower core; beside it, what computed waited 900 ms for a core",
    );
    expect(of(-0.05, null)).toContain("computing: 1.90 s = 2.00 asked − 0.10 on a faster core");
    expect(of(0.01, 39)).not.toContain("computing");
  });

  test("a faster core is told of where more was done than was predicted to be possible, however little it was faster", () => {
    const { process, predicted } = with_({});
    const work = { askedMs: 2000, roundsPerMs: 1, slowerBy: -0.01, slowerByError: 0, takenAwayMs: 0 };
    const of = (throughput: number) =>
      linesOf(with_({ process: { ...process, work }, predicted: { ...predicted, capacity: 100 }, throughput }));
    expect(of(101)).toContain("computing: 1.98 s = 2.00 asked − 0.02 on a faster core");
    expect(of(100.4)).not.toContain("computing");
    expect(linesOf(with_({}))).not.toContain("computing");
  });

  describe("where the time of an item went", () => {
    const { latency } = caseResult({ mode: "async" });
    const took = (mean: number) => ({ latency: { ...latency, service: { ...latency.service, count: 99, mean } } });
    const requests = (change: Parameters<typeof requestCase>[0]) => ({
      ...requestCase(change),
      ...took(100),
      ledger: { scheduled: 99, processed: 99, failed: 0, rejected: 0, dropped: { newest: 0, oldest: 0 }, unfinished: 0 },
    });
    const summary = { ...latency.service, count: 99, mean: 10 };
    const phases = { connect: summary, tls: summary, firstByte: summary, body: summary, attempt: summary, reused: 0 };

    test("a message was at work; an item of a flow waits in the flow's own lines, too", () => {
      expect(linesOf(with_(took(100)))).toContain("100 ms at work");
      expect(linesOf(with_({ ...took(100), flow: { parts: {} } }))).toMatch(/100 ms in the flow and its lines/);
      expect(linesOf(with_({ ...took(100), flow: { parts: {} } }))).not.toContain("at work");
    });

    test("a request stood in the client's line, was in flight, and waited between its attempts", () => {
      const line = linesOf(requests({ phases, turnMs: 20, lineMs: 50, retries: 9, attempts: 108 }));
      expect(line).toMatch(
        /= .*20(\.\d)? in line for its turn by the rate \+ 50(\.\d)? in line for a connection \+ 10(\.\d)? in flight \+ 20(\.\d)? between attempts/,
      );
      expect(linesOf(requests({ phases, turnMs: 0, lineMs: 70 }))).toMatch(/70(\.\d)? in line for a connection \+ 30(\.\d)? in flight/);
    });

    test("where the parts are not of the same requests nothing more is said than that it was under way", () => {
      expect(linesOf(requests({ phases, turnMs: 0, lineMs: 70, requests: 120 }))).toContain("100 ms under way");
      expect(linesOf(requests({ lineMs: 70 }))).toContain("100 ms under way");
      expect(linesOf(requests({ phases: { ...phases, attempt: { ...summary, mean: 60 } }, turnMs: 0, lineMs: 70 }))).toContain(
        "100 ms under way",
      );
    });
  });

  test("before its work an item waits for its batch only where there are batches", () => {
    const of = (mode: "async" | "parallel", batches: CaseResult["batches"], threads: CaseResult["process"]["threads"] = [], mean = 9) => {
      const one = caseResult({ mode, threads });
      const { latency } = one;
      return linesOf({ ...one, batches, latency: { ...latency, batch: { ...latency.batch, mean } } });
    };
    const single = { count: 100, meanSize: 1, limit: 1 };
    expect(of("async", single)).toContain("9.00 ms in line for its key");
    expect(of("async", single, [], 0.09)).toContain("on the way to its work");
    expect(of("async", single, [{ name: "helper", utilization: 0.5 }])).toContain("9.00 ms in the helper's line");
    expect(of("parallel", single)).toContain("9.00 ms in its Worker's line");
    expect(of("async", { count: 100, meanSize: 1, limit: null })).toContain("9.00 ms in its batch");
    expect(of("parallel", { count: 9, meanSize: 8, limit: 10 })).toContain("9.00 ms in its batch and its Worker's line");
    // Of an earlier version's file it is not known what was asked.
    expect(of("async", { count: 9, meanSize: 8 })).toContain("9.00 ms in its batch");
    expect(of("async", { count: 9, meanSize: 1 })).toContain("9.00 ms in line for its key");
  });

  test("what kept the source, by cause", () => {
    const sourceBlocked = { readMs: 0, processingMs: 300, queryMs: 100, queueFullMs: 0 };
    expect(linesOf(with_({ sourceBlockedMs: 400, sourceBlocked }))).toContain(
      "source: blocked 400 ms = 300 by processing + 100 by queries; the case took 1.00 s",
    );
  });

  test("a source that is hardly kept is not told of", () => {
    const sourceBlocked = { readMs: 0, processingMs: 9, queryMs: 0, queueFullMs: 0 };
    expect(linesOf(with_({ sourceBlockedMs: 9, sourceBlocked }))).not.toContain("blocked");
  });

  test("how deep the queue was, and how long items waited in it", () => {
    const queue = { capacity: 10, meanDepth: 4.5, highWater: 10, meanWaitMs: 20, fullMs: 250, growthPerSecond: 0 };
    expect(linesOf(with_({ queue }))).toContain("queue: 10 of 10 waiting at most, 4.50 on average; mean wait 20.0 ms, full for 250 ms");
  });

  test("queries and how long they took", () => {
    const latency = { ...caseResult({ mode: "sync" }).latency.sojourn, count: 150, p50: 2, p99: 8, max: 9 };
    expect(linesOf(with_({ queries: { sent: 150, answered: 149, latency } }))).toContain(
      "queries: 149 of 150 answered; median 2.00 ms, p99 too few, longest 9.00 ms",
    );
  });

  test("an event loop that is late for its turns", () => {
    const one = caseResult({ mode: "async" });
    const eventLoop = { delayMs: { p50: 8, p99: 12, max: 20 }, busy: 0.99 };
    expect(linesOf({ ...one, process: { ...one.process, eventLoop } })).toContain(
      "event loop: late by 8.00 ms at the median of what was scheduled on it, 20.0 ms at most; busy 99 %",
    );
    const computing = { ...one.process, eventLoop: { ...eventLoop, busy: 0.06 }, threads: [{ name: "main", utilization: 0.68 }] };
    expect(linesOf({ ...one, process: computing })).toContain("20.0 ms at most; busy 68 %");
  });

  test("a warning does not repeat what the explanation has said", () => {
    const slower = "Computing took 4.4 % more CPU time than asked: the cores were slower.";
    const one = { ...caseResult({ mode: "async" }), explanation: `${slower} One core is the limit.` };
    const text = (warnings: string[]) => closingReport(runResult([{ ...one, warnings }]));
    expect(text([`${slower} Run it again.`])).toContain("  note: Run it again.\n");
    expect(text([slower])).not.toContain("note:");
    expect(text(["Another one. Run it again."])).toContain("  note: Another one. Run it again.\n");
  });

  test("memory of each case, where one needs far more than another", () => {
    const one = caseResult({ mode: "async" });
    const large = { ...one, process: { ...one.process, peakRssBytes: 3e8 } };
    const small = { ...one, process: { ...one.process, peakRssBytes: 1e8 } };
    expect(linesOf(small, [large])).toContain("at most: 100 MB of memory");
    expect(linesOf(small, [small])).not.toContain("memory");
  });

  test("connections are all that were opened, and no most at once", () => {
    expect(linesOf(requestCase({ connectionsOpened: 4000, peakConcurrency: 1 }))).toContain(
      "at most: 1 in flight; 4.00 k connections opened in all",
    );
  });

  test("open files, where there are many", () => {
    const one = caseResult({ mode: "async" });
    expect(linesOf({ ...one, process: { ...one.process, peakOpenFiles: 3010 } })).toContain("3.01 k open files");
  });

  test("what is missing from what the thread could have done, by cause, where it was asked of it", () => {
    const shortfall = { capacity: 200, throughput: 190, causes: { work: 6, reads: 0, queries: 2, overhead: 1, idle: 1 } };
    const one = with_({ shortfall, throughput: 190, offeredRate: 300 });
    expect(linesOf(one)).toContain(
      "shortfall: 5.0 % of the 200/s in theory = 3.0 work that took longer + 1.0 queries + 0.5 the lab's own + 0.5 idle",
    );
    expect(linesOf({ ...one, offeredRate: 100 })).not.toContain("shortfall");
    const work = { askedMs: 950, roundsPerMs: 1, slowerBy: -0.01, slowerByError: 0, takenAwayMs: 40 };
    expect(linesOf({ ...one, process: { ...one.process, work } })).toContain("3.0 work that waited for a core");
    const told = (change: object) => linesOf({ ...one, process: { ...one.process, work: { ...work, ...change } } });
    // 0.95 of the capacity was done: 1 % of that on a slower core, and 20 of 950 ms waiting for one, are 1.0 + 2.0 of the 3.0 that was lost.
    expect(told({ slowerBy: 0.01, takenAwayMs: 20 })).toContain(
      "= 1.0 work on a slower core + 2.0 work that waited for a core + 1.0 queries",
    );
    for (const unknown of [{ takenAwayMs: 40 }, { takenAwayMs: null }, { takenAwayMs: 0 }])
      expect(told({ slowerBy: 0.01, ...unknown })).toContain("3.0 work that took longer");
    expect(told({ slowerBy: 0.035, takenAwayMs: 1 })).toContain("3.0 work that took longer");
  });

  test("where the time of attempts went, and what connections took", () => {
    const times = caseResult({ mode: "sync" }).latency.sojourn;
    const of = (count: number, mean: number) => ({ ...times, count, mean });
    const phases = { connect: of(2, 0.5), tls: of(2, 1.5), firstByte: of(90, 8), body: of(88, 0.25), attempt: of(99, 10), reused: 97 };
    expect(linesOf(requestCase({ phases }))).toContain(
      [
        "attempt: 10.0 ms on average, 8.00 ms to the first byte and 250 µs for the body",
        "connections: 2 requests had a new one made, 500 µs and 1.50 ms for TLS on average; 97 requests went over one that was kept",
      ].join("\n"),
    );
    const none = { ...phases, connect: of(0, 0), tls: of(0, 0), firstByte: of(0, 0), body: of(0, 0) };
    expect(linesOf(requestCase({ phases: none }))).toMatch(/attempt: 10\.0 ms on average$/m);
    expect(everyFigure(requestCase({ phases })).join("\n")).toMatch(/connect +TLS +first byte +body +attempt/);
    expect(everyFigure(requestCase({ phases })).join("\n")).toMatch(/fetch\.phases\.reused +97/);
  });

  test("no line is wider than a screen of 100 columns", () => {
    const queue = { capacity: 10_000, meanDepth: 9999, highWater: 9999, meanWaitMs: 20_000, fullMs: 25_000, growthPerSecond: 0 };
    for (const line of linesOf(with_({ queue })).split("\n")) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(100);
  });
});

describe("every figure", () => {
  test("that a result holds is told, whatever it is called", () => {
    const one = { ...caseResult({ mode: "sync" }), novelty: { shareOfIt: 0.25, "\u001b[2Jname": null } };
    const text = everyFigure(one).join("\n");
    expect(text).toMatch(/novelty\.shareOfIt +0\.25/);
    expect(text).not.toContain("\u001b");
  });

  test("times have their units", () => {
    expect(everyFigure(caseResult({ mode: "sync" })).join("\n")).toMatch(/durationMs +1\.00 s/);
  });

  test("is in the summary when it is asked for", () => {
    const result = runResult([caseResult({ mode: "sync" })]);
    expect(closingReport(result, 80, PLAIN_PAINTER, true)).toContain("littlesLaw.relativeError");
    expect(closingReport(result, 80)).not.toContain("littlesLaw.relativeError");
  });
});

const hypothesis = { sentence: "It scales.", that: "sync.throughput > 1", figures: {}, reading: "sync.throughput (2) > 1", why: null };

describe("what a scenario is for", () => {
  const scenario = { ...runResult([]).scenario, description: "What\n  it\u001b explores.", hypothesis: "What is expected." };
  const report = (change: Partial<RunResult>) => closingReport({ ...runResult([caseResult({ mode: "sync" })]), scenario, ...change }, 80);

  test("is told in the summary, a paragraph in a line", () => {
    expect(report({})).toContain("\nWhat it\\x1b explores.\n\nHypothesis: What is expected.\n");
  });

  test.each([
    [true, "✓ held: It scales.\n    sync.throughput (2) > 1\n"],
    [false, "✗ did not hold: It scales.\n    sync.throughput (2) > 1\n"],
  ])("a hypothesis has its verdict and the figures that bear it: %p", (ok, text) => {
    expect(report({ hypotheses: [{ ...hypothesis, ok }] })).toContain(text);
  });

  test("one that cannot be told says why", () => {
    expect(report({ hypotheses: [{ ...hypothesis, ok: null, why: "sync was not run" }] })).toContain(
      "? cannot tell: It scales.\n    sync was not run\n",
    );
  });

  test("results of earlier versions, without any of it, are told as before", () => {
    expect(closingReport(runResult([caseResult({ mode: "sync" })]), 80)).not.toContain("ypothesis");
  });
});

describe("what failed is seen to have failed", () => {
  const verdict = { case: 0, metric: "dropped", expression: "count==0", value: 3, ok: false };

  test("a case that broke a threshold has a sign in the table", () => {
    expect(closingReport({ ...runResult([caseResult({ mode: "sync" })]), thresholds: [verdict] })).toMatch(/^sync ✗ /m);
  });

  test("a threshold judged by a percentile that too few items bear says so", () => {
    const thin = { case: 0, metric: "sojourn_ms", expression: "p(99)<50", value: 3.5, ok: true, tooFew: 1.4 };
    const text = closingReport({ ...runResult([caseResult({ mode: "sync" })]), thresholds: [thin] });
    expect(text).toContain("✓ sync: sojourn_ms p(99)<50 (3.5, too few: 1 item beyond it)");
  });

  test("the table of a case says too few for each percentile that too few items bear", () => {
    const one = caseResult({ mode: "sync" });
    const few = { ...one, latency: { ...one.latency, sojourn: { ...one.latency.sojourn, count: 1300 } } };
    expect(closingReport(runResult([few]))).toMatch(/^sync +100 +5\.00 ms +6\.00 ms +too few/m);
  });

  test("a threshold judged by nothing is neither held nor failed", () => {
    const nothing = { ...caseResult({ mode: "sync", status: "aborted", processed: 0, unfinished: 100 }) };
    const text = closingReport({ ...runResult([nothing]), thresholds: [{ ...verdict, value: 0, ok: true }] });
    expect(text).toContain("? sync: dropped count==0 (nothing was measured)");
    expect(text).not.toContain("✓");
  });
});

describe("in lists of many", () => {
  const point = (rate: number, broken = false) => ({
    ...caseResult({ mode: "sync", processed: rate }),
    params: { "load.rate": rate },
    broken,
  });
  const swept = (fields: readonly ReturnType<typeof point>[]) => ({
    ...runResult(fields),
    thresholds: fields.flatMap(({ broken }, i) =>
      broken ? [{ case: i, metric: "dropped", expression: "count==0", value: 3, ok: false }] : [],
    ),
  });

  test("a point of a sweep that broke a threshold has a sign below the picture, which says what it means", () => {
    const text = closingReport(swept([point(10), point(20, true), point(30)]), 80);
    expect(text).toContain("✗20");
    expect(text).not.toMatch(/✗(10|30)/);
    expect(text).toContain("✗ a threshold failed there");
  });

  test("so has a cell of a heat map", () => {
    const cell = (rate: number, size: number, broken = false) => ({
      ...point(rate, broken),
      params: { "load.rate": rate, "batch.size": size },
    });
    const text = closingReport(swept([cell(10, 1), cell(10, 2), cell(20, 1, true), cell(20, 2)]), 80);
    expect(text.match(/✗[ ░▒▓█]\d/g)).toHaveLength(2);
  });

  test("the outcome of a run names what failed", () => {
    const broken = swept([point(10, true)]);
    expect(outcomeText("completed", verdictsOf(broken))).toBe("✗ completed, 1 threshold failed");
    expect(outcomeText("completed", verdictsOf({ ...broken, hypotheses: [{ ...hypothesis, ok: false }] }))).toBe(
      "✗ completed, 1 threshold failed and 1 hypothesis did not hold",
    );
    expect(outcomeText("completed", verdictsOf(runResult([])))).toBe("completed");
    expect(outcomeText("invalid", verdictsOf(runResult([])))).toBe("✗ invalid");
  });

  test("several runs end with a line for each", () => {
    const sound = { ...runResult([caseResult({ mode: "sync" })]), hypotheses: [{ ...hypothesis, ok: true }] };
    expect(overview([sound, swept([point(10, true), point(20)])])).toBe(
      "\nx  1 case completed, 1 hypothesis held\nx  2 cases ✗ completed, 1 threshold failed\n",
    );
    expect(overview([sound])).toBe("");
  });
});
