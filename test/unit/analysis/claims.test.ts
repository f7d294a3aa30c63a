import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { conclude } from "../../../src/analysis/conclude.ts";
import { explain } from "../../../src/analysis/explain.ts";
import { Random } from "../../../src/kernel/random.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import type { FetchFigures } from "../../../src/telemetry/fetch-figures.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { bestLine, isSweep } from "../../../src/views/report/sweep.ts";
import { patience, rounds } from "../../support/campaign.ts";
import { unborneBest } from "../../support/claims/best.ts";
import { unborne } from "../../support/claims/check.ts";
import type { Told } from "../../support/claims/claim.ts";
import { unborneConclusions } from "../../support/claims/conclusions.ts";
import { FETCH_CLAIMS } from "../../support/claims/fetch.ts";
import { FLOW_CLAIMS } from "../../support/claims/flow.ts";
import { perturbed, perturbedFetch, simulatedCase, simulatedSweep } from "../../support/claims/generate.ts";
import { uselessAdvice } from "../../support/claims/help.ts";
import { MACHINE_CLAIMS } from "../../support/claims/machine.ts";
import { MESSAGE_CLAIMS } from "../../support/claims/message.ts";
import { recordedCases } from "../../support/claims/recorded.ts";
import { requestCase, uselessRequestAdvice } from "../../support/claims/requests.ts";
import { caseResult, runResult, sample } from "../../support/results.ts";

setDefaultTimeout(patience(60_000));
const SEED = Number(process.env["LAB_TUI_SEED"] ?? 20_261_121);
const FETCH: FetchFigures = {
  ...{ requests: 100, ok: 100, degraded: 0, failed: 0, attempts: 100, retries: 0, refusedByBreaker: 0, rateLimited: 0, deadLettered: 0 },
  ...{ resumed: 0, bytes: 0, byStatus: {}, byError: {}, byHost: {}, peakConcurrency: 10, connectionsOpened: 1, sent: 100, itemMs: 50 },
  ...{ amplification: 1, rateTurns: [], server: null },
};
const GRAMMAR = [...MESSAGE_CLAIMS, ...MACHINE_CLAIMS, ...FETCH_CLAIMS, ...FLOW_CLAIMS];

/** What is told of a sweep with one case disturbed: the conclusions and the line under the chart name the same as best, or neither names any. */
function wrongDisturbed(cases: readonly CaseResult[], index: number): string[] {
  const disturbed = { otherCores: 0.4, stealMs: 0, calibrationOff: 0, reason: "Other programs used 0.40 of the machine's 2 cores." };
  const all = cases.map((one, i) => (i === index ? { ...one, disturbed } : one));
  const [said, line] = [conclude(all), bestLine(all)];
  const best = unborneBest(line, all);
  const unlike = line.startsWith("★") && said.some((sentence) => sentence.includes("called best of cases that were disturbed"));
  // One line is of all groups: it names a best one where each group does.
  const groups = said.filter((sentence) => sentence.includes(": best at ") || sentence.includes("called best")).length;
  return [
    ...unborneConclusions(said, all),
    ...(best === null ? [] : [best]),
    ...(unlike && groups === 1 ? [`${line} / ${said.join(" ")}`] : []),
  ];
}

describe("every claim of an explanation is borne by its figures", () => {
  test("of messages: cases on a virtual clock, and each with figures changed in ten ways", async () => {
    const wrong: string[] = [];
    for (let i = 0; i < rounds(40, 2000); i++) {
      const told = await simulatedCase(SEED, i);
      // What failed is told by its problem.
      if (told === null || told.result.status === "failed") continue;
      const random = new Random(SEED, `perturbed ${i}`);
      const all: Told[] = [told, ...Array.from({ length: 10 }, () => perturbed(told, random))];
      for (const [n, each] of all.entries()) {
        const text = explain(each.result, each.scenario);
        // Only what was run as it is told can be run with what is said to help.
        const advice = n === 0 ? await uselessAdvice(text, each) : [];
        for (const why of [...unborne(text, each, GRAMMAR), ...advice]) wrong.push(`case ${i}.${n}, ${each.result.mode}: ${why}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("of shipped scenarios as they were recorded, on the machine as it was and as a quiet one, and with figures changed", async () => {
    const wrong: string[] = [];
    const told = (await recordedCases()).flatMap((one) => [one, { ...one, result: { ...one.result, disturbed: null } }]);
    told.forEach((one, i) => {
      const random = new Random(SEED, `recorded ${i}`);
      const all: Told[] = [one, ...Array.from({ length: rounds(3, 60) }, () => perturbedFetch(one, random))];
      all.forEach((each, n) => {
        const text = explain(each.result, each.scenario);
        for (const why of unborne(text, each, GRAMMAR)) wrong.push(`case ${one.name} ${i}.${n}, ${each.result.mode}: ${why}`);
      });
    });
    const runs = Map.groupBy(told, ({ name, result }) => `${name} ${result.disturbed === null}`);
    for (const [name, cases] of runs) {
      const results = cases.map(({ result }) => result);
      const best = isSweep(runResult(results)) ? unborneBest(bestLine(results), results) : null;
      for (const why of [...unborneConclusions(conclude(results), results), ...(best === null ? [] : [best])])
        wrong.push(`case ${name}: ${why}`);
    }
    expect(wrong).toEqual([]);
  });

  test("of requests: the engine on a virtual clock, and what is said to help tried on the same", async () => {
    const wrong: string[] = [];
    for (let i = 0; i < rounds(25, 600); i++) {
      const one = await requestCase(SEED, i);
      const text = explain(one.result, one.scenario);
      for (const why of [...unborne(text, one, GRAMMAR), ...(await uselessRequestAdvice(text, one))]) wrong.push(`case ${i}: ${why}`);
      const random = new Random(SEED, `perturbed requests ${i}`);
      for (let n = 1; n <= 5; n++) {
        const other = perturbedFetch(one, random);
        for (const why of unborne(explain(other.result, other.scenario), other, GRAMMAR)) wrong.push(`case ${i}.${n}: ${why}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("of sweeps, whose cases are run on a virtual clock", async () => {
    const wrong: string[] = [];
    for (let i = 0; i < rounds(30, 1000); i++) {
      const cases = await simulatedSweep(SEED, i);
      const best = unborneBest(bestLine(cases), cases);
      for (const why of [...unborneConclusions(conclude(cases), cases), ...(best === null ? [] : [best])]) wrong.push(`sweep ${i}: ${why}`);
      for (const why of wrongDisturbed(cases, i % cases.length)) wrong.push(`sweep ${i}, one of it disturbed: ${why}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe("the checker catches what was false", () => {
  const base = caseResult({ mode: "async" });
  const scenario = (change: object = {}) => scenarioSchema.parse({ title: "x", ...change });
  const told = (change: object, asked: object = {}): Told => ({
    result: { ...base, disturbed: null, ...change },
    scenario: scenario(asked),
  });
  const latency = (sojourn: object, service: object = {}) => ({
    ...base.latency,
    sojourn: { ...base.latency.sojourn, ...sojourn },
    service: { ...base.latency.service, mean: 5, ...service },
  });
  const growing = Array.from({ length: 20 }, (_, i) => sample(100 * (i + 1), { offered: 200, processed: 190 }));
  const crowd = Array.from({ length: 30 }, (_, i) =>
    sample(100 * (i + 1), { offered: i < 15 ? (i < 5 ? 600 : 300) : 100, processed: i < 15 ? 390 : 100, p50: i < 15 ? 623 : 5 }),
  );
  const onWorkers = (...shares: number[]) => ({
    mode: "parallel",
    cores: shares.map((utilization, core) => ({ core, utilization })),
    process: {
      ...base.process,
      threads: [{ name: "main", utilization: 0.1 }, ...shares.map((utilization, i) => ({ name: `worker-${i}`, utilization }))],
    },
  });
  const fetched = (change: object, figures: object, asked: object): Told => ({
    result: { ...base, disturbed: null, throughput: 100, fetch: { ...FETCH, ...figures }, ...change },
    scenario: scenario({ workload: "fetch", fetch: { target: { mock: {} }, ...asked } }),
  });

  const summary = (mean: number) => ({ ...base.latency.service, count: 100, mean, p50: mean });
  const phases = (attempt: number) => ({
    ...{ connect: summary(0), tls: summary(0), firstByte: summary(attempt), body: summary(0) },
    ...{ attempt: summary(attempt), reused: 100 },
  });

  test.each<[string, string, Told]>([
    [
      "five requests with ten places",
      "Concurrency is the limit: 10 in flight on one loop ÷ 50.0 ms is 200/s; 100 requests/s went through, 5 in flight on average. A larger fetch.concurrency.max would help as long as the server keeps its pace.",
      fetched({}, { requests: 5, itemMs: 50 }, { concurrency: { max: 10 } }),
    ],
    [
      "one connection for 16 k/s",
      "Concurrency is the limit: 1 in flight on one loop ÷ 5.83 ms is 16.0 k/s; 16.0 k requests/s went through, 93.3 in flight on average.",
      fetched({ throughput: 16_000 }, { itemMs: 5.83 }, { connections: { max: 1 } }),
    ],
    [
      "a crowd for which the arrivals are the limit",
      "The arrivals are the limit: 100 requests/s needed, by Little's law, 100/s × 50.0 ms = 5.00 in flight on average of 10 allowed.",
      fetched({ latency: { ...latency({ p50: 900 }), schedule: { ...base.latency.schedule, mean: 800 } } }, { itemMs: 50 }, {}),
    ],
    [
      "a median of 0.9 s that is nobody's fault",
      "The arrivals are the limit: all 100 messages were processed at 100 messages/s, with a median sojourn time of 900 ms.",
      told({ latency: latency({ p50: 900 }) }),
    ],
    [
      "work that is none",
      "The work itself is the limit, not a core: a message takes 500 ns, no thread was computing more than 0 % of the time, and 100 messages/s went through.",
      told({}, { work: { kind: "none" } }),
    ],
    [
      "a core that is free",
      "One core is the limit: its one event loop was computing 53 % of the time, at 100 messages/s.",
      told({ process: { ...base.process, threads: [{ name: "main", utilization: 0.53 }] } }),
    ],
    [
      "all, of which some were dropped",
      "The arrivals are the limit: all 100 messages were processed at 100 messages/s, with a median sojourn time of 5.00 ms.",
      told({ ledger: { ...base.ledger, scheduled: 200, processed: 100, unfinished: 100 } }),
    ],
    [
      "a rate of one message",
      "The arrivals are the limit: all 100 messages were processed at 197 messages/s, with a median sojourn time of 5.00 ms.",
      told({ throughput: 197, ledger: { ...base.ledger, scheduled: 1, processed: 1 } }),
    ],
    [
      "a smaller batch where batches are of two",
      "A smaller batch.size would help.",
      told({ batches: { count: 9, meanSize: 2 } }, { batch: { size: 500, timeout: "1ms" } }),
    ],
    [
      "even Workers with hot keys",
      "1 of 2 Workers is the limit: its keys keep it busy 81 % of the time while another was computing only 79 % of it, at 100 messages/s.",
      told(onWorkers(0.81, 0.79)),
    ],
    [
      "a mean of what does not settle",
      "M/G/1 expects 100/s and a mean sojourn time of 5.00 ms; measured: 100/s and 0.",
      told({ latency: latency({ mean: 0 }) }, { work: { distribution: "lognormal", cv: 5 } }),
    ],
    [
      "a sum that is wrong",
      "The number of processors is the limit: 1 at a time ÷ 5.00 ms is 300/s; 100 messages/s went through.",
      told({}),
    ],
    [
      "arrivals that are more than what is done, all along",
      "The arrivals are the limit: all 100 messages were processed at 190 messages/s, with a median sojourn time of 5.00 ms.",
      told({ throughput: 190, series: growing }),
    ],
    [
      "all that came, of which some was left",
      "Predicted was another limit (arrivals), at 50 % of what can be done, and all that came was done.",
      told({ ledger: { ...base.ledger, scheduled: 110, unfinished: 10 } }),
    ],
    [
      "what came in the long run, of bursts",
      "Predicted was another limit (arrivals), at 50 % of what can be done: 150/s came and 100/s were done.",
      told({ offeredRate: 150 }, { load: { executor: "bursts", size: 200, every: "2s", count: 3 } }),
    ],
    [
      "one key whose messages may overlap",
      "The keys are the limit: messages of one key are worked one after another, 1 ÷ 5.00 ms is 200/s, and there is one key, at 200 messages/s.",
      told({ throughput: 200, offeredRate: 400, latency: latency({}) }, { keys: { count: 1, order: false }, work: { kind: "io" } }),
    ],
    [
      "a busiest key that had time to spare",
      "The keys are the limit: messages of one key are worked one after another, 1 ÷ 5.05 ms is 198/s, and there are 1.00 k keys, the busiest with 61 % of the messages, at 246 messages/s.",
      told(
        { throughput: 246, offeredRate: 800, latency: latency({}, { mean: 5.05 }) },
        { keys: { count: 1000, distribution: "zipf", exponent: 2 } },
      ),
    ],
    [
      "cores that are the limit, of which one Worker had more by its keys",
      "The keys are the limit: a Worker takes one message after another, 1 ÷ 5.00 ms is 200/s, and one of the 2 Workers has 50 % of the work by its keys, computing 100 % of the time while another computes 100 % of it, at 400 messages/s.",
      told({ ...onWorkers(1, 1), throughput: 400, offeredRate: 800, latency: latency({}) }, { keys: { count: 1000 } }),
    ],
    [
      "a wait for a batch to go that is longer than its timeout",
      "The batch is what takes time: of 115 ms on average, 90.5 ms was waiting for it to go (batches went with 9.00 on average), at 100 messages/s.",
      told(
        { latency: { ...latency({ mean: 115 }), batch: { ...base.latency.batch, mean: 110 } }, batches: { count: 9, meanSize: 9 } },
        { batch: { size: 50, timeout: "20ms" }, work: { kind: "io" } },
      ),
    ],
    [
      "more keys where each is worked by itself anyway",
      "Spreading the work over more keys would help.",
      told({}, { keys: { order: false } }),
    ],
    [
      "a busiest key that is none",
      "The messages of a key keep their order: only several keys in place of the busiest would help.",
      told({}, { keys: { count: 100 } }),
    ],
    [
      "what came while a crowd was worked off",
      "For 1.50 s they did, 623 ms at the median, since for 1.50 s 318/s came and 390/s were done.",
      told({ series: crowd }),
    ],
    [
      "more than came at any time",
      "For 1.50 s they did, 623 ms at the median, since for 500 ms 900/s came and 390/s were done.",
      told({ series: crowd }),
    ],
    [
      "reading as computing",
      "One core was the limit at times: for 1.50 s messages waited, 623 ms at the median, since for 500 ms 600/s came and 390/s were done, each with 7.00 ms of computing; over the whole run no thread was computing more than 0 % of the time.",
      told({ series: crowd, mode: "sync", latency: latency({}) }, { work: { kind: "cpu" }, source: { latency: "2ms" } }),
    ],
    [
      "a format that takes little of the time",
      "The format is the limit: a message is written as json in 100 ns and read in 200 ns, which at 100 messages/s takes 60 % of the time of the source's thread and 60 % of that of each of the 2 Workers.",
      told(
        { ...onWorkers(0.5, 0.5), serialization: { codec: "json", bytesPerMessage: 100, encodeNs: 100, decodeNs: 200 } },
        { work: { kind: "none" } },
      ),
    ],
    ["a retry that is one of several", "its 1 Workers were at work.", told({})],
    [
      "more places where there is no connection for more",
      "A larger fetch.concurrency.max would help as long as the server keeps its pace.",
      fetched({}, { itemMs: 100 }, { concurrency: { max: 10 }, connections: { max: 10 } }),
    ],
    [
      "in flight, of which most wait for a connection",
      "Concurrency is the limit: 10 in flight on one loop ÷ 100 ms is 100/s; 100 requests/s went through, 10 in flight on average.",
      fetched({}, { itemMs: 100, lineMs: 90, phases: phases(10) }, { concurrency: { max: 10 } }),
    ],
    [
      "more connections of a server that only computes",
      "A larger fetch.connections.max would help as long as the server keeps its pace.",
      fetched({}, { itemMs: 100, phases: phases(100) }, { target: { mock: { latency: "1ms" } }, connections: { max: 5 } }),
    ],
    [
      "a rate that nobody waits for",
      "The server's rate limit is the limit: 100 requests/s went through.",
      fetched({}, { itemMs: 100, turnMs: 1, lineMs: 80, rateTurns: [100] }, { rateLimit: { initial: 10, min: 1, max: 1000 } }),
    ],
    [
      "a sawtooth that does not add up",
      "A sawtooth from ×0.5 of its peak spends its time at 0.69 of it (ln 2): 109/s × 0.69 = 63.9/s.",
      fetched({}, { rateTurns: [109] }, { rateLimit: { initial: 10, min: 1, max: 1000 } }),
    ],
    [
      "connections without those that were broken off",
      "It took 3.01 k open files at most, 500 connections opened in all and 127 MB of memory.",
      fetched(
        { process: { ...base.process, peakOpenFiles: 3010 } },
        {
          connectionsOpened: 500,
          server: {
            ...{ requests: 100, connections: 500, refused: 4119, peakConcurrency: 500 },
            ...{ byStatus: {}, resets: 0, truncated: 0, stalled: 0 },
          },
        },
        { concurrency: { max: "unlimited" } },
      ),
    ],
    [
      "requests refused at a retry as never sent",
      "While the circuit was open 20 requests were refused at once, before anything went out.",
      fetched({}, { refusedByBreaker: 20, refusedUnsent: 15 }, {}),
    ],
    [
      "one consumer of a group, where each thread has one",
      "The handlers of message-queue are the limit: each group works on 1 at a time, 10.0 ms each, and 1 ÷ 10.0 ms is 100/s; 195 items/s went through.",
      {
        result: {
          ...caseResult({ mode: "parallel", threads: ["main", "a", "b"].map((name) => ({ name, utilization: 0.1 })) }),
          throughput: 195,
        },
        scenario: scenario({ workload: "flow", flow: { kind: "message-queue", work: { kind: "io", time: "10ms" } } }),
      },
    ],
    [
      "reads that clients hardly wait for",
      "The source is the limit: its one connection was reading 52 % of the time, at 100 messages/s; 1 ÷ 5.00 ms is 200/s.",
      told(
        {
          sourceBlocked: { ...base.sourceBlocked, readMs: 520 },
          latency: { ...latency({ mean: 21 }), schedule: { ...base.latency.schedule, mean: 4.8 } },
        },
        { load: { executor: "constant-vus", vus: 100, duration: "1s" }, source: { latency: "5ms" } },
      ),
    ],
    ["a sentence that nobody knows", "The moon is the limit.", told({})],
  ])("%s", (_, sentence, figures) => {
    expect(unborne(sentence, figures, GRAMMAR)).not.toEqual([]);
  });

  const at = (mode: "sync" | "async" | "parallel", params: object, change: object = {}, sojourn: object = {}): CaseResult =>
    ({ ...caseResult({ mode }), disturbed: null, params, latency: latency(sojourn), series: [], ...change }) as CaseResult;
  const rates = [
    at("sync", { "load.rate": 20 }, { offeredRate: 20, throughput: 20 }),
    at("async", { "load.rate": 20 }, { offeredRate: 20, throughput: 20 }),
    at("sync", { "load.rate": 900 }, { offeredRate: 900, throughput: 31, ledger: { ...base.ledger, unfinished: 800 } }),
    at("async", { "load.rate": 900 }, { offeredRate: 900, throughput: 642, ledger: { ...base.ledger, unfinished: 200 } }),
  ];
  const workers = [125, 250, 250, 250].map((throughput, i) =>
    at(
      "parallel",
      { "parallel.workers": i + 1 },
      { throughput, cores: [0, 1].map((core) => ({ core, utilization: 1 })), process: { ...base.process, cpuMs: 2000 } },
    ),
  );
  const places = [20, 100].map((capacity) =>
    at("async", { "queue.capacity": capacity }, { queue: { ...base.queue, capacity, highWater: capacity } }, { p99: 1150 }),
  );
  const loads = [
    at("sync", { "queries.rate": 100 }, { offeredRate: 136, throughput: 123 }),
    at("sync", { "queries.rate": 400 }, { offeredRate: 74, throughput: 74 }),
  ];
  const alike = [at("async", { "batch.size": 1, "batch.timeout": "1ms" }), at("async", { "batch.size": 1, "batch.timeout": "9ms" })];
  const held = places.map((one) => ({
    ...one,
    latency: { ...one.latency, schedule: { ...one.latency.schedule, mean: 1100 }, queue: { ...one.latency.queue, mean: 40 } },
  }));

  test.each<[string, string, readonly CaseResult[]]>([
    [
      "a rate that all of was done of",
      "async keeps up with none of the rates tried; at 20/s not all of it is done, and it does 642/s at most.",
      rates,
    ],
    [
      "twenty times as much that is no help",
      "async is better from 20/s on (20/s against 20/s in sync) and no longer helps from 900/s on, where it ends at 642/s.",
      rates,
    ],
    [
      "Amdahl's law of Workers without cores",
      "parallel does 1: 125/s, 2: 250/s, 3: 250/s, 4: 250/s on a machine of 2 cores: Amdahl's law fits with 53 % that does not run side by side (R² 0.40).",
      workers,
    ],
    ["places for a p99 under block", "For the p99 of 100 ms that is promised: 100 ms ÷ 2.00 ms = 50 places.", held],
    [
      "loads that differed",
      "sync, queries.rate from 100 to 400: throughput (per second) goes from 123 to 74, the p99 of the sojourn time (ms) does not change beyond noise.",
      loads,
    ],
    ["a best of two that are the same", "async: best at batch.size 1 (100/s, p99 7.00 ms).", alike],
    ["what moves where nothing acts", "The best point moves with the mode.", alike],
    ["a best at which not all was done", "async: best at batch.size 1 (642/s, p99 7.00 ms).", [rates[3] as CaseResult]],
    [
      "a sum that is wrong",
      "async: a full queue costs its capacity × processing time: 1.00 k × 221 µs = 200 ms, measured p99 1.15 s.",
      places,
    ],
  ])("of sweeps: %s", (_, sentence, cases) => {
    expect(unborneConclusions([sentence], cases)).not.toEqual([]);
  });

  const many = (change: object = {}) => ({ count: 6000, p50: 5, p95: 6, p99: 7, p99_9: 7, max: 7, ...change });
  const queried = (p99: number) => ({
    queries: { ...base.queries, answered: 6000, latency: { ...base.queries.latency, count: 6000, p99 } },
  });
  const closed = [368, 847].map((throughput, i) =>
    at("async", { "fetch.concurrency.max": [20, 50][i] }, { offeredRate: throughput * 1.25, throughput }, many()),
  );
  const durable = [0.09, 0.28, 1.04].map((p50, i) =>
    at("async", { "flow.durability": ["memory", "process", "power"][i] }, {}, many({ p50, p99: [0.9, 4.3, 2.2][i] })),
  );
  const yields = [50.6, 10.3, 1.41].map((p99, i) => at("async", { "loop.yieldEvery": ["batch", 10, 1][i] }, queried(p99), many()));
  const saturated = [126, 243.8, 244.2, 241].map((throughput, i) =>
    at("parallel", { "parallel.workers": i + 1 }, { offeredRate: 1000, throughput, ledger: { ...base.ledger, unfinished: 99 } }, many()),
  );
  const failing = [0, 50].map((failed, i) =>
    at("async", { "fetch.timeout": ["9s", "1s"][i] }, { throughput: 100 + failed, ledger: { ...base.ledger, failed } }, many()),
  );

  test.each<[string, string, readonly CaseResult[]]>([
    ["a best of which another does twice as much", "★ best: async, fetch.concurrency.max 20: 368/s, p99 7.00 ms", closed],
    ["none is best, where queries wait 36 times as long", "None is best: no point is better than the others by more than noise.", yields],
    [
      "none is best, where the median is eleven times another",
      "None is best: no point is better than the others by more than noise.",
      durable,
    ],
    ["a best beside which queries wait far less", "★ best: async, loop.yieldEvery batch: 100/s, p99 7.00 ms", yields],
    [
      "as good, where the median is three times as long",
      "★ best: async, flow.durability memory: 100/s, p99 900 µs; as good but for noise: flow.durability process",
      durable,
    ],
    [
      "a list of which nobody knows what it names",
      "★ best: async, loop.yieldEvery 1: 100/s, p99 7.00 ms; as good but for noise: loop.yieldEvery and 10",
      yields,
    ],
    ["most, by noise", "None is best: no point keeps up with what comes. Most was done at parallel, parallel.workers 3: 244/s", saturated],
    [
      "as much, where one does half",
      "None is best: no point keeps up with what comes. As much was done at all of them but for noise: 126/s to 244/s",
      saturated,
    ],
    ["a best that fails where another does not", "★ best: async, fetch.timeout 1s: 150/s, p99 7.00 ms", failing],
  ])("of the line under a sweep: %s", (_, line, cases) => {
    expect(unborneBest(line, cases)).not.toBeNull();
  });

  test.each<[string, string, readonly CaseResult[]]>([
    [
      "no change beyond noise, of a median eleven times as long",
      "async, flow.durability from memory to power: throughput (per second) does not change beyond noise, nor does the median or the p99 of the sojourn time.",
      durable,
    ],
    [
      "no change from end to end, with one in between that is far worse",
      "async, flow.durability from memory to power: throughput (per second) does not change beyond noise, the median sojourn time goes from 90.0 µs to 1.04 ms, the p99 of the sojourn time does not change beyond noise.",
      durable,
    ],
  ])("of what changes along a field: %s", (_, sentence, cases) => {
    expect(unborneConclusions([sentence], cases)).not.toEqual([]);
  });
});
