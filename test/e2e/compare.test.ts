import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResultComparison } from "../../src/analysis/compare.ts";
import type { CaseResult, RunResult } from "../../src/telemetry/result.ts";
import { lab, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const SCENARIO = join(folder, "quick.yaml");
writeFileSync(SCENARIO, "title: Quick\nmodes: [sync]\nload: { executor: bursts, size: 200 }\nwork: { kind: none }\n");

const BASE = join(folder, "base.json");
let base: RunResult;

/** A result file of eight repeats of a real case, with these throughputs. */
function repeats(name: string, throughput: (repeat: number) => number, change: (one: CaseResult) => object = () => ({})): string {
  const [one] = base.cases;
  if (one === undefined) throw new Error("no case");
  const cases = Array.from({ length: 8 }, (_, repeat) => ({
    ...one,
    disturbed: null,
    repeat,
    throughput: throughput(repeat),
    ...change(one),
  }));
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ ...base, cases }));
  return file;
}

beforeAll(async () => {
  expect((await lab(["run", SCENARIO, "-q", "--json", BASE])).code).toBe(0);
  base = JSON.parse(readFileSync(BASE, "utf8")) as RunResult;
});

const steady = (repeat: number) => 1000 + 7 * repeat;
const slower = (repeat: number) => steady(repeat) * (0.9 + repeat / 1e4);

describe("compare", () => {
  test("a kept run with its own file: single runs cannot tell, and the table says why", async () => {
    const { code, stdout, stderr } = await lab(["compare", "last", BASE]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toStartWith(`A  last\nB  ${BASE}\n1 round`);
    expect(stdout).toMatch(/throughput +\S+ k?\/?\S* +.*cannot tell/);
    expect(stdout).toContain("throughput: a single run on a side tells no change from chance; 8 rounds of each would");
  });

  test("repeats with a change: ratio, interval and verdict, in words and as JSON; --fail-on-regression is 98", async () => {
    const [a, b] = [repeats("a", steady), repeats("b", slower)];
    const table = await lab(["compare", a, b, "--metrics", "throughput"]);
    expect([table.code, table.stderr]).toEqual([0, ""]);
    expect(table.stdout).toContain("8 rounds in pairs; changes within ±1 % do not matter (the default)");
    expect(table.stdout).toMatch(/throughput {2}1\.02 k\/s {2}922\/s {3}−10 % {2}−10 % and −9\.9 % {2}worse/);
    const { code, stdout } = await lab(["compare", a, b, "--metrics", "throughput,dropped", "--json", "--fail-on-regression"]);
    expect(code).toBe(98);
    const { comparisons, ...head } = JSON.parse(stdout) as ResultComparison;
    expect(head).toEqual({
      schemaVersion: 1,
      a,
      b,
      paired: true,
      rounds: 8,
      level: 0.95,
      margin: 0.01,
      marginFrom: "default",
      information: [],
      valid: true,
      notes: [],
    });
    expect(comparisons.map(({ metric, verdict }) => [metric, verdict])).toEqual([
      ["throughput", "worse"],
      ["dropped", "same"],
    ]);
    expect((await lab(["compare", b, a, "--fail-on-regression"])).code).toBe(0);
  });

  test("a run is saved as a baseline, which later runs are compared with", async () => {
    expect(await lab(["run", SCENARIO, "-q", "--no-store", "--save-baseline", "main"])).toMatchObject({ code: 0, stderr: "" });
    const { code, stdout } = await lab(["run", SCENARIO, "--headless", "--no-store", "--baseline", "main", "--fail-on-regression"]);
    expect(code).toBe(0);
    expect(stdout).toContain("A  baseline:main\nB  this run\n1 round");
  });

  test("rounds that scatter cannot tell: the smallest change they could have found, and how many would tell", async () => {
    const scattered = (repeat: number) => steady(repeat) * (1 + (repeat % 2 === 0 ? 0.04 : -0.04));
    const { stdout } = await lab(["compare", repeats("a", steady), repeats("c", scattered), "--metrics", "throughput"]);
    expect(stdout).toMatch(/\n {2}throughput: the smallest change this could have found is 4 %; about 1\d\d rounds in all would tell\n/);
  });

  test("--margin is the least change of interest", async () => {
    const [a, b] = [repeats("a", steady), repeats("b", slower)];
    const { code, stdout } = await lab(["compare", a, b, "--metrics", "throughput", "--margin", "15%", "--fail-on-regression", "--json"]);
    const { margin, marginFrom, comparisons } = JSON.parse(stdout) as ResultComparison;
    expect([code, margin, marginFrom, comparisons[0]?.verdict]).toEqual([0, 0.15, "flag", "same"]);
  });

  test("an invalid case is 97, before 98", async () => {
    const [a, b] = [repeats("a", steady), repeats("bad", slower, () => ({ status: "invalid" }))];
    const { code, stdout } = await lab(["compare", a, b, "--fail-on-regression"]);
    expect([code, stdout]).toEqual([97, expect.stringContaining("B: left out 8 invalid cases.")]);
  });

  test("results that are unlike are refused, all differences told; --anyway compares and tells them", async () => {
    const other = join(folder, "other.json");
    writeFileSync(other, JSON.stringify({ ...base, labVersion: "9.9.9", scenario: { ...base.scenario, seed: 77 } }));
    const refused = await lab(["compare", BASE, other]);
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toMatch(/^The seed differs: A has 1, B 77\nThe version of lab-tui differs: A has \S+, B 9\.9\.9\n.*--anyway/);
    const compared = await lab(["compare", BASE, other, "--anyway"]);
    expect([compared.code, compared.stdout]).toEqual([0, expect.stringContaining("The seed differs: A has 1, B 77.")]);
  });

  test("a run with --repeat is estimated, and is compared in pairs with one of the same rounds", async () => {
    const file = join(folder, "repeated.json");
    const { code, stdout, stderr } = await lab(["run", SCENARIO, "--repeat", "2", "--json", file]);
    expect(code).toBe(0);
    expect(stderr).toContain("warning: 2 repeats cannot bear an interval of 95 %: by ranks it takes at least 6.");
    expect(stdout).toMatch(/\nover repeats +n +done\/s .*\n.*\nsync +2 /);
    const result = JSON.parse(readFileSync(file, "utf8")) as RunResult;
    expect([result.cases.map(({ repeat }) => repeat), result.repeats?.map(({ n }) => n)]).toEqual([[0, 1], [2]]);
    const { paired, rounds } = JSON.parse((await lab(["compare", "last", file, "--json"])).stdout) as ResultComparison;
    expect([paired, rounds]).toEqual([true, 2]);
  });

  test("scenarios are run side by side in rounds on one tape, and their arms are kept as runs", async () => {
    const args = ["compare", SCENARIO, "--with", "message.updates={min: 2, max: 2}", "--rounds", "6", "--reruns", "0", "--json"];
    const { code, stdout, stderr } = await lab(args);
    expect(code).toBe(0);
    const comparison = JSON.parse(stdout) as ResultComparison;
    expect(comparison).toMatchObject({ a: SCENARIO, paired: true, valid: true, gate: { mostReruns: 0, reruns: { a: 0, b: 0 } } });
    expect(comparison.b).toBe(`${SCENARIO} with message.updates={min: 2, max: 2}`);
    expect(comparison.notes).toContain("A and B ran in turn, in an order shuffled by seed 1");
    expect(comparison.information.map(({ metric }) => metric)).toEqual(["service_p50", "cpu_per_item"]);
    const told = stderr.match(/\[round \d\/6 [AB] sync\]/g) ?? [];
    expect(told).toHaveLength(12);
    expect(new Set(told).size).toBe(12);
    const runs = JSON.parse((await lab(["runs", "--json"])).stdout) as { readonly cases: number }[];
    expect(runs.slice(0, 2).map(({ cases }) => cases)).toEqual([6, 6]);
  });

  test.each([
    ["no B", ["last"], "B is missing"],
    ["no run", ["last", "nothing-of-the-kind"], "There is no run"],
    ["a scenario with a run", [SCENARIO, "last"], '"last" is no scenario; two scenarios are compared, or two runs'],
    ["a scenario alone", [SCENARIO], "B is missing; another scenario, or --with path=value"],
    ["no baseline", ["baseline:x", "last"], 'There is no baseline "x"'],
    ["rounds", ["last", "last", "--rounds", "8"], "--rounds is for scenarios"],
    ["a change for B", ["last", "--with", "seed=2"], "--with is for scenarios"],
    ["a self-check of a run", ["last", "--self-check"], '"last" is no scenario'],
    ["a format", ["last", "last", "--format", "pdf"], "Allowed choices are html, markdown, json, junit"],
    ["a file that cannot be written", ["last", "last", "-o", "/nowhere/x.md"], "--out: /nowhere/x.md cannot be written"],
    ["a figure that there is not", ["last", "last", "--metrics", "throughptu"], 'no figure "throughptu" can be compared; did you mean'],
    ["a figure with no better side", ["last", "last", "--metrics", "offered_rate"], "can be compared"],
    ["a margin", ["last", "last", "--margin", "much"], "--margin: must be a share"],
    ["a margin of everything", ["last", "last", "--margin", "100%"], "--margin: must be a share"],
  ])("%s is refused", async (_, args, part) => {
    const { code, stdout, stderr } = await lab(["compare", ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(part);
  });
});
