import { counted } from "../../kernel/wording.ts";
import { disturbanceOf } from "../../telemetry/disturbance.ts";
import type { CaseResult, HypothesisResult, RunResult, ThresholdResult } from "../../telemetry/result.ts";
import { wasJudged } from "../../telemetry/verdicts.ts";
import { caseName } from "../report/closing.ts";
import { attributes, foreign } from "./xml.ts";

/** A line of a scenario file, from 1. */
export interface FileLine {
  readonly file: string;
  readonly line: number;
}

/** Where a scenario's thresholds and hypotheses are written; null: not known. */
export interface Places {
  readonly threshold: (threshold: ThresholdResult) => FileLine | null;
  readonly hypothesis: (index: number, hypothesis: HypothesisResult) => FileLine | null;
}

const NOWHERE: Places = { threshold: () => null, hypothesis: () => null };

type Outcome = "passed" | "failure" | "error" | "skipped";

interface TestCase {
  readonly name: string;
  readonly outcome: Outcome;
  readonly message: string;
  /** Further sentences. */
  readonly details: readonly string[];
  readonly at: FileLine | null;
  readonly ms: number;
}

/**
 * The verdicts of a run as JUnit XML (https://github.com/testmoapp/junitxml): a test case for each threshold and each hypothesis. What could
 * not be judged is skipped; what a failed or invalid case would have decided is an error, and so is such a case without thresholds.
 */
export function junitOf(result: RunResult, places: Places = NOWHERE): string {
  const { scenario, startedAt } = result;
  const tests = uniquelyNamed([
    ...result.thresholds.map((threshold) => thresholdTest(result, threshold, places)),
    ...unsoundCases(result),
    ...(result.hypotheses ?? []).map((one, i) => hypothesisTest(one, places.hypothesis(i, one))),
  ]);
  const count = (outcome: Outcome) => tests.filter((test) => test.outcome === outcome).length;
  const counts = { tests: tests.length, failures: count("failure"), errors: count("error"), skipped: count("skipped") };
  const totals = { ...counts, time: seconds(result.cases.reduce((sum, { durationMs }) => sum + durationMs, 0)), timestamp: startedAt };
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "lab-tui", ...totals })}>`,
    `  <testsuite${attributes({ name: scenario.name, ...totals })}>`,
    ...properties(result),
    ...tests.flatMap((test) => testLines(test, scenario.name)),
    "  </testsuite>",
    "</testsuites>",
  ].join("\n")}\n`;
}

function properties({ scenario, labVersion, machine }: RunResult): string[] {
  const known = {
    title: scenario.title,
    seed: scenario.seed,
    hash: scenario.hash,
    labVersion,
    cpu: machine.cpu,
    cores: machine.cores,
    bun: machine.bun,
  };
  return [
    "    <properties>",
    ...Object.entries(known).map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    "    </properties>",
  ];
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

function thresholdTest(result: RunResult, threshold: ThresholdResult, places: Places): TestCase {
  const { case: index, metric, expression, value, ok, tooFew } = threshold;
  const one = result.cases[index];
  const test = {
    name: `${one === undefined ? "" : `${caseName(one)}: `}${metric} ${expression}`,
    at: places.threshold(threshold),
    ms: one?.durationMs ?? 0,
  };
  if (one !== undefined && isUnsound(one)) return { ...test, ...unsound(one) };
  if (!wasJudged(result, threshold))
    return { ...test, outcome: "skipped", message: "judged on nothing: nothing was measured", details: [] };
  const few = tooFew === undefined ? "" : `, with ${counted(Math.floor(tooFew), "item")} beyond that percentile: too few`;
  return {
    ...test,
    outcome: ok ? "passed" : "failure",
    message: `must hold ${metric} ${expression}, got ${Number(value.toPrecision(6))}${few}`,
    details: one === undefined ? [] : [one.explanation, disturbanceOf(one)?.reason ?? ""].filter((text) => text !== ""),
  };
}

function hypothesisTest({ that, sentence, ok, reading, why }: HypothesisResult, at: FileLine | null): TestCase {
  const test = { name: `hypothesis: ${that}`, at, ms: 0, details: sentence === that ? [] : [sentence] };
  if (ok === null) return { ...test, outcome: "skipped", message: `cannot tell: ${why ?? "a figure is missing"}` };
  return { ...test, outcome: ok ? "passed" : "failure", message: `must hold ${that}, got ${reading}` };
}

/** Failed and invalid cases that no threshold speaks of. */
function unsoundCases({ cases, thresholds }: RunResult): TestCase[] {
  return cases.flatMap((one, i) => {
    if (!isUnsound(one) || thresholds.some((threshold) => threshold.case === i)) return [];
    return [{ name: `${caseName(one)}: measurement`, at: null, ms: one.durationMs, ...unsound(one) }];
  });
}

function isUnsound({ status }: CaseResult): boolean {
  return status === "failed" || status === "invalid";
}

function unsound({ status, problems }: CaseResult): Pick<TestCase, "outcome" | "message" | "details"> {
  const [first = "no measurement counts"] = problems;
  return { outcome: "error", message: `the case is ${status}: ${first}`, details: problems };
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
