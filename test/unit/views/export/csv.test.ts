import { describe, expect, test } from "bun:test";
import { metricNames } from "../../../../src/telemetry/metrics.ts";
import { csvCell, csvOf } from "../../../../src/views/export/csv.ts";
import { hostileRun, reportedRun } from "../../../support/reports.ts";
import { caseResult, runResult } from "../../../support/results.ts";

/** Cells of each line, as RFC 4180 defines them. */
function parsed(text: string): string[][] {
  const lines: string[][] = [];
  let cells: string[] = [];
  for (const [, quoted, bare = "", end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    cells.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    lines.push(cells);
    cells = [];
  }
  return lines;
}

describe("a run as CSV", () => {
  test("has one heading, and a line for each figure of each case", () => {
    const [heading, ...lines] = parsed(csvOf(reportedRun()));
    expect(heading).toEqual(["run", "scenario", "mode", "params", "metric", "field", "value"]);
    expect(lines).toContainEqual(["2026-01-01T00:00:00.000Z", "first", "async", "", "throughput", "value", "100"]);
    expect(lines).toContainEqual(["2026-01-01T00:00:00.000Z", "first", "sync", "", "sojourn_ms", "p(99)", "7"]);
    expect(lines).toContainEqual(["2026-01-01T00:00:00.000Z", "first", "sync", "", "throughput", "predicted", "100"]);
    const told = new Set(lines.map(([, , , , metric]) => metric));
    expect([...metricNames("message")].filter((name) => !told.has(name))).toEqual([]);
  });

  test("has an empty value where too few items bear a percentile", () => {
    const one = caseResult({ mode: "sync" });
    const latency = { ...one.latency, sojourn: { ...one.latency.sojourn, count: 100 } };
    const lines = parsed(csvOf(runResult([{ ...one, latency }])));
    const value = (field: string) => lines.find((cells) => cells[4] === "sojourn_ms" && cells[5] === field)?.[6];
    expect([value("count"), value("p(99)")]).toEqual(["100", ""]);
  });

  test("tells the cases whose figures do not count", () => {
    const lines = parsed(csvOf(runResult([caseResult({ mode: "sync" }), caseResult({ mode: "async", status: "invalid" })])));
    expect(lines.filter((cells) => cells[4] === "valid").map((cells) => cells[6])).toEqual(["1", "0"]);
  });

  test("keeps its shape whatever the names are, and no cell is a formula", () => {
    const lines = parsed(csvOf(hostileRun()));
    expect(new Set(lines.map(({ length }) => length))).toEqual(new Set([7]));
    expect(lines[1]?.[1]).toStartWith(`'=cmd|"'<script>`);
    expect(csvOf(hostileRun())).not.toContain("\u001b");
  });
});

describe("a cell", () => {
  test.each([
    ["=1+1", "'=1+1"],
    ["+x", "'+x"],
    ["-x", "'-x"],
    ["@x", "'@x"],
    ["\tx", "'\tx"],
    ["\rx", '"\'\rx"'],
    ["-1.5", "-1.5"],
    ["+3e9", "+3e9"],
    ["a,b", '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ["a\nb", '"a\nb"'],
    ["plain", "plain"],
  ])("%j is written %j", (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  test("numbers are written with all their digits, and nothing for none", () => {
    expect([csvCell(-0.1234567890123), csvCell(null)]).toEqual(["-0.1234567890123", ""]);
  });
});
