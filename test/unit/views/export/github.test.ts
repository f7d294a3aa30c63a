import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isOnGitHub, tellGitHub, workspace } from "../../../../src/cli/github.ts";
import { annotationsOf, MOST_SUMMARY, stepSummaryOf } from "../../../../src/views/export/github.ts";
import { NOWHERE, type RunVerdicts } from "../../../../src/views/export/test-cases.ts";
import { comparedRun, HOSTILE, hostileRun, reportedRun } from "../../../support/reports.ts";
import { caseResult } from "../../../support/results.ts";

const PLACES = {
  threshold: () => ({ file: "a,b:c/first%.yaml", line: 7 }),
  hypothesis: (i: number) => (i === 1 ? { file: "first.yaml", line: 9 } : null),
};

const told = (change: Partial<RunVerdicts> = {}): RunVerdicts => ({ result: reportedRun(), places: PLACES, comparison: null, ...change });

interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** A workflow command as GitHub's runner reads it (actions/runner, ActionCommand.cs): names, then properties with commas, then the message. */
function read(line: string): Command {
  const [, name = "", properties = "", message = ""] = /^::([a-z]+) (.*?)::(.*)$/.exec(line) ?? [];
  const decoded = (text: string, signs: Readonly<Record<string, string>>) =>
    text.replace(/%[0-9A-F]{2}/g, (code) => signs[code] ?? `unknown ${code}`);
  const data = { "%25": "%", "%0D": "\r", "%0A": "\n" };
  const pairs = properties.split(",").map((pair) => {
    const [key = "", ...value] = pair.split("=");
    return [key, decoded(value.join("="), { ...data, "%3A": ":", "%2C": "," })];
  });
  return { name, properties: Object.fromEntries(pairs), message: decoded(message, data) };
}

describe("annotations of GitHub", () => {
  test("stand on the lines of what failed, errors first", () => {
    expect(annotationsOf(told(), false).map(read)).toEqual([
      {
        name: "error",
        properties: { file: "a,b:c/first%.yaml", line: "7", title: "first: async: throughput value>140" },
        message: "must hold throughput value>140, got 100",
      },
      {
        name: "warning",
        properties: { file: "first.yaml", line: "9", title: "first: hypothesis: async.p99 < 1" },
        message: "must hold async.p99 < 1, got 7 < 1",
      },
      {
        name: "notice",
        properties: { file: "a,b:c/first%.yaml", line: "7", title: "first: parallel: query_ms avg<5" },
        message: "judged on nothing: nothing was measured",
      },
      { name: "notice", properties: { title: "first: hypothesis: parallel.cpu < 1" }, message: "cannot tell: it was disturbed" },
    ]);
  });

  test("hypotheses that do not hold are errors under --strict", () => {
    expect(annotationsOf(told(), true).map((line) => read(line).name)).toEqual(["error", "error", "notice", "notice"]);
  });

  test("name what became worse than the baseline", () => {
    const worse = annotationsOf(told({ comparison: comparedRun() }), false).map(read);
    expect(worse.filter(({ name }) => name === "error").map(({ properties }) => properties["title"])).toEqual([
      "first: async: throughput value>140",
      "first: sync: throughput",
    ]);
  });

  test("hostile names end no property, no command and no line", () => {
    const tricky = "50%::error file=x,line=1::y\r\n::stop-commands::z";
    const run = reportedRun();
    const thresholds = run.thresholds.map((one) => ({ ...one, expression: tricky }));
    const lines = [hostileRun(), { ...run, thresholds }].flatMap((result) => annotationsOf(told({ result }), true));
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      expect(line).toMatch(/^::(error|notice) [^\r\n]*$/);
      const { properties } = read(line);
      expect(Object.keys(properties).filter((key) => !["file", "line", "title"].includes(key))).toEqual([]);
    }
    const [first] = lines.map(read).filter(({ properties }) => properties["title"]?.includes("50%"));
    expect(first?.properties["title"]).toContain("throughput 50%::error file=x,line=1::y");
    expect(first?.properties["file"]).toBe("a,b:c/first%.yaml");
  });
});

describe("the summary of a step", () => {
  test("has a chart, the table of cases, thresholds and the comparison with the baseline", () => {
    const text = stepSummaryOf([told({ comparison: comparedRun() })]);
    expect(text).toStartWith("## A title\n\n**1 threshold failed.** 3 cases, seed 7, a\n\n```mermaid\nxychart-beta\n");
    expect(text).toContain(
      '  x-axis ["sync", "async", "parallel"]\n  y-axis 0 --> 110\n  bar [50, 100, 80]\n  line [100, 100, 100]\n```\n',
    );
    expect(text).toContain("| sync | 50/s | 0.50 × |");
    expect(text).toContain("- ✗ failed");
    expect(text).toContain("| throughput | 100/s | 90/s | −10 % | −12 % and −8 % | worse |");
  });

  test("hostile names end no string of the chart, no fence and no table cell", () => {
    const hostile = 'a"]\n  bar [1]\n```\n| x `;%%{init}%%';
    const run = reportedRun();
    const cases = run.cases.map((one) => ({ ...one, params: { "keys.count": hostile } }));
    const text = stepSummaryOf([told({ result: { ...run, cases } })]);
    const [, chart = ""] = /```mermaid\n([\s\S]*?)\n```/.exec(text) ?? [];
    expect(chart.split("\n").map((line) => line.trim().split(" ")[0])).toEqual([
      "xychart-beta",
      "title",
      "x-axis",
      "y-axis",
      "bar",
      "line",
    ]);
    expect(chart.match(/"/g)).toHaveLength(2 + 2 * 3);
    expect(text.split("```")).toHaveLength(3);
    const outside = stepSummaryOf([told({ result: hostileRun(), comparison: comparedRun(HOSTILE) })]).replace(/`` .*? ``|@<!-- -->/g, "");
    expect(outside).not.toMatch(/(?<!\\)</);
  });

  test("has no more bars than a chart has room for", () => {
    const cases = Array.from({ length: 70 }, (_, i) => caseResult({ mode: "sync", processed: i }));
    const text = stepSummaryOf([told({ result: reportedRun({ cases, thresholds: [] }), places: NOWHERE })]);
    const [, bars = ""] = /bar \[(.*)\]/.exec(text) ?? [];
    expect(bars.split(",")).toHaveLength(20);
    expect(text).toContain("50 cases more are not in the chart.");
  });

  test("is cut to the bytes that there is room for, outside of a chart, and says so", () => {
    expect(MOST_SUMMARY).toBe(1024 * 1024);
    const text = stepSummaryOf(new Array(50).fill(told()), 20_000);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(20_000);
    expect(Buffer.byteLength(text)).toBeGreaterThan(19_000);
    expect(text).toEndWith("*Cut: the rest has no room in a summary of GitHub.*\n");
    for (const room of [100, 150, 200, 260, 400]) {
      const short = stepSummaryOf([told()], room);
      expect(Buffer.byteLength(short)).toBeLessThanOrEqual(room);
      expect((short.split("```").length - 1) % 2).toBe(0);
    }
    expect(stepSummaryOf([told()], 10)).toBe("");
  });
});

describe("on GitHub", () => {
  test("is where GITHUB_ACTIONS is true, or where it was asked for", () => {
    expect([isOnGitHub({}, { GITHUB_ACTIONS: "true" }), isOnGitHub({ github: true }, {})]).toEqual([true, true]);
    expect([isOnGitHub({}, {}), isOnGitHub({}, { GITHUB_ACTIONS: "1" })]).toEqual([false, false]);
    expect(workspace({ GITHUB_WORKSPACE: "/w" })).toBe("/w");
  });

  test("the summary is added to what the step has written, and a file that cannot be written is a warning", () => {
    const folder = mkdtempSync(join(tmpdir(), "lab-tui-test-"));
    const file = join(folder, "summary.md");
    writeFileSync(file, "# Before\n");
    const said: string[] = [];
    tellGitHub([told()], false, (line) => said.push(line), { GITHUB_STEP_SUMMARY: file });
    expect(readFileSync(file, "utf8")).toBe(`# Before\n${stepSummaryOf([told()])}`);
    expect(said).toEqual(annotationsOf(told(), false));
    tellGitHub([told()], false, (line) => said.push(line), { GITHUB_STEP_SUMMARY: folder });
    expect(said.at(-1)).toMatch(/^warning: the step's summary \(.*\) cannot be written: /);
    rmSync(folder, { recursive: true });
  });
});
