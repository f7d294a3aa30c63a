import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidScenario } from "../../../src/kernel/problem.ts";
import { temporaryFolder } from "../../../src/kernel/temporary-folder.ts";
import * as header from "../../../src/scenario/header-scalars.ts";
import { LayeredFile } from "../../../src/scenario/layered-file.ts";
import { loadScenario, resolveScenario } from "../../../src/scenario/load.ts";
import { expectedArrivals } from "../../../src/scenario/load-extent.ts";
import { parseOverride } from "../../../src/scenario/overrides.ts";
import * as rule from "../../../src/scenario/rule-scalars.ts";
import * as s from "../../../src/scenario/scalars.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { arrivalEstimate, loadDuration, pacedSpan, rampTotal } from "../../../src/scenario/semantics.ts";
import { axisProblems } from "../../../src/scenario/sweep.ts";
import { YamlFile } from "../../../src/scenario/yaml-file.ts";

/** Where what is taken ends: the last value that is, and the first that is not. */
type Edge = readonly [field: { safeParse(value: unknown): { readonly success: boolean } }, taken: unknown, refused: unknown];

const EDGES: Readonly<Record<string, readonly Edge[]>> = {
  duration: [
    [s.duration(), "1us", "0us"],
    [s.duration(), "30d", "30d1us"],
  ],
  delay: [[s.delay(), "30d", "30d1us"]],
  size: [[s.size(), "1B", "0B"]],
  sizeUpTo: [[s.sizeUpTo(64, "64B"), "64B", "65B"]],
  count: [
    [s.count(9, 3), 9, 10],
    [s.count(9, 3), 3, 2],
    [s.count(), 7, 7.5],
  ],
  positive: [
    [s.positive(9), 9, 9.1],
    [s.positive(9), 1e-9, 0],
  ],
  nonNegative: [
    [s.nonNegative(9), 9, 9.1],
    [s.nonNegative(9), 0, -1e-9],
  ],
  share: [
    [s.share(), 0, -1e-9],
    [s.share(), 1, 1.001],
  ],
  openShare: [
    [s.openShare(), 1e-9, 0],
    [s.openShare(), 0.999, 1],
  ],
  shareOr: [
    [s.shareOr("none"), 0, -1e-9],
    [s.shareOr("none"), 1, 1.001],
    [s.shareOr("none"), "none", "some"],
  ],
  rate: [
    [s.rate(), 1e9, 1_000_000_001],
    [s.rate(), 1e-9, 0],
    [s.rate(), "1000%", "1000.1%"],
    [s.rate(), "0.1%", "0%"],
  ],
  countOr: [
    [s.countOr("unlimited", 9), 9, 10],
    [s.countOr("unlimited", 9), 1, 0],
    [s.countOr("unlimited", 9), 2, 2.5],
    [s.countOr("unlimited", 9), "unlimited", "limited"],
  ],
  text: [
    [s.text(3), "abc", "abcd"],
    [s.text(3), "a", " "],
  ],
  listOf: [
    [s.listOf("a", "b"), ["a", "b"], ["a", "a"]],
    [s.listOf("a", "b"), ["b"], []],
    [s.listOf("a", "b"), ["b"], ["b", "c"]],
  ],
  textList: [
    [s.textList(3), ["abc"], ["abcd"]],
    [s.textList(3), ["a"], []],
    [s.textList(3), ["a", "b"], ["a", " "]],
    [s.textList(3), ["a", "b"], ["a", 5]],
  ],
  delayRange: [
    [s.delayRange(), { min: "5ms", max: "5ms" }, { min: "6ms", max: "5ms" }],
    [s.delayRange(), "30d", "30d1us"],
    [s.delayRange(), { min: 0, max: "1s" }, { min: 0 }],
    [s.delayRange(), { min: 0, max: "1s" }, { max: "1s" }],
    [s.delayRange(), { min: 0, max: "1s" }, { min: 0, max: "1s", mean: "1s" }],
  ],
  countRange: [
    [s.countRange(9), 9, 10],
    [s.countRange(9), 1, 0],
    [s.countRange(9), 2, 2.5],
    [s.countRange(9), { min: 2, max: 2 }, { min: 3, max: 2 }],
  ],
  threshold: [
    [rule.threshold(), "x".repeat(200), "x".repeat(201)],
    [rule.threshold(), "x", ""],
  ],
  expectation: [
    [rule.expectation(), "x".repeat(500), "x".repeat(501)],
    [rule.expectation(), "x", " "],
  ],
  fields: [
    [header.fields(), { "x-a": "b", "x-n": 5 }, { "x-a": "b", "x-b": [] }],
    [header.fields(), { "x-a": "b" }, { "x-a": "b", "x b": "c" }],
    [header.fields(), { "x-a": "b" }, { "x-a": "b", Connection: "c" }],
    [header.fields(), { "x-a": "b" }, { "x-a": "b\nc: d" }],
    [header.fields(), { ["a".repeat(100)]: "" }, { ["a".repeat(101)]: "" }],
    [header.fields(), { a: "b".repeat(4096) }, { a: "b".repeat(4097) }],
    [header.fields(), {}, ["x-a"]],
    [header.fields(), {}, null],
  ],
  flag: [[s.flag(), false, "false"]],
};

describe("C-3 where what a field takes ends", () => {
  for (const [name, edges] of Object.entries(EDGES))
    for (const [field, taken, refused] of edges) {
      test(`${name} takes ${JSON.stringify(taken).slice(0, 40)} and refuses ${JSON.stringify(refused).slice(0, 40)}`, () => {
        expect([field.safeParse(taken).success, field.safeParse(refused).success]).toEqual([true, false]);
      });
    }
});

function refusals(text: string): string[] {
  try {
    resolveScenario(YamlFile.parse("s.yaml", `title: A\n${text}\n`), join(import.meta.dir, "s.yaml"));
    return [];
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    return error.problems.map(({ message }) => message.replace(/: .*/s, ""));
  }
}

const rate = (rest: string) => `load: { executor: constant-arrival-rate, ${rest} }`;
const ramp = (rest: string) => `load: { executor: ramping-arrival-rate, ${rest} }`;
const fetch = (rest: string) => `workload: fetch\nfetch: { ${rest} }`;
const flow = (rest: string) => `workload: flow\nflow: { ${rest} }`;

/** Fields that must fit each other: what just does, what just does not, and the field that is named then. */
const FITS: readonly (readonly [taken: string, refused: string, field: string])[] = [
  [`${rate("rate: 10, duration: 2s")}\nwarmup: 1999ms`, `${rate("rate: 10, duration: 2s")}\nwarmup: 2s`, "warmup"],
  ["load: { executor: bursts, size: 1 }", "load: { executor: bursts, size: 1 }\nwarmup: 1s", "warmup"],
  ["load: { executor: bursts, size: 1000, count: 1_000_000 }", "load: { executor: bursts, size: 1001, count: 1_000_000 }", "load"],
  [rate("rate: 1, duration: 1s"), rate("rate: 0.9, duration: 1s"), "load.rate"],
  [rate("rate: 0.9, duration: 1s, arrivals: poisson"), rate("rate: 0.9, duration: 1s"), "load.rate"],
  [
    ramp("startRate: 1, stages: [{ target: 1, duration: 1s }]"),
    ramp("startRate: 1, stages: [{ target: 0.9, duration: 1s }]"),
    "load.stages",
  ],
  [
    ramp("startRate: 1, stages: [{ target: 9, duration: 0s }, { target: 1, duration: 1s }]"),
    ramp("startRate: 9, stages: [{ target: 9, duration: 0s }]"),
    "load.stages",
  ],
  [
    "load: { executor: constant-vus, vus: 4, duration: 1s }\nqueue: { capacity: 4, overflow: drop-newest }",
    "load: { executor: constant-vus, vus: 5, duration: 1s }\nqueue: { capacity: 4, overflow: drop-newest }",
    "queue.overflow",
  ],
  [
    "load: { executor: constant-vus, vus: 5, duration: 1s }\nqueue: { capacity: 4 }",
    "load: { executor: constant-vus, vus: 5, duration: 1s }\nqueue: { capacity: 4, overflow: drop-oldest }",
    "queue.overflow",
  ],
  ["load: { executor: shared-iterations, vus: 1, iterations: 1 }", "load: { executor: once }", "load.executor"],
  [
    fetch("target: { mock: { errorRate: 0.5, resetRate: 0.5 } }"),
    fetch("target: { mock: { errorRate: 0.5, resetRate: 0.51 } }"),
    "fetch.target.mock",
  ],
  [
    fetch("target: { mock: { stallRate: 0.3, truncateRate: 0.3, slowRate: 0.4 } }"),
    fetch("target: { mock: { stallRate: 0.3, truncateRate: 0.4, slowRate: 0.4 } }"),
    "fetch.target.mock",
  ],
  [fetch("tiles: { count: 4 }"), fetch("tiles: { count: 4 }, urls: [5/1/1]"), "fetch.urls"],
  [fetch("target: { mock: {} }"), fetch("target: { mock: {}, url: 'http://127.0.0.1/{z}' }"), "fetch.target.url"],
  [fetch("concurrency: { min: 3, max: 3 }"), fetch("concurrency: { min: 4, max: 3 }"), "fetch.concurrency.min"],
  [fetch("concurrency: { min: 4, max: unlimited }"), fetch("concurrency: { min: 4, max: 3 }"), "fetch.concurrency.min"],
  [
    fetch("concurrency: { window: sliding, adaptive: aimd }"),
    fetch("concurrency: { window: waves, adaptive: aimd }"),
    "fetch.concurrency.window",
  ],
  [fetch("concurrency: { window: waves }"), fetch("concurrency: { window: waves, adaptive: aimd }"), "fetch.concurrency.window"],
  [fetch("retry: { baseDelay: 2s, maxDelay: 2s }"), fetch("retry: { baseDelay: 2001ms, maxDelay: 2s }"), "fetch.retry.baseDelay"],
  [fetch("rateLimit: { min: 5, initial: 5, max: 5 }"), fetch("rateLimit: { min: 6, initial: 5, max: 9 }"), "fetch.rateLimit.initial"],
  [fetch("rateLimit: { min: 5, initial: 5, max: 5 }"), fetch("rateLimit: { min: 1, initial: 6, max: 5 }"), "fetch.rateLimit.initial"],
  [fetch("fallback: stale, saveTo: ./x"), fetch("fallback: stale"), "fetch.fallback"],
  [fetch("fallback: parent"), fetch("fallback: stale"), "fetch.fallback"],
  [fetch("resume: true, saveTo: ./x"), fetch("resume: true"), "fetch.resume"],
  [fetch("urls: [5/10/12, 24/-1/3, 'https://x/y']"), fetch("urls: [5/10/12, 5/10]"), "fetch.urls.1"],
  [fetch("urls: ['http://x/y']"), fetch("urls: ['ftp://x/y']"), "fetch.urls.0"],
  [fetch("target: { url: 'https://x/{z}/{x}/{-y}' }"), fetch("target: { url: 'https://x/{z}/{w}' }"), "fetch.target.url"],
  [fetch("target: { url: 'https://x/{z}' }"), fetch("target: { url: 'https://{z}.x/' }"), "fetch.target.url"],
  [fetch("target: { url: 'https://x/{z}' }"), fetch("target: { url: 'https://x:8{z}/' }"), "fetch.target.url"],
  [flow("kind: orchestrator, parts: { a: { kind: event-bus } }"), flow("kind: orchestrator"), "flow.kind"],
  [
    flow("kind: orchestrator, parts: { a-1_b: { kind: event-bus } }"),
    flow("kind: orchestrator, parts: { 'a b': { kind: event-bus } }"),
    "flow.parts.a b",
  ],
  [
    flow("kind: orchestrator, parts: { a: { kind: event-bus, work: { kind: none } } }"),
    flow("kind: orchestrator, parts: { a: { kind: event-bus, work: { kind: none, distribution: exponential } } }"),
    "flow.parts.a.work.distribution",
  ],
  ["work: { kind: none }", "work: { kind: none, module: ./x.ts }", "work.module"],
  ["thresholds: { sojourn_ms: ['p(99)<5'] }", "thresholds: { fetch_ok: ['rate>0.5'] }", "thresholds.fetch_ok"],
  ["", "fetch: { tiles: {} }", "fetch"],
  ["", "flow: { kind: event-bus }", "flow"],
  [fetch("tiles: {}"), `${fetch("tiles: {}")}\nflow: { kind: event-bus }`, "flow"],
  [flow("kind: event-bus"), `${flow("kind: event-bus")}\nfetch: { tiles: {} }`, "fetch"],
];

describe("C-3 where what fits each other ends", () => {
  test.each(FITS)("%p is taken, and %p refused at %s", (taken, refused, field) => {
    expect([refusals(taken), refusals(refused)]).toEqual([[], [field]]);
  });

  test("of two lists the second is named, whichever they are", () => {
    expect(refusals(fetch("urls: [5/1/1], urlsFile: ./nowhere.txt"))).toEqual(["fetch.urlsFile"]);
  });

  test("a header that is missing a brace stands as it is", () => {
    expect(refusals(fetch("headers: { a: '{b' }"))).toEqual([]);
  });
});

describe("what a load comes to", () => {
  const of = (load: object, warmup = "0s") => scenarioSchema.parse({ title: "x", load, warmup });
  const stages = [
    { target: 10, duration: "2s" },
    { target: 4, duration: "1s" },
    { target: 4, duration: "3s" },
  ];

  test("a ramp is the area under its rate", () => {
    expect(rampTotal({ startRate: 0, timeUnit: 1e6, stages: [{ target: 10, duration: 2e6 }] })).toBe(10);
    expect(arrivalEstimate(of({ executor: "ramping-arrival-rate", startRate: 0, stages }))).toBeCloseTo(10 + 7 + 12, 6);
  });

  test("a rate is arrivals per its time unit", () => {
    const load = { executor: "constant-arrival-rate", rate: 30, timeUnit: "1m", duration: "2m" };
    expect(arrivalEstimate(of(load))).toBeCloseTo(60, 6);
    expect(arrivalEstimate(of({ ...load, rate: "max" }))).toBeNull();
  });

  test("is as many whole arrivals as are expected, for all that rounding takes away", () => {
    const load = { executor: "constant-arrival-rate", rate: 0.29, duration: "100s" };
    expect([Math.floor((0.29 * 1e8) / 1e6), expectedArrivals(of(load))]).toEqual([28, 29]);
    expect(expectedArrivals(of({ ...load, rate: 0.295 }))).toBe(29);
    expect(expectedArrivals(of({ ...load, rate: "max" }))).toBe(0);
  });

  test("bursts last from the first to the last", () => {
    const load = of({ executor: "bursts", size: 5, count: 4, every: "2s" });
    expect([loadDuration(load), arrivalEstimate(load)]).toEqual([6e6, 20]);
  });

  test("what is paced is so after the warm-up, and never for less than no time", () => {
    const load = { executor: "constant-arrival-rate", rate: 30, duration: "3s" };
    expect(pacedSpan(of(load, "1s"))).toBe(2e6);
    expect(pacedSpan(of(load, "5s"))).toBe(0);
    expect(pacedSpan(of({ executor: "ramping-arrival-rate", startRate: 0, stages }, "1s"))).toBe(5e6);
    expect(pacedSpan(of({ executor: "bursts", size: 5 }))).toBeNull();
  });
});

describe("a sweep", () => {
  test("of as many points as there may be is taken, one more refused", () => {
    const values = (count: number) => Array.from({ length: count }, (_, i) => i + 1).join(", ");
    const wrong = (first: number, second: number) =>
      axisProblems(
        LayeredFile.of(YamlFile.parse("s.yaml", `title: A\nsweep: { seed: [${values(first)}], queue.capacity: [${values(second)}] }\n`)),
      );
    expect(wrong(50, 20)).toEqual([]);
    expect(wrong(77, 13).map(({ message }) => message)).toEqual(["sweep: must make at most 1000 combinations, got 1001"]);
  });

  test("has every combination once, the last field changing fastest", () => {
    const yaml = YamlFile.parse("s.yaml", "title: A\nsweep: { load.rate: [1, 2], queue.capacity: [3, 4, 5] }\n");
    const { points } = resolveScenario(yaml, join(import.meta.dir, "s.yaml"));
    expect(points.map(({ params }) => Object.values(params))).toEqual([
      [1, 3],
      [1, 4],
      [1, 5],
      [2, 3],
      [2, 4],
      [2, 5],
    ]);
    expect<unknown>(points.map(({ scenario: { load, queue } }) => ["rate" in load && load.rate, queue.capacity])).toEqual(
      points.map(({ params }) => Object.values(params)),
    );
  });

  test("is told only what is wrong with its values at the values themselves", () => {
    const sentences = refusals("work: { kind: none, module: ./x.ts }\nsweep: { load.rate: [1, 0] }");
    expect(sentences).toEqual(["work.module", "load.rate"]);
  });

  test("by a flag is told of as the flag's", () => {
    const file = join(temporaryFolder(), "s.yaml");
    writeFileSync(file, "title: A\n");
    try {
      loadScenario(file, [parseOverride("sweep.load.rate=[1, 0]")]);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof InvalidScenario)) throw error;
      expect(error.problems.map(({ line, message }) => [line, message.replace(/:.*/s, "")])).toEqual([[0, "load.rate"]]);
    }
  });
});
