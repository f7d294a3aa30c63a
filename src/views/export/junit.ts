import type { ResultComparison } from "../../analysis/compare.ts";
import type { RunResult } from "../../telemetry/result.ts";
import { changedRateLines } from "../report/changed-rates.ts";
import { comparisonTests, NOWHERE, type Places, type RunVerdicts, type TestCase, testsOfRun } from "./test-cases.ts";
import { attributes, foreign } from "./xml.ts";

/** A group of test cases, and what is known of it. */
interface Suite {
  readonly name: string;
  readonly properties: Readonly<Record<string, string | number>>;
  readonly tests: readonly TestCase[];
  readonly ms: number;
  /** ISO 8601; null: not known. */
  readonly timestamp: string | null;
}

/**
 * The verdicts of a run as JUnit XML (https://github.com/testmoapp/junitxml): a test case for each threshold and each hypothesis, as
 * `testsOf` makes them.
 */
export function junitOf(result: RunResult, places: Places = NOWHERE): string {
  return junitOfAll([{ result, places, comparison: null }]);
}

/** The verdicts of several runs, a suite each, with those of their comparisons. */
export function junitOfAll(runs: readonly RunVerdicts[]): string {
  return junitFile(runs.map(suiteOf));
}

/** The verdicts of a comparison: a test case for each figure of each case. */
export function junitOfComparison(comparison: ResultComparison): string {
  const { a, b, rounds, paired, level, margin } = comparison;
  const properties = { a, b, rounds, paired: String(paired), level, margin };
  return junitFile([{ name: `compare ${a} ${b}`, properties, tests: comparisonTests(comparison), ms: 0, timestamp: null }]);
}

function suiteOf(run: RunVerdicts): Suite {
  const { result } = run;
  const { scenario, startedAt, labVersion, machine } = result;
  const changes = changedRateLines(result.cases);
  const properties = {
    title: scenario.title,
    seed: scenario.seed,
    hash: scenario.hash,
    labVersion,
    cpu: machine.cpu,
    cores: machine.cores,
    bun: machine.bun,
    ...(changes.length === 0 ? {} : { rateChanges: changes.join(" ") }),
  };
  const ms = result.cases.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return { name: scenario.name, properties, tests: testsOfRun(run), ms, timestamp: startedAt };
}

function junitFile(suites: readonly Suite[]): string {
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "lab-tui", ...totalsOf(suites) })}>`,
    ...suites.flatMap(suiteLines),
    "</testsuites>",
  ].join("\n")}\n`;
}

function suiteLines(suite: Suite): string[] {
  const { name, properties, tests } = suite;
  return [
    `  <testsuite${attributes({ name, ...totalsOf([suite]) })}>`,
    "    <properties>",
    ...Object.entries(properties).map(([key, value]) => `      <property${attributes({ name: key, value })}/>`),
    "    </properties>",
    ...uniquelyNamed(tests).flatMap((test) => testLines(test, name)),
    "  </testsuite>",
  ];
}

function totalsOf(suites: readonly Suite[]): Readonly<Record<string, string | number | null>> {
  const tests = suites.flatMap((suite) => suite.tests);
  const count = (outcome: TestCase["outcome"]) => tests.filter((test) => test.outcome === outcome).length;
  return {
    ...{ tests: tests.length, failures: count("failure"), errors: count("error"), skipped: count("skipped") },
    time: seconds(suites.reduce((sum, { ms }) => sum + ms, 0)),
    timestamp: suites[0]?.timestamp ?? null,
  };
}

function testLines({ name, outcome, message, details, at, ms }: TestCase, classname: string): string[] {
  const head = `    <testcase${attributes({ name, classname, time: seconds(ms), file: at?.file ?? null, line: at?.line ?? null })}`;
  if (outcome === "passed") return [`${head}/>`];
  if (outcome === "skipped") return [`${head}>`, `      <skipped${attributes({ message })}/>`, "    </testcase>"];
  const text = [...(at === null ? [] : [`${at.file}:${at.line}`]), ...details].map(foreign).join("\n");
  return [`${head}>`, `      <${outcome}${attributes({ message, type: outcome })}>${text}</${outcome}>`, "    </testcase>"];
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** GitLab shows only the first of several test cases with one name. */
function uniquelyNamed(tests: readonly TestCase[]): TestCase[] {
  const taken = new Set<string>();
  return tests.map((test) => {
    let name = test.name;
    for (let i = 2; taken.has(foreign(name)); i++) name = `${test.name} (${i})`;
    taken.add(foreign(name));
    return { ...test, name };
  });
}
