import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkScenario } from "../../../src/scenario/check.ts";
import { figuresIn, isProblem, parseExpectation } from "../../../src/scenario/expectation.ts";
import { listScenarios } from "../../../src/scenario/find.ts";
import { LayeredFile } from "../../../src/scenario/layered-file.ts";
import { loadScenario } from "../../../src/scenario/load.ts";
import { parseOverride } from "../../../src/scenario/overrides.ts";
import { nameProblems } from "../../../src/scenario/rules/expect.ts";
import { YamlFile } from "../../../src/scenario/yaml-file.ts";
import { rounds } from "../../support/campaign.ts";

/** Where and how a text breaks the grammar. */
function problemOf(text: string): string {
  const read = parseExpectation(text);
  return isProblem(read) ? `${read.at}: ${read.rule}, got ${read.got}` : "none";
}

/** The figures of a text as the grammar understands them. */
function namesOf(text: string): string[] {
  const read = parseExpectation(text);
  if (isProblem(read)) throw new Error(read.rule);
  return figuresIn(read).map(({ mode, point, name, field }) =>
    [mode.text, ...point.map((at) => `${at.field.text}=${at.value.text}`), name.text, field.text].join("|"),
  );
}

const WORDS = [
  "sync",
  "async.throughput",
  "machine.cores",
  ".",
  "p(99)",
  "[",
  "load.rate=10",
  "]",
  "(",
  ")",
  "+",
  "-",
  "*",
  "/",
  "<=",
  "~",
  " ",
  "1_0",
  "é",
];

describe("the grammar of expectations", () => {
  test("any text at all is an expectation or a problem that lies in it", () => {
    const soup = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...WORDS), { maxLength: 30 }).map((words) => words.join("")),
    );
    fc.assert(
      fc.property(soup, (text) => {
        const read = parseExpectation(text);
        if (!isProblem(read)) return;
        expect(read.at).toBeGreaterThanOrEqual(0);
        expect(read.at).toBeLessThanOrEqual(text.length);
        expect(read.rule).not.toBe("");
      }),
      { numRuns: rounds(1000) },
    );
  });

  test("a figure has a mode, a name, and what of it is meant", () => {
    expect(namesOf("parallel.throughput > 1.8 * sync.sojourn_ms.p( 99.0 )")).toEqual(["parallel|throughput|", "sync|sojourn_ms|p(99)"]);
  });

  test("a point of the sweep is its fields and their values as written", () => {
    expect(namesOf("async[queue.capacity=10_000, work.kind = cpu].dropped.rate == 0")).toEqual([
      "async|queue.capacity=10_000|work.kind=cpu|dropped|rate",
    ]);
  });

  test("a swept map is one value", () => {
    expect(namesOf('sync[source.latency={"min":"1ms","max":"2ms"}].throughput > 0')).toEqual([
      'sync|source.latency={"min":"1ms","max":"2ms"}|throughput|',
    ]);
  });

  test.each([
    ["", "0: must have a number, a figure such as sync.throughput, machine.cores or ( here, got the end"],
    ["sync.throughput", "15: must compare two sides, with < > <= >= == != or ~, got the end"],
    ["sync.throughput > 1 < 2", "20: must have one comparison; another is an expectation of its own, got <"],
    [
      "sync.throughput > 5ms",
      "18: must be a plain number: times are in milliseconds, rates per second, shares from 0 to 1, memory in bytes, got 5ms",
    ],
    ["(sync.throughput > 1", "17: must close what it opens with ), got >"],
    ["sync > 1", "5: must name a figure of the mode, such as sync.throughput, got >"],
    ["sync[load.rate].throughput > 1", "14: must have = and a value after the swept field, such as [load.rate=100], got ]"],
    ["sync.throughput > 1 sync", "20: must have + - * / or a comparison (< > <= >= == != ~) here, got sync"],
    ["sync.sojourn_ms.p() > 1", "18: must have a percentile in the brackets, such as p(99), got )"],
  ])("%p is refused where it is wrong", (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  test("brackets nested as deep as a text can be are read", () => {
    expect(problemOf(`${"(".repeat(240)}1${")".repeat(240)} < sync.throughput`)).toBe("none");
  });

  test("a text longer than 500 characters is refused", () => {
    expect(problemOf(`1 < ${"-".repeat(600)}sync.throughput`)).toContain("must have at most 500 characters");
  });
});

const SCENARIO = { workload: "message", modes: ["sync", "async"], sweep: { "load.rate": [10, "1_00"] } };

function namedProblems(text: string, scenario: Parameters<typeof nameProblems>[1] = SCENARIO): string[] {
  const read = parseExpectation(text);
  if (isProblem(read)) throw new Error(read.rule);
  return nameProblems(read, scenario).map(({ at, rule, got }) => `${at}: ${rule}, got ${got}`);
}

describe("the names in expectations", () => {
  test.each([
    ["asink.throughput > 1", '0: must be a mode (sync, async) or machine; did you mean "async"?, got asink'],
    ["parallel.throughput > 1", "0: must be a mode that the scenario runs (modes: sync, async), got parallel"],
    ["sync.througput > 1", '5: must be the name of a figure; did you mean "throughput"?, got througput'],
    ["sync.fetch_ok.rate > 1", "5: must be measured in workload message, got fetch_ok"],
    ["sync.dropped.rat > 1", '13: must say which of dropped: count, rate; did you mean "rate"?, got rat'],
    ["sync[load.rat=10].throughput > 1", '5: must be a swept field (load.rate); did you mean "load.rate"?, got load.rat'],
    ["sync[load.rate=11].throughput > 1", '15: must be one of the swept values 10, 1_00; did you mean "10"?, got 11'],
    ["sync[load.rate=10, load.rate=10].throughput > 1", "19: must be named once, got load.rate"],
    ["machine.memory > sync.throughput", "8: must be cores: nothing else is known of the machine, got memory"],
    ["1 < 2", "0: must speak of a figure of a mode, such as sync.throughput, got none"],
  ])("%p names the mistake", (text, problem) => {
    expect(namedProblems(text)).toEqual([problem]);
  });

  test("every mistake is told, not only the first", () => {
    expect(namedProblems("asink.throughput > 2 * sync.througput")).toHaveLength(2);
  });

  test("a swept value may be written in another way than the sweep writes it", () => {
    expect(namedProblems("sync[load.rate=100].throughput > sync[load.rate=1_0].throughput")).toEqual([]);
  });

  test("a figure of times has to say which", () => {
    expect(namedProblems("sync.sojourn_ms > 1")[0]).toStartWith("5: must say which of sojourn_ms: avg, min, max, med, count, p(50)");
  });

  test("without a sweep there is no point to name", () => {
    expect(namedProblems("sync[load.rate=10].throughput > 1", { ...SCENARIO, sweep: {} })).toEqual([
      "5: must be swept, and the scenario has no sweep, got load.rate",
    ]);
  });
});

/** Problems of a scenario that expects this, by place. */
function placed(rule: string, ...flags: readonly string[]): string[] {
  const yaml = YamlFile.parse("s.yaml", `title: T\nmodes: [sync, async]\nsweep: { load.rate: [10, 100] }\nexpect:\n  - ${rule}\n`);
  const checked = checkScenario(flags.map(parseOverride).reduce((below, flag) => below.withFlag(flag), LayeredFile.of(yaml)));
  return checked.ok ? [] : checked.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

describe("expectations in a scenario file", () => {
  test("a mistake is told at its own character", () => {
    expect(placed("{ that: sync.througput > 1 }")).toEqual([
      '5:18: expect.0.that: must be the name of a figure; did you mean "throughput"?, got "througput"',
    ]);
  });

  test("in quotes too", () => {
    expect(placed('"sync.througput > 1"')[0]).toStartWith("5:11: expect.0: must be the name");
  });

  test("in text that is folded, at its beginning", () => {
    expect(placed(">\n     1 <\n     sync.througput")[0]).toStartWith("5:5: expect.0: must be the name");
  });

  test("it may speak of a mode that a flag leaves out this time", () => {
    expect(placed("sync.throughput > async.throughput", "modes=[sync]")).toEqual([]);
  });

  test("it may speak of a point that a flag leaves out this time", () => {
    expect(placed("sync[load.rate=10].throughput > 1", "load.rate=100")).toEqual([]);
  });

  test("what is no comparison is refused", () => {
    expect(placed("3")[0]).toStartWith("5:5: expect.0: must be a comparison of figures");
  });
});

describe("shipped scenarios", () => {
  const shipped = listScenarios("/").listed.filter(({ hypothesis }) => hypothesis !== undefined);

  test.each(shipped.map(({ name, file }) => [name, file]))("%s says what its hypothesis comes to, a sentence each", (_, file) => {
    const { expect: rules = [] } = loadScenario(file);
    expect(rules.length).toBeGreaterThan(0);
    for (const { because = "" } of rules) expect(because).toMatch(/^\S.*\.$/);
  });
});
