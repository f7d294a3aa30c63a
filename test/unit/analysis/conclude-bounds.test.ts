import { describe, expect, test } from "bun:test";
import { conclude } from "../../../src/analysis/conclude.ts";
import type { Mode } from "../../../src/scenario/schema.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { caseResult } from "../../support/results.ts";

/** A case at a point, which did 100 a second, but for what is changed. */
function at(mode: Mode, params: object, change: object = {}): CaseResult {
  return { ...caseResult({ mode }), params, series: [], ...change } as CaseResult;
}

const said = (...cases: readonly CaseResult[]) => conclude(cases).join("\n");
const times = (mode: Mode, sojourn: object) => {
  const { latency } = caseResult({ mode });
  return { latency: { ...latency, sojourn: { ...latency.sojourn, ...sojourn } } };
};

describe("what queries wait for", () => {
  const asked = (busy: number, slowest: number, change: object = {}, mode: Mode = "async") => {
    const one = caseResult({ mode, threads: [{ name: "main", utilization: 0.1 }] });
    const process = { ...one.process, eventLoop: { ...one.process.eventLoop, busy } };
    const latency = { ...one.queries.latency, count: 50, max: slowest };
    return said({ ...one, process, queries: { sent: 60, answered: 50, latency }, ...change } as CaseResult);
  };
  const behind = "In async it waits for the messages before it.";

  test("is messages, where the loop is held three tenths of the time and one waits as long as half of a message", () => {
    expect(asked(0.3, 2.5)).toBe(`A query's longest wait: async 2.50 ms (50 of 60 answered). ${behind}`);
    expect(asked(0.29, 2.5)).not.toContain(behind);
    expect(asked(0.3, 2.4)).not.toContain(behind);
  });

  test("is no message where a helper has them, or the Worker that owns the key does", () => {
    const { process } = caseResult({ mode: "async" });
    const threads = [{ name: "helper", utilization: 0.1 }];
    expect(asked(0.3, 2.5, { process: { ...process, threads, eventLoop: { ...process.eventLoop, busy: 0.3 } } })).not.toContain(behind);
    expect(asked(0.3, 2.5, {}, "parallel")).toEndWith("In parallel it goes to the Worker that owns its key.");
    expect(asked(0.3, 2.5, {}, "distributed")).toEndWith("distributed 2.50 ms (50 of 60 answered).");
  });

  test("is told of no case that answered none", () => {
    expect(asked(0.3, 2.5, { queries: { ...caseResult({ mode: "async" }).queries, answered: 0 } })).toBe("");
  });
});

describe("engines beside each other", () => {
  const fetched = (mode: Mode, throughput: number, change: object = {}) =>
    at(mode, {}, { throughput, fetch: { attempts: 100, requests: 100 }, ...change });
  const ledger = (processed: number) => ({ ledger: { ...caseResult({ mode: "async" }).ledger, processed } });

  test("are compared where one does a tenth more, and each as much of what came to a twentieth", () => {
    expect(said(fetched("sync", 10), fetched("async", 11))).toStartWith(
      "Against one request at a time (10/s at 1 MB): async 1.1 × at 1 MB.",
    );
    expect(said(fetched("sync", 10), fetched("async", 10.9))).toBe("");
    expect(said(fetched("sync", 100), fetched("async", 200, ledger(96)))).toContain("2.0 ×");
    expect(said(fetched("sync", 100), fetched("async", 200, ledger(94)))).toBe("");
  });

  test("are not where there is nothing to compare with, or nothing that is compared", () => {
    expect(said(fetched("async", 100), fetched("parallel", 200))).toBe("");
    expect(said(fetched("sync", 100))).toBe("");
    expect(said(fetched("sync", 100), { ...fetched("async", 200), offeredRate: 300, tape: { hash: "b", count: 1 } })).toContain("2.0 ×");
  });
});

describe("a sweep of the rate", () => {
  const kept = (mode: Mode, rate: number, change: object = {}) =>
    at(mode, { "load.rate": rate }, { offeredRate: rate, throughput: rate, ...change });
  const { ledger, queue, process } = caseResult({ mode: "sync" });

  test.each<[string, object]>([
    ["the line grows by 2 a second", { queue: { ...queue, growthPerSecond: 2 }, throughput: 100 }],
    ["5 of 100 are dropped", { ledger: { ...ledger, dropped: { newest: 5, oldest: 0 } }, queue: { ...queue, growthPerSecond: 1 } }],
    ["1 of 100 is not done in the end", { ledger: { ...ledger, unfinished: 1 } }],
    ["only 100/s are done", { throughput: 100 }],
  ])("names what shows that a rate is too high: %s", (why, change) => {
    expect(said(kept("sync", 100), kept("sync", 200, change))).toContain(`sync keeps up with 100/s; at 200/s ${why}, and it does`);
  });

  test("keeps up with none, with one, or with a range of rates", () => {
    const lost = { ledger: { ...ledger, unfinished: 1 } };
    expect(said(kept("sync", 100, lost), kept("sync", 200, lost))).toStartWith("sync keeps up with none of the rates tried; at 100/s");
    expect(said(kept("sync", 50), kept("sync", 100), kept("sync", 200, lost))).toStartWith("sync keeps up with 50/s to 100/s; at 200/s");
    expect(said(kept("sync", 50), kept("sync", 200))).toStartWith("sync keeps up with every rate tried, up to 200/s.");
  });

  test("says why async does no more, where the one thread computes more than four fifths of the time", () => {
    const lost = { ledger: { ...ledger, unfinished: 1 }, throughput: 100 };
    const both = (utilization: number) => {
      const busy = { process: { ...process, threads: [{ name: "main", utilization }] } };
      return said(...(["sync", "async"] as const).flatMap((mode) => [kept(mode, 100), kept(mode, 200, { ...lost, ...busy })]));
    };
    expect(both(0.81)).toContain("async does no more than sync at any of these rates: what a message costs is computing");
    expect(both(0.8)).toContain("async does no more than sync at any of these rates.");
  });

  test("compares modes that ran at the same rates, and no others", () => {
    const more = [kept("sync", 100), kept("sync", 200, { throughput: 100 }), kept("async", 100), kept("async", 200)];
    expect(said(...more)).toContain("async does more than sync from 200/s on (200/s against 100/s) and keeps up with all of them.");
    expect(said(...more.slice(0, 3))).not.toContain("async does more");
  });

  test("is told once of many groups that all keep up with all of it", () => {
    const groups = (most: (size: number) => number) =>
      [1, 2, 3].flatMap((size) =>
        [50, most(size)].map((rate) => ({ ...kept("sync", rate), params: { "load.rate": rate, "keys.count": size } })),
      );
    expect(said(...groups(() => 100))).toStartWith("All of them keep up with every rate tried, up to 100/s.");
    expect(said(...groups((size) => 100 * size))).not.toContain("All of them");
  });
});

describe("along a field without a rule of its own", () => {
  const field = (value: number, change: object = {}) => at("sync", { "keys.count": value }, change);
  const done = (processed: number) => ({ ledger: { ...caseResult({ mode: "sync" }).ledger, processed } });

  test("a share that was not done is told where it differs by more than a point, and a twentieth", () => {
    expect(said(field(1, done(99)), field(2, done(97)))).toContain("the share that was not done goes from 1.0 % to 3.0 %");
    expect(said(field(1, done(99)), field(2, done(98)))).not.toContain("not done");
    expect(said(field(1, done(20)), field(2, done(15)))).toContain("the share that was not done goes from 80 % to 85 %");
    expect(said(field(1, done(20)), field(2, done(16)))).not.toContain("not done");
  });

  test("the farthest points beyond both ends are told, above and below", () => {
    const rates = [100, 300, 400, 20, 50, 200].map((throughput, i) => field(i + 1, { throughput }));
    expect(said(...rates)).toContain(
      "throughput (per second) goes from 100 to 200 and is highest at 3 (400) and is lowest at 4 (20), the median sojourn time does not change beyond noise",
    );
    const even = [100, 100, 40, 100].map((throughput, i) => field(i + 1, { throughput }));
    expect(said(...even)).toContain("throughput (per second) is lowest at 3 (40), the median");
  });

  test("times that too few items bear are left out", () => {
    const few = (count: number) => [1, 2].map((value) => field(value, times("sync", { count })));
    expect(said(...few(1))).toContain(
      "throughput (per second) does not change beyond noise; of the sojourn time too few items bear a median.",
    );
    expect(said(...few(6000))).toContain("nor does the median or the p99 of the sojourn time.");
  });
});

describe("what a place without bound costs", () => {
  const limited = (max: number | string, change: object = {}, fetch: object = {}) => {
    const one = caseResult({ mode: "async" });
    const process = { ...one.process, peakRssBytes: 100e6, peakOpenFiles: 50, ...change };
    return at(
      "async",
      { "fetch.concurrency.max": max },
      { process, fetch: { attempts: 100, requests: 100, connectionsOpened: 50, ...fetch } },
    );
  };
  const cost = (change: object, fetch: object = {}) => said(limited(10), limited(20), limited("unlimited", change, fetch));

  test("is told where memory, files or connections are more than half as much again", () => {
    expect(cost({ peakRssBytes: 151e6 })).toContain(
      "async, without a limit: 100/s, paid for with 151 MB of memory (at most 100 MB with a limit). It is not called best.",
    );
    expect(cost({ peakOpenFiles: 76 })).toContain("100 MB of memory (at most 100 MB with a limit), 76 open files (50). It is");
    expect(cost({}, { connectionsOpened: 76 })).toContain("with a limit), 76 connections (50). It is");
    for (const little of [cost({ peakRssBytes: 150e6 }), cost({ peakOpenFiles: 75 }), cost({}, { connectionsOpened: 75 })])
      expect(little).not.toContain("without a limit");
  });
});

describe("a queue that is never full", () => {
  const ruled = (rule: string, change: object = {}) => {
    const one = caseResult({ mode: "async" });
    return at("async", { "queue.overflow": rule }, { queue: { ...one.queue, capacity: 10, highWater: 9 }, ...change });
  };
  const never = "the queue is never full, so what is done when it is makes no difference: ";
  const { ledger, queue, sourceBlocked } = caseResult({ mode: "async" });

  test("is said to be so, whatever the rule", () => {
    expect(said(ruled("block"), ruled("drop-newest"))).toContain(never);
    expect(said(ruled("block", { queue: { ...queue, capacity: null, highWater: 99 } }), ruled("drop-newest"))).toContain(never);
  });

  test.each<[string, object]>([
    ["it was full once", { queue: { ...queue, capacity: 10, highWater: 10 } }],
    ["something was dropped", { ledger: { ...ledger, dropped: { newest: 1, oldest: 0 } } }],
    ["the source waited for room", { sourceBlocked: { ...sourceBlocked, queueFullMs: 1 } }],
  ])("is not where %s", (_, change) => {
    expect(said(ruled("block"), ruled("drop-newest", change))).not.toContain(never);
  });
});
