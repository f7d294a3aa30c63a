import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Trend } from "../../../src/analysis/trend.ts";
import { BaselineCheck, type BaselineFlags } from "../../../src/cli/baseline.ts";
import { baselineIn, baselineNamed } from "../../../src/cli/baseline-name.ts";
import { exitCodeOf } from "../../../src/cli/commands/run.ts";
import { listBaselines, removeRun, showTrend } from "../../../src/cli/commands/runs.ts";
import { openStore } from "../../../src/cli/keep.ts";
import { keptResult } from "../../../src/cli/kept-result.ts";
import { describeMachine } from "../../../src/engine/run/machine.ts";
import { VERSION } from "../../../src/kernel/version.ts";
import { type NamedScenario, scenarioHash } from "../../../src/plan/plan.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { readAllowance } from "../../../src/telemetry/allowance.ts";
import type { RunResult } from "../../../src/telemetry/result.ts";
import { heard, temporaryFolder } from "../../support/cli.ts";
import { caseResult, runResult } from "../../support/results.ts";

const folder = temporaryFolder();
const before = process.env["XDG_DATA_HOME"];
beforeAll(() => {
  process.env["XDG_DATA_HOME"] = folder;
});
afterAll(() => {
  if (before === undefined) delete process.env["XDG_DATA_HOME"];
  else process.env["XDG_DATA_HOME"] = before;
  rmSync(folder, { recursive: true });
});

const scenario = scenarioSchema.parse({ title: "Quick", modes: ["sync"] });
const named = { name: "quick", scenario } as NamedScenario;

/** Eight repeats of a run here, with that throughput. */
function repeated(throughput: number, change: Partial<RunResult> = {}): RunResult {
  const cases = Array.from({ length: 8 }, (_, repeat) => {
    const one = caseResult({ mode: "sync", processed: throughput });
    return { ...one, repeat, throughput: throughput + repeat / 100, tape: { hash: "t", count: 100 } };
  });
  return {
    ...runResult(cases),
    labVersion: VERSION,
    scenario: { name: "quick", title: "Quick", workload: "message", seed: scenario.seed, hash: scenarioHash(scenario) },
    machine: describeMachine(null, readAllowance()),
    ...change,
  };
}

function save(name: string, ...results: readonly RunResult[]): readonly string[] {
  return BaselineCheck.of({ saveBaseline: name }, [named]).save(results);
}

const check = (flags: BaselineFlags) => BaselineCheck.of(flags, [named]);

describe("baselines", () => {
  test("a run is compared with the baseline of its scenario; one that is worse fails it only where that was asked for", () => {
    expect(save("main", repeated(100))).toEqual([]);
    const [slower, same] = [repeated(80), repeated(100)];
    const asked = check({ baseline: "main", failOnRegression: true });
    expect(asked.against(slower)?.comparisons.find(({ metric }) => metric === "throughput")).toMatchObject({
      verdict: "worse",
      a: 100.035,
    });
    expect([asked.regressed([slower]), asked.regressed([same]), asked.regressed([])]).toEqual([true, false, false]);
    expect(exitCodeOf([slower], false, asked.regressed([slower]))).toBe(98);
    expect(check({ baseline: "main" }).regressed([slower])).toBe(false);
    expect(check({}).against(slower)).toBeNull();
  });

  test("saving replaces the one before, and a result that cannot be relied on is not saved", () => {
    save("moved", repeated(100));
    save("moved", repeated(50));
    expect(check({ baseline: "moved" }).against(repeated(50))?.comparisons[0]?.verdict).toBe("same");
    const broken = { ...repeated(10), cases: [caseResult({ mode: "sync", status: "invalid" })] };
    expect(save("moved", broken)).toEqual(["warning: quick is not saved as baseline moved: not every case is completed and valid"]);
    const changed = { ...repeated(10), cases: repeated(10).cases.map((one) => ({ ...one, rateChanges: [{ atMs: 5, rate: 100 }] })) };
    expect(save("moved", changed)).toEqual(["warning: quick is not saved as baseline moved: its arrival rate was changed by hand"]);
    expect(check({ baseline: "moved" }).against(repeated(50))?.comparisons[0]?.verdict).toBe("same");
  });

  test("a baseline of other settings, machines or versions is refused before anything runs", () => {
    const { scenario: identity } = repeated(1);
    save("other", repeated(100, { labVersion: "0.0.1", scenario: { ...identity, hash: "h" } }));
    expect(() => check({ baseline: "other" })).toThrow(
      /^The scenario quick differs in its settings.*\nThe version of lab-tui differs: A has 0\.0\.1.*\n--baseline: what differs .*--save-baseline makes a new one$/,
    );
  });

  test.each<[BaselineFlags, string]>([
    [{ baseline: "none" }, 'There is no baseline "none" of the scenario "quick"'],
    [{ failOnRegression: true }, "--fail-on-regression: needs --baseline"],
    [{ saveBaseline: "a b" }, "--save-baseline: must be a name"],
    [{ baseline: "a@b" }, "--baseline: must be a name"],
    [{ baseline: "" }, "--baseline: must be a name"],
  ])("%j is refused", (flags, part) => {
    expect(() => check(flags)).toThrow(part);
  });

  test("a name may stand for several scenarios; then the scenario is named, too", () => {
    const { scenario: identity } = repeated(1);
    save("both", repeated(100), repeated(100, { scenario: { ...identity, name: "slow" } }));
    const store = openStore();
    const resultOf = (text: string) => baselineIn(store, baselineNamed(text) ?? { name: "", scenario: null }).scenario.name;
    expect([resultOf("baseline:both@slow"), resultOf("baseline:both@quick")]).toEqual(["slow", "quick"]);
    expect(() => resultOf("baseline:both")).toThrow(
      'There are baselines "both" of several scenarios: "baseline:both@quick" and "baseline:both@slow"',
    );
    expect(() => resultOf("baseline:both@none")).toThrow('There is no baseline "both" of the scenario "none"');
    expect(baselineNamed("both")).toBeNull();
    store.close();
    // As compare, report and replay read them.
    expect(keptResult("baseline:both@slow").cases).toHaveLength(8);
    expect(() => keptResult("baseline:none")).toThrow('There is no baseline "none"');
  });

  test("are listed and removed, and removing past runs leaves them", async () => {
    const store = openStore();
    store.add(repeated(100));
    store.prune(0, null);
    store.close();
    const list = () => heard(async () => listBaselines(false));
    const [first] = JSON.parse(await heard(async () => listBaselines(true))) as object[];
    expect(first).toEqual({ name: "both", scenario: "quick", startedAt: "2026-01-01T00:00:00.000Z", cases: 8 });
    expect(await list()).toMatch(/^baseline +scenario +started \(UTC\) +cases\n[─ ]+\nboth +quick +2026-01-01 00:00:00 +8\n/);
    removeRun("baseline:both@slow");
    removeRun("baseline:main");
    expect(await list()).not.toMatch(/slow|main/);
    expect(() => removeRun("baseline:main")).toThrow('There is no baseline "main"');
    for (const name of ["both", "moved", "other"]) removeRun(`baseline:${name}`);
    expect(await list()).toStartWith("No baseline has been saved yet");
  });
});

describe("the trend of kept runs", () => {
  test("is told oldest first, as charts, as JSON or as a file; a scenario without runs is a sentence", async () => {
    const store = openStore();
    store.add(repeated(100, { startedAt: "2026-01-01T00:00:00.000Z" }));
    store.add(repeated(90, { startedAt: "2026-01-02T00:00:00.000Z" }));
    store.close();
    const told = await heard(() => showTrend("quick", { color: false }));
    expect(told).toStartWith(
      "quick: 2 runs, 2026-01-01 to 2026-01-02\nChange points need about 30 runs; there are 2.\n\nsync: throughput\n",
    );
    const { runs, figures } = JSON.parse(await heard(() => showTrend("quick.yaml", { json: true, metrics: "throughput" }))) as Trend;
    expect([runs.map(({ run }) => run), figures.map(({ values }) => values)]).toEqual([["20260101-1", "20260102-1"], [[100.035, 90.035]]]);
    const file = join(folder, "trend.html");
    expect(await heard(() => showTrend("quick", { html: file }))).toBe("");
    expect(readFileSync(file, "utf8")).toContain("<h1>quick: 2 runs</h1>");
    expect(showTrend("none", {})).rejects.toThrow('There is no run of the scenario "none"');
  });
});
