import { describe, expect, test } from "bun:test";
import { AskedRates, type CaseRunner, type RanCase } from "../../../src/engine/run/asked-rates.ts";
import type { CasePlan } from "../../../src/plan/plan.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { caseResult } from "../../support/results.ts";
import { runVirtually } from "../../support/virtual-run.ts";
import { planOf } from "../../support/virtual-setup.ts";

/** Runs cases on a virtual clock, and keeps what each was for; it is stopped in the middle of the last. */
class VirtualRunner implements CaseRunner {
  readonly notes: (string | null)[] = [];

  constructor(private readonly last = Number.POSITIVE_INFINITY) {}

  async run(_: number, { scenario, mode }: CasePlan, note: string | null = ""): Promise<RanCase> {
    this.notes.push(note);
    const { result, samples: series } = await runVirtually(scenario, mode);
    const { thresholds: verdicts, ...measured } = result;
    return { result: { ...caseResult({ mode }), ...measured, series, ...(this.stopped() ? { status: "aborted" } : {}) }, verdicts };
  }

  without({ mode }: CasePlan, why: string): RanCase {
    return { result: { ...caseResult({ mode }), status: "failed", problems: [why] }, verdicts: [] };
  }

  preparing(_: number, note: string): void {
    this.notes.push(note);
  }

  stopped(): boolean {
    return this.notes.length >= this.last;
  }
}

/** As many at a time as there is concurrency, whatever their keys. */
const UNORDERED = { keys: { count: 10_000 }, async: { concurrency: 4 } };

const scenarioAt = (rate: string, more: object) =>
  scenarioSchema.parse({ title: "x", load: { executor: "constant-arrival-rate", rate, duration: "2s" }, ...more });

describe("a case that asks for", () => {
  test("max has the highest rate that keeps the thresholds, and says between which two it lies", async () => {
    const plan = planOf(scenarioAt("max", { work: { kind: "sleep", time: "5ms" }, thresholds: { sojourn_ms: ["p(95)<40"] } }), "sync");
    const runner = new VirtualRunner();
    const { result, verdicts } = await new AskedRates([plan], { cores: 2 }, runner).run(0, plan);
    const { low = 0, high, resolved = 0, trials = [] } = result.rate ?? {};
    // 200/s can be done, and in two seconds hardly more before 95 of 100 wait for 40 ms.
    expect(low).toBeWithin(190, 200);
    expect(high ?? 0).toBeWithin(200, 215);
    expect([result.status, verdicts.map(({ ok }) => ok)]).toEqual(["completed", [true]]);
    expect(result.offeredRate).toBeCloseTo(resolved, -1);
    // What theory knows is not probed; all that ran was a trial.
    expect(runner.notes).toEqual(trials.map(({ rate }, i) => expect.stringMatching(new RegExp(`^trial ${i + 1}: ${Math.round(rate)}`))));
  });

  test("max and is stopped in a trial says nothing of its rate, and keeps what held before", async () => {
    const plan = planOf(scenarioAt("max", { work: { kind: "sleep", time: "5ms" } }), "sync");
    const { result } = await new AskedRates([plan], { cores: 2 }, new VirtualRunner(3)).run(0, plan);
    const { low = 0, resolved = 0, trials = [] } = result.rate ?? {};
    expect([result.status, trials.length, trials.find(({ rate }) => rate === resolved)?.ok]).toEqual(["aborted", 2, true]);
    // What is said to hold is no more than what was tried.
    expect(low).toBeLessThanOrEqual(resolved);
    expect(low).toBeGreaterThan(0.9 * resolved);
    expect(result.offeredRate).toBeCloseTo(resolved, -1);
  });

  test("a share gets it of the first mode, probed once for all", async () => {
    const scenario = scenarioAt("50%", { modes: ["async", "parallel"], work: { kind: "io", time: "20ms" }, ...UNORDERED });
    const plans = (["async", "parallel"] as const).map((mode) => ({ ...planOf(scenario, mode), scenario }));
    const runner = new VirtualRunner();
    const rates = new AskedRates(plans, { cores: 2 }, runner);
    for (const [i, plan] of plans.entries()) {
      const { rate, offeredRate } = (await rates.run(i, plan)).result;
      expect(rate).toMatchObject({ asked: "50%", capacityFrom: "probe", probedMode: "async" });
      expect(rate?.capacity ?? 0).toBeWithin(190, 201);
      expect(offeredRate).toBeCloseTo((rate?.capacity ?? 0) / 2, 0);
    }
    expect(runner.notes).toEqual(["probing the capacity of async", null, "", ""]);
  });
});
