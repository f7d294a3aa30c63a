import { describe, expect, test } from "bun:test";
import { explain } from "../../../src/analysis/explain.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import type { MeasuredCase } from "../../../src/telemetry/result.ts";
import { caseResult, sample } from "../../support/results.ts";

interface Change {
  readonly mode?: Mode;
  /** Items per second that were done, as many as came. */
  readonly rate?: number;
  /** Shares of their time in which the source's thread computed, in which the loop was held, and in which the Workers computed. */
  readonly main?: number;
  readonly held?: number;
  readonly workers?: readonly number[];
  readonly programs?: readonly number[];
  readonly cores?: number;
  /** Mean and median milliseconds of the parts of the sojourn time, and its 99th percentile. */
  readonly service?: number;
  readonly batch?: number;
  readonly schedule?: number;
  readonly sojourn?: number;
  readonly p99?: number;
  readonly ms?: number;
  readonly bottleneck?: string;
  readonly ledger?: object;
  readonly result?: object;
  readonly asked?: object;
}

/** What is said of 100 messages that nothing held up, but for what is changed: each 10 ms, in a second. */
function explained(change: Change): string {
  const { mode = "async", rate = 100, main = 0.3, held = main, workers = [], programs = [], cores = 2, service = 10 } = change;
  const { batch = 0, schedule = 0, sojourn = service + batch + schedule, p99 = sojourn, ms = 1000, bottleneck = "?" } = change;
  const base = caseResult({ mode });
  const part = (mean: number, slow = mean) => ({ ...base.latency.sojourn, mean, p50: mean, p95: mean, p99: slow, max: slow });
  const named = (name: string, shares: readonly number[]) => shares.map((utilization, i) => ({ name: `${name}-${i}`, utilization }));
  const result = {
    ...base,
    ...{ disturbed: null, series: [], throughput: rate, offeredRate: rate, intakeRate: rate, durationMs: ms },
    ledger: { ...base.ledger, ...change.ledger },
    cores: Array.from({ length: cores }, (_, core) => ({ core, utilization: 0.4 })),
    process: {
      ...base.process,
      threads: [{ name: "main", utilization: main }, ...named("worker", workers), ...named("program", programs)],
      eventLoop: { ...base.process.eventLoop, busy: held },
    },
    latency: {
      ...base.latency,
      sojourn: part(sojourn, p99),
      schedule: part(schedule),
      queue: part(0),
      batch: part(batch),
      service: part(service),
    },
    predicted: { ...base.predicted, throughput: null, sojournMean: null, bottleneck },
    ...change.result,
  } as MeasuredCase;
  const asked = { work: { kind: "io", time: "10ms" }, async: { concurrency: 100 }, keys: { count: 1000 }, ...change.asked };
  return explain(result, scenarioSchema.parse({ title: "x", ...asked }));
}

/** More at once than can be at work, so that there is always more to do than is done. */
const ALL_AT_ONCE = { load: { executor: "bursts", size: 10_000 } };
const onThread = (change: object = {}) => ({ asked: { work: { kind: "cpu", time: "10ms" }, ...change } });
const queries = (answered: number, queryMs: number) => ({
  queries: { ...caseResult({ mode: "async" }).queries, answered },
  sourceBlocked: { readMs: 0, processingMs: 0, queryMs, queueFullMs: 0 },
});
const reads = (readMs: number, queueFullMs = 0) => ({ sourceBlocked: { readMs, processingMs: 0, queryMs: 0, queueFullMs } });
const CLIENTS = { executor: "constant-vus", vus: 10, duration: "1s" };
const READING = { source: { latency: "10ms" } };
const handler = (duration: string) => ({
  work: { kind: "handler", module: "x.ts" },
  load: { executor: "constant-arrival-rate", duration },
});
const batched = (meanSize: number) => ({ batches: { count: 100, meanSize } });
const format = (encodeNs: number, decodeNs = 0) => ({ serialization: { codec: "json", bytesPerMessage: 100, encodeNs, decodeNs } });
const steal = { asked: { ...ALL_AT_ONCE, work: { kind: "sleep", time: "1ms" } }, mode: "parallel", service: 1 } as const;
const bursts = (size: number) => ({ work: { kind: "sleep", time: "10ms" }, load: { executor: "bursts", size, count: 3, every: "1s" } });

/** Samples of a tenth of a second, in the first few of which messages waited. */
const waited = (samples: number, of: number, change: object = {}) => ({
  series: Array.from({ length: of }, (_, i) =>
    sample(100 * (i + 1), { offered: 100, processed: 100, p50: 10, p99: 10, ...(i < samples ? { p50: 101, p99: 101, ...change } : {}) }),
  ),
});
const growing = (meanSize: number) => ({ main: 0.97, result: batched(meanSize) });
const COSTLY = { work: { kind: "cpu", time: "10ms", perBatch: "1ms" }, batch: { size: 10 } };

test("messages that nothing holds up come as they are done", () => {
  expect(explained({})).toBe(
    "The arrivals are the limit: all 100 messages were processed at 100 messages/s, with a median sojourn time of 10.0 ms.",
  );
});

describe("a limit of messages is named from its bound on, and not before", () => {
  test.each<[string, string, Change, Change]>([
    [
      "queries hold up three tenths of the time",
      "Queries are the limit: answering 10 of them kept messages waiting 30 % of the time",
      { result: queries(10, 300) },
      { result: queries(10, 299) },
    ],
    ["queries are answered", "Queries are the limit", { result: queries(1, 300) }, { result: queries(0, 300) }],
    [
      "more queries than messages pass a thread that is busy",
      "Queries are the limit: passing 101 of them on kept the source's thread computing 90 % of the time",
      { ...steal, main: 0.9, workers: [0.1], result: queries(101, 0) },
      { ...steal, main: 0.9, workers: [0.1], result: queries(100, 0) },
    ],
    [
      "that thread is busy nine tenths of the time",
      "Queries are the limit: passing",
      { ...steal, main: 0.9, workers: [0.1], result: queries(101, 0) },
      { ...steal, main: 0.89, workers: [0.1], result: queries(101, 0) },
    ],
    [
      "nothing more was done in the last tenth of the load",
      "A handler that does not end is the limit: nothing was done any more after the first 1.00 s",
      { ledger: { processed: 99, unfinished: 1 }, asked: handler("1112ms") },
      { ledger: { processed: 99, unfinished: 1 }, asked: handler("1111ms") },
    ],
    [
      "half was left of what was stopped",
      "A handler that does not end is the limit",
      { ledger: { processed: 50, unfinished: 50 }, asked: handler("2s"), result: { status: "aborted" } },
      { ledger: { processed: 51, unfinished: 49 }, asked: handler("2s"), result: { status: "aborted" } },
    ],
    [
      "it was stopped in the first half of the load",
      "A handler that does not end is the limit",
      { ledger: { processed: 50, unfinished: 50 }, asked: handler("2s"), result: { status: "aborted" } },
      { ledger: { processed: 50, unfinished: 50 }, asked: handler("1999ms"), result: { status: "aborted" } },
    ],
    [
      "one key is at work nine tenths of the time",
      "The keys are the limit: messages of one key are worked one after another, 1 ÷ 9.00 ms is 111/s, and there is one key",
      { service: 9, batch: 7, asked: { ...ALL_AT_ONCE, keys: { count: 1 } } },
      { service: 8.9, batch: 7, asked: { ...ALL_AT_ONCE, keys: { count: 1 } } },
    ],
    [
      "seven tenths of the time where that was foreseen",
      "The keys are the limit",
      { service: 7, batch: 8, bottleneck: "hot key", asked: { ...ALL_AT_ONCE, keys: { count: 1 } } },
      { service: 6.9, batch: 9, bottleneck: "hot key", asked: { ...ALL_AT_ONCE, keys: { count: 1 } } },
    ],
    [
      "messages of one key keep their order",
      "The keys are the limit",
      { service: 9, batch: 7, asked: { ...ALL_AT_ONCE, keys: { count: 1 } } },
      { service: 9, batch: 7, asked: { ...ALL_AT_ONCE, keys: { count: 1, order: false } } },
    ],
    [
      "three at a time for every two wait for their key",
      "The keys are the limit",
      { service: 9, batch: 6, asked: { ...ALL_AT_ONCE, keys: { count: 1 } } },
      { service: 9, batch: 5.9, asked: { ...ALL_AT_ONCE, keys: { count: 1 } } },
    ],
    [
      "one Worker has a twentieth more of the work by its keys",
      "The keys are the limit: a Worker takes one message after another, 1 ÷ 10.0 ms is 100/s, and one of the 2 Workers has 51 % of the work by its keys, computing 90 % of the time while another computes 85 % of it",
      { mode: "parallel", workers: [0.9, 0.85], ...onThread({ ...ALL_AT_ONCE, keys: { count: 1 } }) },
      { mode: "parallel", workers: [0.9, 0.86], ...onThread({ ...ALL_AT_ONCE, keys: { count: 1 } }) },
    ],
    [
      "it computes nine tenths of the time",
      "The keys are the limit: a Worker takes one message after another",
      { mode: "parallel", workers: [0.9, 0.1], ...onThread({ ...ALL_AT_ONCE, keys: { count: 1 } }) },
      { mode: "parallel", workers: [0.89, 0.1], ...onThread({ ...ALL_AT_ONCE, keys: { count: 1 } }) },
    ],
    [
      "the Workers do not use all their cores",
      "The keys are the limit: a Worker takes one message after another",
      { mode: "parallel", workers: [0.98, 0.91], ...onThread({ ...ALL_AT_ONCE, keys: { count: 1 } }) },
      { mode: "parallel", workers: [0.98, 0.92], ...onThread({ ...ALL_AT_ONCE, keys: { count: 1 } }) },
    ],
    [
      "there is another Worker",
      "The keys are the limit: a Worker takes one message after another",
      { mode: "parallel", workers: [0.9, 0.1], ...onThread({ ...ALL_AT_ONCE, keys: { count: 1 } }) },
      { mode: "parallel", workers: [0.9], ...onThread({ ...ALL_AT_ONCE, keys: { count: 1 } }) },
    ],
    [
      "work that sleeps takes one Worker nine tenths of the time",
      "The keys are the limit: a Worker takes one message after another, 1 ÷ 10.0 ms is 100/s, and one of the 2 Workers has 100 % of the messages by its keys",
      { mode: "parallel", rate: 90, workers: [0, 0], asked: { ...ALL_AT_ONCE, work: { kind: "sleep" }, keys: { count: 1 } } },
      { mode: "parallel", rate: 89, workers: [0, 0], asked: { ...ALL_AT_ONCE, work: { kind: "sleep" }, keys: { count: 1 } } },
    ],
    [
      "half of the time goes by waiting for keys",
      "The keys are what takes time: of 20.0 ms on average, about 10.0 ms was waiting for a state machine",
      { rate: 200, service: 5, batch: 10, sojourn: 20 },
      { rate: 200, service: 5, batch: 9.9, sojourn: 20 },
    ],
    [
      "half a millisecond goes by waiting for keys",
      "The keys are what takes time",
      { rate: 3000, service: 0.1, batch: 0.5, sojourn: 0.7 },
      { rate: 3000, service: 0.1, batch: 0.49, sojourn: 0.7 },
    ],
    [
      "reading held the thread half of the time",
      "The source is the limit: reading held the one thread 50 % of the time",
      { mode: "sync", result: reads(500), asked: { ...ALL_AT_ONCE, ...READING } },
      { mode: "sync", result: reads(499), asked: { ...ALL_AT_ONCE, ...READING } },
    ],
    [
      "nine tenths, where nothing waits",
      "The source is the limit: reading held",
      { mode: "sync", result: reads(900), asked: READING },
      { mode: "sync", result: reads(890), asked: READING },
    ],
    [
      "a full queue held the source up for no more than a fifth of that",
      "The source is the limit",
      { mode: "sync", result: reads(500, 100), asked: { ...ALL_AT_ONCE, ...READING } },
      { mode: "sync", result: reads(500, 101), asked: { ...ALL_AT_ONCE, ...READING } },
    ],
    [
      "no thread computes all the time",
      "The source is the limit",
      { mode: "sync", main: 0.94, held: 0, result: reads(500), asked: { ...ALL_AT_ONCE, ...READING } },
      { mode: "sync", main: 0.95, held: 0, result: reads(500), asked: { ...ALL_AT_ONCE, ...READING } },
    ],
    [
      "its connections read two fifths of the time",
      "The source is the limit: its one connection was reading 50 % of the time",
      { rate: 40, schedule: 10, result: reads(500), asked: { ...ALL_AT_ONCE, ...READING } },
      { rate: 39, schedule: 10, result: reads(500), asked: { ...ALL_AT_ONCE, ...READING } },
    ],
    [
      "half of what clients wait for is the source",
      "The source is the limit",
      { rate: 40, schedule: 10, sojourn: 20, result: reads(500), asked: { load: CLIENTS, ...READING } },
      { rate: 40, schedule: 10, sojourn: 20.1, result: reads(500), asked: { load: CLIENTS, ...READING } },
    ],
    [
      "half of the waiting is for the source",
      "The source is the limit",
      { rate: 40, schedule: 10, sojourn: 30, result: reads(500), asked: { ...ALL_AT_ONCE, ...READING } },
      { rate: 40, schedule: 10, sojourn: 30.1, result: reads(500), asked: { ...ALL_AT_ONCE, ...READING } },
    ],
    [
      "a thread computes nineteen twentieths of the time",
      "One core is the limit: its one event loop was computing 95 % of the time while the machine's 2 cores were 40 % used in all",
      { main: 0.95 },
      { main: 0.949 },
    ],
    [
      "nine tenths where something waits",
      "One core is the limit",
      { main: 0.9, asked: ALL_AT_ONCE },
      { main: 0.95, held: 0.89, asked: ALL_AT_ONCE },
    ],
    ["the run was long enough for shares", "One core is the limit", { main: 0.95, ms: 51 }, { main: 0.95, ms: 50 }],
    [
      "programs compute four fifths of the time",
      "The programs are the limit: the 2 programs were computing 80 % of the time",
      { programs: [0.9, 0.7], cores: 4, asked: ALL_AT_ONCE },
      { programs: [0.9, 0.69], cores: 4, asked: ALL_AT_ONCE },
    ],
    [
      "a program computes nineteen twentieths of the time though nothing waits",
      "The program is the limit: the program was computing 95 % of the time",
      { programs: [0.95] },
      { programs: [0.94] },
    ],
    [
      "programs and threads use four fifths of the cores",
      "All cores are the limit: the 2 programs were computing 60 % of the time",
      { main: 0.4, programs: [0.6, 0.6], asked: ALL_AT_ONCE },
      { main: 0.39, programs: [0.6, 0.6], asked: ALL_AT_ONCE },
    ],
    [
      "Workers on as many cores compute four fifths of the time",
      "All cores are the limit: the 2 Workers were computing 80 % of the time",
      { ...steal, workers: [0.8, 0.8] },
      { ...steal, workers: [0.8, 0.79] },
    ],
    [
      "one computes nineteen twentieths of it though nothing waits",
      "The Workers are the limit: the 2 of them were computing 95 % of the time",
      { ...steal, asked: { work: { kind: "sleep" } }, cores: 3, workers: [0.95, 0.95] },
      { ...steal, asked: { work: { kind: "sleep" } }, cores: 3, workers: [0.94, 0.94] },
    ],
    [
      "there are fewer Workers than cores",
      "The Workers are the limit: the 2 of them",
      { ...steal, cores: 3, workers: [0.8, 0.8] },
      { ...steal, cores: 2, workers: [0.8, 0.8] },
    ],
    [
      "more Workers than cores use four fifths of them",
      "All cores are the limit: the 3 Workers were computing 80 % of what the machine's 2 cores have",
      { ...steal, workers: [0.6, 0.5, 0.5] },
      { ...steal, workers: [0.6, 0.5, 0.49] },
    ],
    [
      "a Worker computes a fifth more than another",
      "1 of 2 Workers is the limit: its keys keep it busy 90 % of the time while another was computing only 70 % of it",
      { ...steal, workers: [0.9, 0.7] },
      { ...steal, workers: [0.9, 0.71] },
    ],
    [
      "a loop that should be free is held nine tenths of the time",
      "The event loop is the limit: it was held 90 % of the time, mostly by waiting that blocks it",
      { held: 0.9 },
      { held: 0.89 },
    ],
    [
      "half of what holds it is computing",
      "The event loop is the limit: it was held 90 % of the time, computing for 45 % of it",
      { held: 0.9, main: 0.45 },
      { held: 0.9, main: 0.44 },
    ],
    [
      "one thread works four fifths of the time",
      "One message at a time is the limit: each takes 10.0 ms, the one thread was computing only 30 % of the time",
      { mode: "sync", rate: 80, asked: ALL_AT_ONCE },
      { mode: "sync", rate: 79, asked: ALL_AT_ONCE },
    ],
    [
      "four fifths of that is computing, though the work also waits",
      "The one thread is close to its limit: it was computing 80 % of the time",
      { mode: "sync", rate: 80, main: 0.8, asked: ALL_AT_ONCE },
      { mode: "sync", rate: 80, main: 0.79, asked: ALL_AT_ONCE },
    ],
    [
      "half of it is computing, where the work never waits",
      "The one thread is close to its limit: it was computing 50 % of the time",
      { mode: "sync", rate: 80, main: 0.5, asked: { ...ALL_AT_ONCE, work: { kind: "cpu" } } },
      { mode: "sync", rate: 80, main: 0.49, asked: { ...ALL_AT_ONCE, work: { kind: "cpu" } } },
    ],
    [
      "work that holds the loop takes four fifths of its time",
      "The thread is the limit: work that holds it is done one message at a time, each 10.0 ms",
      { rate: 80, ...onThread(ALL_AT_ONCE) },
      { rate: 79, ...onThread(ALL_AT_ONCE) },
    ],
    [
      "four fifths of the processors are at work",
      "The number of processors is the limit: 10 at a time ÷ 10.0 ms is 1.00 k/s",
      { rate: 800, asked: { ...ALL_AT_ONCE, async: { concurrency: 10 } } },
      { rate: 799, asked: { ...ALL_AT_ONCE, async: { concurrency: 10 } } },
    ],
    [
      "work computes less than four fifths of a thread's time",
      "The number of processors is the limit",
      { rate: 800, asked: { ...ALL_AT_ONCE, async: { concurrency: 10 }, work: { kind: "mixed", time: "10ms", cpuShare: 0.09 } } },
      { rate: 800, asked: { ...ALL_AT_ONCE, async: { concurrency: 10 }, work: { kind: "mixed", time: "10ms", cpuShare: 0.1 } } },
    ],
    [
      "messages are dropped though less comes than can be done",
      "The queue is the limit: its 10 places overflowed when arrivals came close together",
      { mode: "sync", rate: 50, ledger: { processed: 99, dropped: { newest: 1, oldest: 0 } }, result: { offeredRate: 94 } },
      { mode: "sync", rate: 50, ledger: { processed: 99, dropped: { newest: 1, oldest: 0 } }, result: { offeredRate: 95 } },
    ],
    [
      "no thread is busy",
      "The queue is the limit",
      { mode: "sync", rate: 50, main: 0.79, ledger: { processed: 99, dropped: { newest: 1, oldest: 0 } } },
      { mode: "sync", rate: 50, main: 0.8, ledger: { processed: 99, dropped: { newest: 1, oldest: 0 } } },
    ],
    [
      "a burst is done in nine tenths of the time to the next",
      "The arrivals are the limit: 89 come at once, and each waits for those before it",
      { sojourn: 24, p99: 101, rate: 75, asked: bursts(89) },
      { sojourn: 24, p99: 101, rate: 75, asked: bursts(90) },
    ],
    [
      "one waits on average, the slowest far longer than they take",
      "No single limit shows: messages waited",
      { sojourn: 20, p99: 101 },
      { sojourn: 19.9, p99: 101 },
    ],
    ["the slowest take ten times as long", "No single limit shows: messages waited", { sojourn: 20, p99: 101 }, { sojourn: 20, p99: 100 }],
    [
      "more than a hundredth is left",
      "No single limit shows: messages waited",
      { ledger: { processed: 98, unfinished: 2 } },
      { ledger: { processed: 99, unfinished: 1 } },
    ],
    ["half take ten times their own time", "The arrivals are the limit", { rate: 5, sojourn: 100 }, { rate: 5, sojourn: 100.1 }],
    [
      "messages waited for a fiftieth of the run",
      "No single limit shows: messages waited",
      { result: waited(2, 100) },
      { result: waited(2, 101) },
    ],
    [
      "they waited ten times as long as they take",
      "No single limit shows: messages waited",
      { result: waited(2, 10) },
      { result: waited(2, 10, { p50: 100 }) },
    ],
    ["they waited in two samples and more", "No single limit shows: messages waited", { result: waited(2, 10) }, { result: waited(1, 10) }],
    [
      "one thread was at work four fifths of the time then",
      "One core was the limit at times: for 200 ms messages waited, 101 ms at the median, since for 200 ms 100/s came and 80/s were done, each with 10.0 ms of computing",
      { mode: "sync", rate: 50, ...onThread(), result: waited(2, 10, { processed: 80 }) },
      { mode: "sync", rate: 50, ...onThread(), result: waited(2, 10, { processed: 79 }) },
    ],
    [
      "four fifths of the processors were at work then",
      "The number of processors is the limit at times: 10 at a time ÷ 10.0 ms is 1.00 k/s; for 200 ms messages waited",
      { rate: 500, asked: { async: { concurrency: 10 } }, result: waited(2, 10, { processed: 800 }) },
      { rate: 500, asked: { async: { concurrency: 10 } }, result: waited(2, 10, { processed: 790 }) },
    ],
    [
      "batches that share a cost are full to a twentieth",
      "One core is the limit",
      { ...growing(9.5), asked: COSTLY },
      { ...growing(9.4), asked: COSTLY },
    ],
    [
      "batches share no cost",
      "One core is the limit",
      { ...growing(5), asked: { ...COSTLY, work: { kind: "cpu", time: "10ms" } } },
      { ...growing(5), asked: COSTLY },
    ],
    [
      "more than a hundredth is left of what batches should absorb",
      "One core is the limit",
      { ...growing(5), asked: COSTLY, ledger: { processed: 98, unfinished: 2 } },
      { ...growing(5), asked: COSTLY, ledger: { processed: 99, unfinished: 1 } },
    ],
    [
      "something is dropped that batches should absorb",
      "One core is the limit",
      { ...growing(5), asked: COSTLY, ledger: { processed: 99, dropped: { newest: 1, oldest: 0 } } },
      { ...growing(5), asked: COSTLY },
    ],
    [
      "five wait at a slot that is always used, for longer than it takes them",
      "One message at a time is the limit",
      { mode: "sync", schedule: 50.1 },
      { mode: "sync", schedule: 50 },
    ],
    [
      "there are more clients than slots",
      "One message at a time is the limit",
      { mode: "sync", asked: { load: { executor: "constant-vus", vus: 2, duration: "1s" } } },
      { mode: "sync", asked: { load: { executor: "constant-vus", vus: 1, duration: "1s" } } },
    ],
    [
      "there are half as many more clients as fill the batch",
      "The thread is the limit",
      { ...onThread({ batch: { size: 4 }, load: { executor: "constant-vus", vus: 7, duration: "1s" } }), result: batched(4) },
      { ...onThread({ batch: { size: 4 }, load: { executor: "constant-vus", vus: 6, duration: "1s" } }), result: batched(4) },
    ],
    [
      "the format takes half of a thread's time",
      "The format is the limit: a message is written as json in 5.00 ms",
      { ...steal, asked: { ...ALL_AT_ONCE, work: { kind: "none" } }, workers: [0.1], result: format(5e6) },
      { ...steal, asked: { ...ALL_AT_ONCE, work: { kind: "none" } }, workers: [0.1], result: format(4.9e6) },
    ],
    [
      "it takes half of each Worker's time",
      "The format is the limit",
      { ...steal, asked: { ...ALL_AT_ONCE, work: { kind: "none" } }, workers: [0.1, 0.1], result: format(0, 10e6) },
      { ...steal, asked: { ...ALL_AT_ONCE, work: { kind: "none" } }, workers: [0.1, 0.1], result: format(0, 9.9e6) },
    ],
    [
      "it takes no more than all of the time, which would be measured wrong",
      "The format is the limit",
      { ...steal, asked: { ...ALL_AT_ONCE, work: { kind: "none" } }, workers: [0.1], result: format(10e6) },
      { ...steal, asked: { ...ALL_AT_ONCE, work: { kind: "none" } }, workers: [0.1], result: format(10.1e6) },
    ],
  ])("%s", (_, sentence, at, before) => {
    expect(explained(at)).toStartWith(sentence);
    expect(explained(before)).not.toContain(sentence);
  });

  test("the format is a part of what the lab costs from a tenth of a thread's time on", () => {
    const cost = (encodeNs: number) =>
      explained({ ...steal, asked: { ...ALL_AT_ONCE, work: { kind: "none" } }, workers: [0.1], result: format(encodeNs) });
    expect(cost(1e6)).toStartWith("What the lab itself costs is the limit");
    expect(cost(1e6)).toContain("The format is a part of that: a message is written as json in 1.00 ms");
    expect(cost(0.9e6)).not.toContain("The format");
  });

  test("a batch is waited for from half of the time on, of what it may take to go", () => {
    const waited = (batch: number) =>
      explained({
        batch,
        sojourn: 20,
        service: 1,
        result: batched(1),
        asked: { work: { kind: "cpu" }, batch: { size: 10, timeout: "20ms" } },
      });
    expect(waited(10)).toStartWith(
      "The batch is what takes time: of 20.0 ms on average, 10.0 ms was waiting for it to go (batches went with 1",
    );
    expect(waited(9.9)).toStartWith(
      "The batch is what takes time: of 20.0 ms on average, 9.90 ms was waiting for it to go and for its turn",
    );
    expect(waited(7.9)).not.toContain("The batch is what takes time");
  });
});

describe("what is said beside the limit of messages", () => {
  test("the 99th percentile, where it is more than ten times what messages take", () => {
    expect(explained({ rate: 5, sojourn: 10, p99: 100.1 })).toEndWith(" Waiting made the 99th percentile 100 ms.");
    expect(explained({ rate: 5, sojourn: 10, p99: 100 })).not.toContain("Waiting made");
  });

  test("that work took longer than was asked, by more than a twentieth, where it was asked for a time", () => {
    const predicted = (change: Change) => explained({ main: 0.95, bottleneck: "source", ...change });
    expect(predicted({ service: 10.51 })).toContain("it goes by 10.0 ms of work a message, and here it took 10.5 ms.");
    expect(predicted({ service: 10.49 })).not.toContain("it goes by");
    expect(predicted({ asked: { work: { kind: "cpu", time: 0 } } })).not.toContain("it goes by");
  });

  test("what was not processed, of all that came", () => {
    const left = { processed: 90, failed: 1, rejected: 2, dropped: { newest: 3, oldest: 1 }, unfinished: 3 };
    expect(explained({ ledger: left, main: 0.95 })).toContain(
      "1 of 100 failed, 2 were rejected, 4 were dropped at the full queue and 3 were still undone at the end.",
    );
    expect(explained({ ledger: { processed: 99, rejected: 1 }, main: 0.95 })).toContain("1 of 100 was rejected.");
  });

  test("the memory of what waited, from 5 MB on, and how an unlimited queue grew by more than one a second", () => {
    const held = (highWater: number, growthPerSecond: number, mode: Mode = "async", capacity: number | string = "unlimited") => {
      const { queue } = caseResult({ mode });
      return explained({
        mode,
        result: { queue: { ...queue, highWater, growthPerSecond } },
        asked: { message: { size: "5KB" }, queue: { capacity } },
      });
    };
    const most = "1.00 k waiting messages of 5.00 KB held 5.00 MB at most, of the 1.00 MB that the case took";
    expect(held(1000, 2)).toContain(`${most}; the line grew by 10.0 KB a second.`);
    for (const still of [held(1000, 1), held(1000, 2, "async", 2000)]) expect(still).toContain(`${most}.`);
    for (const none of [held(999, 2), held(1000, 2, "sync")]) expect(none).not.toContain("waiting messages");
  });

  test("what helps where keys are the limit: more of them, or several in place of the busiest", () => {
    const keyed = (keys: object, asked: object = {}, ledger: object = {}) => {
      const load = { load: { executor: "bursts", size: 10_000 } };
      const text = explained({
        service: 10,
        batch: 10,
        rate: 200,
        ledger,
        asked: { ...load, keys, work: { kind: "io" }, async: { concurrency: 100 }, ...asked },
      });
      expect(text).toStartWith("The keys are the limit");
      return text;
    };
    const [more, several] = ["Spreading the work over more keys would help.", "only several keys in place of the busiest would help."];
    expect(keyed({ count: 2 })).toContain(more);
    expect(keyed({ count: 1000, distribution: "zipf", exponent: 3 })).toContain(several);
    // Of keys in turn those that no message is for would not help.
    expect(keyed({ count: 2, distribution: "round-robin" }, {}, { scheduled: 3 })).toContain(more);
    const alike = keyed({ count: 2, distribution: "round-robin" }, {}, { scheduled: 2, processed: 2 });
    for (const advice of [more, several]) expect(alike).not.toContain(advice);
  });
});
