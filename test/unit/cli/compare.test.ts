import { afterAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compareCommand } from "../../../src/cli/commands/compare.ts";
import { compareArms, wholeRounds } from "../../../src/cli/compare/arms.ts";
import { Noise } from "../../../src/cli/compare/noise.ts";
import { ratesOf, selfCheckText } from "../../../src/cli/compare/self-check.ts";
import { type CompareFlags, comparedFigures, roundsAsked, timesAsked } from "../../../src/cli/compare/settings.ts";
import { StopSignals } from "../../../src/cli/signals.ts";
import { temporaryFolder } from "../../../src/kernel/temporary-folder.ts";
import { NoiseLog } from "../../../src/store/noise-log.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { changeTable } from "../../../src/views/export/comparison.ts";
import { caseResult, runResult } from "../../support/results.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

interface Round {
  readonly service: number;
  readonly disturbed?: boolean;
  readonly status?: CaseResult["status"];
}

const DISTURBED = { otherCores: 1, stealMs: 0, calibrationOff: 0, reason: "Others." };

/** An arm of one case, with these mean service times. */
function arm(rounds: readonly Round[], reruns = 0) {
  const cases = rounds.map(({ service, disturbed = false, status = "completed" }, repeat): CaseResult => {
    const one = caseResult({ mode: "sync", serviceMean: service, status });
    return { ...one, repeat, tape: { hash: "t", count: 100 }, disturbed: disturbed ? DISTURBED : null };
  });
  return { name: "x", result: runResult(cases), reruns };
}

const NOISE = [0.001, -0.002, 0.003, -0.001, 0.002, 0, -0.003, 0.0015];
const rounds = (by = 1) => NOISE.map((noise, i) => ({ service: (5 + (i % 3)) * by * (1 + noise) }));
const SERVICE = comparedFigures({ metrics: "service_mean" });
const quiet = () => new Noise(new NoiseLog(""));
const compared = (a: readonly Round[], b: readonly Round[], noise = quiet()) =>
  compareArms(arm(a, 2), arm(b), SERVICE, { mostReruns: 3 }, noise);

describe("arms that have run", () => {
  test("are compared in pairs, and both counts of reruns told", () => {
    const { comparisons, gate, notes } = compared(rounds(), rounds(1.05));
    expect(comparisons.map(({ metric, verdict }) => [metric, verdict])).toEqual([["service_mean", "worse"]]);
    expect(gate).toEqual({ mostReruns: 3, reruns: { a: 2, b: 0 }, disturbed: { a: 0, b: 0 }, passed: true });
    expect(notes).toEqual(["run again because they were disturbed: A 2 cases, B 0 cases, each at most 3 times"]);
  });

  test("leave out rounds in which either stayed disturbed", () => {
    const noisy = rounds().map((one, i) => (i === 2 ? { service: 50, disturbed: true } : one));
    const { comparisons, gate, notes, rounds: count } = compared(noisy, rounds());
    expect([count, comparisons[0]?.rounds, comparisons[0]?.verdict]).toEqual([7, 7, "same"]);
    expect([gate?.passed, gate?.disturbed]).toEqual([false, { a: 1, b: 0 }]);
    expect(notes).toContain("rounds with a case that stayed disturbed are left out; --anyway keeps them");
    const anyway = compareArms(arm(noisy), arm(rounds()), { ...SERVICE, gated: false }, { mostReruns: 3 }, quiet());
    expect([anyway.rounds, anyway.gate?.passed]).toEqual([8, false]);
    expect(anyway.notes).toContain("rounds with a case that stayed disturbed are kept, since --anyway was given");
    const all = compared(
      rounds().map((one) => ({ ...one, disturbed: true })),
      rounds(),
    );
    expect([all.rounds, all.comparisons[0]?.verdict, all.comparisons[0]?.ratio]).toEqual([0, "cannot tell", null]);
    expect(changeTable(all)).toContain("service_mean: no round is left that was whole and undisturbed\n");
  });

  test("that were stopped keep the rounds that are whole in both", () => {
    const a = arm([{ service: 5 }, { service: 6 }, { service: 7, status: "aborted" }]).result;
    const b = arm([{ service: 5 }, { service: 6 }]).result;
    expect(wholeRounds([a, b]).map(({ cases }) => cases.map(({ repeat }) => repeat))).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  test("are not told apart within what the scenario differs from itself on this machine, once that is known", () => {
    const noise = new Noise(new NoiseLog(join(folder, "noise.ndjson")));
    const itself = compared(rounds(), rounds(1.02));
    for (let i = 0; i < 7; i++) noise.add(arm(rounds()).result, itself);
    expect(compared(rounds(), rounds(1.015), noise)).toMatchObject({
      margin: 0.01,
      marginFrom: "default",
      comparisons: [{ verdict: "worse" }],
    });
    const noisy = compared(
      rounds().map((one) => ({ ...one, disturbed: true })),
      rounds(),
    );
    expect(noise.add(arm(rounds()).result, noisy)).toContain("not kept for the noise floor");
    expect(compared(rounds(), rounds(1.015), noise).marginFrom).toBe("default");
    expect(noise.add(arm(rounds()).result, itself)).toEndWith(": 8 comparisons so far");
    const raised = compared(rounds(), rounds(1.015), noise);
    expect(raised).toMatchObject({ marginFrom: "floor", comparisons: [{ verdict: "same", marginFrom: "floor" }] });
    expect(raised.margin).toBeCloseTo(0.02, 2);
    const elsewhere = { ...arm(rounds()), result: { ...arm(rounds()).result, machine: { ...arm(rounds()).result.machine, cores: 64 } } };
    expect(compareArms(elsewhere, arm(rounds(1.015)), SERVICE, { mostReruns: 3 }, noise).marginFrom).toBe("default");
  });
});

describe("a self-check", () => {
  const same = compared(rounds(), rounds());
  const found = compared(rounds(), rounds(1.05));
  test("counts what was called different and what was found", () => {
    const rates = ratesOf([
      { same, planted: found },
      { same: found, planted: same },
    ]);
    expect(rates).toEqual({ different: { count: 1, of: 2 }, found: { count: 1, of: 2 } });
    const text = selfCheckText({ schemaVersion: 1, scenario: "x", rounds: 8, comparisons: 4, refused: 2, reruns: 3, ...rates });
    expect(text).toContain("called better or worse: 1 of 2\n");
    expect(text).toContain("service_mean was called worse:   1 of 2\n");
    expect(text).toContain("stayed disturbed: 2 of 4; disturbed cases that were run again: 3\n");
  });
});

describe("what is asked for", () => {
  test("has eight rounds, three reruns, one comparison and the headline figures unless told", () => {
    expect([roundsAsked({}), timesAsked({})]).toEqual([{ rounds: 8, mostReruns: 3 }, 1]);
    expect(roundsAsked({ rounds: "40", reruns: "0" })).toEqual({ rounds: 40, mostReruns: 0 });
    const { figures, beside, margin } = comparedFigures({});
    expect(figures.map(({ name }) => name)).toEqual(["throughput", "sojourn_mean", "sojourn_p99", "service_mean", "dropped"]);
    expect([beside.map(({ name }) => name), margin]).toEqual([["service_p50", "cpu_per_item"], 0.01]);
    expect(comparedFigures({ metrics: "cpu", margin: "2%" })).toMatchObject({
      figures: [{ name: "cpu" }],
      beside: [],
      margin: 0.02,
      marginFrom: "flag",
    });
  });

  const scenario = join(folder, "s.yaml");
  writeFileSync(scenario, "title: S\nmodes: [sync]\nwork: { kind: none }\nload: { executor: bursts, size: 5 }\n");

  test.each<[string, string, string | undefined, CompareFlags, string]>([
    ["too few rounds", scenario, scenario, { rounds: "5" }, "--rounds: must be a whole number from 6 to 40"],
    ["too many reruns", scenario, scenario, { reruns: "21" }, "--reruns: must be a whole number from 0 to 20"],
    ["too many comparisons", scenario, undefined, { selfCheck: true, times: "101" }, "--times: must be a whole number from 1 to 100"],
    ["a run beside a scenario", "last", "first-look", {}, '"last" is no scenario'],
    ["an unknown field for B", scenario, undefined, { with: ["work.tim=2ms"] }, "--with work.tim=2ms: there is no field work.tim"],
    ["a self-check of two", scenario, scenario, { selfCheck: true }, "--self-check takes one scenario"],
    ["a self-check without service times", scenario, undefined, { selfCheck: true }, "states no service time that could be made longer"],
  ])("%s is refused", async (_, a, b, flags, sentence) => {
    expect(compareCommand(a, b, flags, new StopSignals())).rejects.toThrow(sentence);
  });
});
