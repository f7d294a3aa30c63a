import { describe, expect, test } from "bun:test";
import type { ResultComparison } from "../../../../src/analysis/compare.ts";
import type { RunResult } from "../../../../src/telemetry/result.ts";
import { junitOf, junitOfAll, junitOfComparison } from "../../../../src/views/export/junit.ts";
import { NOWHERE } from "../../../../src/views/export/test-cases.ts";
import { comparedRun, HOSTILE, hostileRun, reportedRun } from "../../../support/reports.ts";
import { caseResult } from "../../../support/results.ts";

/** Elements with their attributes and children, as https://github.com/testmoapp/junitxml lists them; `!`: required. */
const SCHEMA: Readonly<Record<string, { readonly attributes: string; readonly children: string }>> = {
  testsuites: { attributes: "name tests failures errors skipped assertions time timestamp", children: "testsuite" },
  testsuite: {
    attributes: "name! tests failures errors skipped assertions time timestamp file",
    children: "properties testcase system-out system-err testsuite",
  },
  properties: { attributes: "", children: "property" },
  property: { attributes: "name! value", children: "" },
  testcase: {
    attributes: "name! classname! assertions time file line",
    children: "skipped failure error properties system-out system-err",
  },
  skipped: { attributes: "message", children: "" },
  failure: { attributes: "message type", children: "" },
  error: { attributes: "message type", children: "" },
};

/**
 * The same of Jenkins (xunit-plugin, junit-10.xsd), with what other readers know beside it: lines of files, and totals of all suites. In its
 * order; a test case has one outcome.
 */
const JENKINS: typeof SCHEMA = {
  testsuites: { attributes: "name time tests failures errors skipped timestamp", children: "testsuite" },
  testsuite: {
    attributes: "name! tests! failures! errors! group time skipped timestamp hostname id package file log url",
    children: "properties testcase system-out system-err",
  },
  properties: { attributes: "", children: "property" },
  property: { attributes: "name! value!", children: "" },
  testcase: { attributes: "name! time classname group file line", children: "skipped error failure" },
  skipped: { attributes: "type message", children: "" },
  failure: { attributes: "type message", children: "" },
  error: { attributes: "type message", children: "" },
};

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const REFERENCES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', "#39": "'" };

function decoded(text: string): string {
  // Whatever is left over is no markup that this reader knows.
  expect(text.replace(/&(lt|gt|amp|quot|#39);/g, "")).not.toMatch(/[<&]/);
  return text.replace(/&(lt|gt|amp|quot|#39);/g, (_, name: string) => REFERENCES[name] ?? "");
}

/** Reads XML without comments, CDATA and namespaces; fails at what is not well-formed. */
function parsed(xml: string): Element {
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
  expect(xml).toStartWith(head);
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  const body = xml.slice(head.length);
  let at = 0;
  for (const match of body.matchAll(/<(\/?)([a-z-]+)((?: [a-zA-Z]+="[^"<]*")*)(\/?)>/g)) {
    const [whole, closes, name = "", attributes = "", empty] = match;
    const parent = open.at(-1) as Element;
    parent.text += decoded(body.slice(at, match.index)).trim();
    at = match.index + whole.length;
    if (closes === "/") {
      expect(open.pop()?.name).toBe(name);
      continue;
    }
    const pairs = [...attributes.matchAll(/ ([a-zA-Z]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, decoded(value)] as const);
    expect(new Set(pairs.map(([key]) => key)).size).toBe(pairs.length);
    const element: Element = { name, attributes: Object.fromEntries(pairs), children: [], text: "" };
    parent.children.push(element);
    if (empty !== "/") open.push(element);
  }
  expect([open.length, body.slice(at).trim(), root.children.length]).toEqual([1, "", 1]);
  return root.children[0] as Element;
}

function problemsOf({ name, attributes, children }: Element, schema = SCHEMA): string[] {
  const known = schema[name];
  if (known === undefined) return [`<${name}> is unknown`];
  const listed = known.attributes.split(" ").filter((one) => one !== "");
  const allowed = listed.map((one) => one.replace("!", ""));
  const required = listed.filter((one) => one.endsWith("!")).map((one) => one.slice(0, -1));
  return [
    ...Object.keys(attributes)
      .filter((one) => !allowed.includes(one))
      .map((one) => `${name}@${one} is unknown`),
    ...required.filter((one) => attributes[one] === undefined).map((one) => `${name}@${one} is missing`),
    ...children.filter((one) => !known.children.split(" ").includes(one.name)).map((one) => `${name}/${one.name} is unknown`),
    ...children.flatMap((child) => problemsOf(child, schema)),
  ];
}

/** What Jenkins would object to: its schema, the order and number of elements, numbers and times. */
function jenkinsProblems(root: Element): string[] {
  const suites = root.children;
  const tests = suites.flatMap(({ children }) => children.filter(({ name }) => name === "testcase"));
  const numbers = [root, ...suites].flatMap(({ attributes }) =>
    ["tests", "failures", "errors", "skipped"].map((name) => attributes[name] ?? ""),
  );
  const times = [root, ...suites, ...tests].map(({ attributes }) => attributes["time"] ?? "");
  return [
    ...problemsOf(root, JENKINS),
    ...suites.filter(({ children }) => children.findLastIndex(({ name }) => name === "properties") > 0).map(() => "properties come first"),
    ...tests.filter(({ children }) => children.length > 1).map(() => "several outcomes"),
    ...numbers.filter((text) => !/^\d+$/.test(text)).map((text) => `${text} is no number`),
    ...times.filter((text) => !/^\d+\.\d{3}$/.test(text)).map((text) => `${text} is no time`),
  ];
}

function testcases(
  result: RunResult,
): { readonly name: string; readonly outcome: string; readonly message: string; readonly element: Element }[] {
  const suite = parsed(junitOf(result)).children[0] as Element;
  return suite.children
    .filter(({ name }) => name === "testcase")
    .map((element) => {
      const [child] = element.children;
      return {
        name: element.attributes["name"] ?? "",
        outcome: child?.name ?? "passed",
        message: child?.attributes["message"] ?? "",
        element,
      };
    });
}

const outcomes = (result: RunResult) => testcases(result).map(({ name, outcome }) => [name, outcome]);

describe("a run as JUnit XML", () => {
  test("has the structure that the schema names, with matching counts", () => {
    const root = parsed(junitOf(reportedRun()));
    expect(problemsOf(root)).toEqual([]);
    expect(jenkinsProblems(root)).toEqual([]);
    const counts = { tests: "6", failures: "2", errors: "0", skipped: "2", time: "3.000", timestamp: "2026-01-01T00:00:00.000Z" };
    expect(root.attributes).toEqual({ name: "lab-tui", ...counts });
    expect(root.children[0]?.attributes).toEqual({ name: "first", ...counts });
  });

  test("has a test case for each threshold and each hypothesis", () => {
    expect(outcomes(reportedRun())).toEqual([
      ["sync: throughput value>40", "passed"],
      ["async: throughput value>140", "failure"],
      ["parallel: query_ms avg<5", "skipped"],
      ["hypothesis: async.throughput > sync.throughput", "passed"],
      ["hypothesis: async.p99 < 1", "failure"],
      ["hypothesis: parallel.cpu < 1", "skipped"],
    ]);
    const messages = testcases(reportedRun()).map(({ message }) => message);
    expect(messages.filter((message) => message !== "")).toEqual([
      "must hold throughput value>140, got 100",
      "judged on nothing: nothing was measured",
      "must hold async.p99 < 1, got 7 < 1",
      "cannot tell: it was disturbed",
    ]);
  });

  test("has errors for the thresholds of cases without a measurement that counts, and for such a case without thresholds", () => {
    const [first] = reportedRun().cases;
    const cases = ["failed", "invalid"] as const;
    const run = reportedRun({
      cases: cases
        .map((status) => caseResult({ mode: "sync", status, problems: ["It broke."] }))
        .concat(first === undefined ? [] : [caseResult({ mode: "async" })]),
      thresholds: [{ case: 0, metric: "throughput", expression: "value>40", value: 0, ok: true }],
      hypotheses: [],
    });
    expect(outcomes(run)).toEqual([
      ["sync: throughput value>40", "error"],
      ["sync: measurement", "error"],
    ]);
    expect(testcases(run).map(({ message }) => message)).toEqual(["the case is failed: It broke.", "the case is invalid: It broke."]);
  });

  test("names the line of the scenario where it is known", () => {
    const places = {
      threshold: () => ({ file: "a/first.yaml", line: 7 }),
      hypothesis: (i: number) => (i === 0 ? { file: "a/first.yaml", line: 9 } : null),
    };
    const suite = parsed(junitOf(reportedRun(), places)).children[0] as Element;
    const cases = suite.children.filter(({ name }) => name === "testcase");
    expect(cases.map(({ attributes: { file, line } }) => [file, line])).toEqual([
      ...new Array(3).fill(["a/first.yaml", "7"]),
      ["a/first.yaml", "9"],
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(cases[1]?.children[0]?.text).toBe("a/first.yaml:7\nBecause.");
  });

  test("has no two test cases of one name", () => {
    const threshold = { case: 0, metric: "throughput", expression: "value>40", value: 50, ok: true };
    expect(outcomes(reportedRun({ thresholds: [threshold, threshold, threshold], hypotheses: [] })).map(([name]) => name)).toEqual([
      "sync: throughput value>40",
      "sync: throughput value>40 (2)",
      "sync: throughput value>40 (3)",
    ]);
  });

  test("hostile names are text, without what XML forbids", () => {
    const xml = junitOf(hostileRun());
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    expect(xml).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\ufffe\uffff]/);
    expect(problemsOf(parsed(xml))).toEqual([]);
    expect(jenkinsProblems(parsed(xml))).toEqual([]);
    expect(testcases(hostileRun())[0]?.element.attributes["classname"]).toStartWith(`=cmd|"'<script>alert(1)</script>]]>&amp; *b*`);
  });
});

describe("several runs", () => {
  test("are suites of their own, and their numbers are those of all", () => {
    const root = parsed(junitOfAll([reportedRun(), reportedRun()].map((result) => ({ result, places: NOWHERE, comparison: null }))));
    expect(jenkinsProblems(root)).toEqual([]);
    expect(root.attributes).toMatchObject({ tests: "12", failures: "4", errors: "0", skipped: "4", time: "6.000" });
    expect(root.children.map(({ attributes }) => attributes["tests"])).toEqual(["6", "6"]);
  });
});

describe("a comparison as JUnit XML", () => {
  const outcomesOf = (comparison: ResultComparison) => {
    const root = parsed(junitOfComparison(comparison));
    expect([problemsOf(root), jenkinsProblems(root)]).toEqual([[], []]);
    const tests = root.children.flatMap(({ children }) => children.filter(({ name }) => name === "testcase"));
    return tests.map(({ attributes, children: [child] }) => [attributes["name"], child?.name ?? "passed", child?.attributes["message"]]);
  };

  test("worse is a failure, what cannot be told is skipped and says what would tell", () => {
    expect(outcomesOf(comparedRun())).toEqual([
      ["sync: throughput", "failure", "worse: 100/s → 90/s, −10 % (between −12 % and −8 %); changes within ±1 % do not matter"],
      ["sync: sojourn_p99", "passed", undefined],
      ["async: throughput", "skipped", "cannot tell: the smallest change this could have found is 4 %; about 128 rounds in all would tell"],
    ]);
  });

  test("a side that is invalid is an error", () => {
    const [first] = outcomesOf({ ...comparedRun(), valid: false, notes: ["A: left out 1 invalid case"] });
    expect(first).toEqual(["measurement", "error", "a case of A or B is invalid or has failed"]);
  });

  test("hostile names are text", () => {
    expect(outcomesOf({ ...comparedRun(HOSTILE), a: HOSTILE, b: HOSTILE, notes: [HOSTILE] })).toHaveLength(3);
  });
});
