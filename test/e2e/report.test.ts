import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FORMATS } from "../../src/cli/report-formats.ts";
import type { RunResult } from "../../src/telemetry/result.ts";
import { jsonOf } from "../../src/views/export/json.ts";
import { cleanEnv, lab, MAIN, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const SCENARIO = join(folder, "quick.yaml");
writeFileSync(
  SCENARIO,
  'title: Quick\nmodes: [sync]\nload: { executor: bursts, size: 50 }\nwork: { kind: none }\nthresholds:\n  failed: ["count==0"]\n',
);

async function report(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await lab(["report", ...args]);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

describe("report", () => {
  test("of a kept run and of its result file: the same bytes, as --json wrote them", async () => {
    const file = join(folder, "result.json");
    expect((await lab(["run", SCENARIO, "-q", "--json", file])).code).toBe(0);
    const written = readFileSync(file, "utf8");
    expect(await report("last", "--format", "json")).toBe(written);
    expect(await report(file, "--format", "json")).toBe(written);
    expect(jsonOf(JSON.parse(written) as RunResult)).toBe(written);
    for (const format of ["markdown", "csv"]) expect(await report(file, "--format", format)).toBe(await report("last", "--format", format));
  });

  test("run --junit writes the verdicts with their places, and a step of GitHub Actions is annotated and has a summary", async () => {
    const [junit, summary] = [join(folder, "verdicts.xml"), join(folder, "step.md")];
    const env = { GITHUB_ACTIONS: "true", GITHUB_WORKSPACE: folder, GITHUB_STEP_SUMMARY: summary };
    const args = ["run", SCENARIO, "-q", "--set", "thresholds={failed: [count==0], throughput: [value<1]}", "--junit", junit];
    const { code, stderr } = await lab(args, { cwd: folder, env });
    expect(code).toBe(99);
    expect(stderr).toContain("::error title=quick%3A sync%3A throughput value<1::must hold throughput value<1, got ");
    expect(readFileSync(junit, "utf8")).toContain('<testcase name="sync: failed count==0" classname="quick" time="');
    expect(readFileSync(summary, "utf8")).toStartWith("## Quick\n\n**1 threshold failed.**");
  });

  test("run --out has the HTML report beside the result file, and --force overwrites both", async () => {
    const out = join(folder, "out");
    expect((await lab(["run", SCENARIO, "-q", "--out", out])).code).toBe(0);
    const page = readFileSync(join(out, "report.html"), "utf8");
    expect(page).toContain("<h1>Quick</h1>");
    expect(await report(join(out, "result.json"), "--format", "html")).toBe(page);
    rmSync(join(out, "result.json"));
    rmSync(join(out, "summary.txt"));
    expect(await lab(["run", SCENARIO, "-q", "--out", out])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("report.html exists already"),
    });
    expect((await lab(["run", SCENARIO, "-q", "--out", out, "--force"])).code).toBe(0);
  });

  test("a result file of the first version, which had fewer fields, is written in every format; a part of one in none", async () => {
    const { conclusions: _, hypotheses, machine, ...run } = JSON.parse(await report("last", "--format", "json")) as RunResult;
    const { calibration, limits, ...plainMachine } = machine;
    const cases = run.cases.map(
      ({ warnings, rejections, failures, load, disturbed, checks, shortfall, histograms, limits: own, ...one }) => ({
        ...one,
        series: one.series.map(({ ledger, running, otherCores, throttledMs, ...sample }) => sample),
      }),
    );
    const first = join(folder, "first.json");
    writeFileSync(first, JSON.stringify({ ...run, schemaVersion: 1, machine: plainMachine, cases }));
    for (const format of FORMATS) expect((await report(first, "--format", format)).length).toBeGreaterThan(100);
    writeFileSync(first, JSON.stringify({ ...run, cases: [{ mode: "sync", series: [] }] }));
    expect(await lab(["report", first])).toMatchObject({ code: 2, stderr: expect.stringContaining("is no result") });
  });

  test("-o writes a file, in the format of its name", async () => {
    const file = join(folder, "table.csv");
    expect(await report("last", "-o", file)).toBe("");
    expect(readFileSync(file, "utf8")).toBe(await report("last", "--format", "csv"));
    expect(await report("last")).toStartWith("# Quick\n");
  });

  test("several distributions go to a file for each case", async () => {
    expect((await lab(["run", SCENARIO, "-q", "--mode", "sync,async"])).code).toBe(0);
    const file = join(folder, "times.hgrm");
    expect(await report("last", "-o", file)).toBe("");
    const texts = ["times-0-sync.hgrm", "times-1-async.hgrm"].map((name) => readFileSync(join(folder, name), "utf8"));
    expect(await report("last", "--format", "hgrm")).toBe(texts.join("\n"));
    expect(existsSync(file)).toBe(false);
  });

  test("a JUnit test case has the place of its threshold, if its scenario is found by name", async () => {
    const found = Bun.spawnSync([process.execPath, MAIN, "report", "last", "--format", "junit"], { cwd: folder, env: cleanEnv() });
    expect(found.stdout.toString()).toContain('<testcase name="sync: failed count==0" classname="quick" time="');
    expect(found.stdout.toString()).toContain('file="quick.yaml" line="6"/>');
    expect(await report("last", "--format", "junit")).not.toContain("file=");
  });

  test.each([
    [["last", "--format", "pdf"], "Allowed choices are"],
    [["nonexistent-run"], "There is no run"],
    [["last", "-o", "/nowhere/x.md"], "--out: /nowhere/x.md cannot be written"],
    [[SCENARIO], "is no result"],
  ])("%j is refused in a sentence", async (args, part) => {
    const { code, stderr } = await lab(["report", ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(part)]);
  });
});
