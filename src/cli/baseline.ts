import { compareResults, DEFAULT_MARGIN, differencesOf, type ResultComparison, type ResultOrigin } from "../analysis/compare.ts";
import { figureOf, HEADLINE_FIGURES } from "../analysis/figures.ts";
import { describeMachine } from "../engine/run/machine.ts";
import { UserError } from "../kernel/problem.ts";
import { printable, quoted } from "../kernel/text.ts";
import { VERSION } from "../kernel/version.ts";
import { sentenceCase } from "../kernel/wording.ts";
import { type NamedScenario, scenarioHash } from "../plan/plan.ts";
import type { RunStore } from "../store/run-store.ts";
import { readAllowance } from "../telemetry/allowance.ts";
import { hasChangedRate } from "../telemetry/rate-changes.ts";
import type { RunResult } from "../telemetry/result.ts";
import { unknownBaseline } from "./baseline-name.ts";
import { Noise } from "./compare/noise.ts";
import { withStore } from "./keep.ts";

export interface BaselineFlags {
  readonly baseline?: string;
  readonly saveBaseline?: string;
  readonly failOnRegression?: boolean;
}

/** Names that need no quotes in a shell, and paths of branches. */
const NAME = /^[\w.][\w./+-]{0,99}$/;

/** The baselines that a run is compared with, and the name under which it is saved. */
export class BaselineCheck {
  private readonly compared = new WeakMap<RunResult, ResultComparison>();

  private constructor(
    private readonly flags: BaselineFlags,
    /** By scenario. */
    private readonly baselines: ReadonlyMap<string, RunResult>,
  ) {}

  /** Finds the baselines before anything runs; throws where there is none, or one that nothing can be compared with. */
  static of(flags: BaselineFlags, scenarios: readonly NamedScenario[]): BaselineCheck {
    const { baseline, saveBaseline, failOnRegression } = flags;
    if (failOnRegression === true && baseline === undefined)
      throw new UserError("--fail-on-regression: needs --baseline NAME, which the result is compared with");
    for (const [flag, name] of [
      ["--baseline", baseline],
      ["--save-baseline", saveBaseline],
    ] as const) {
      if (name !== undefined && !NAME.test(name))
        throw new UserError(`${flag}: must be a name of letters, digits and . _ / + - (at most 100), got ${quoted(name)}`);
    }
    const found =
      baseline === undefined ? [] : withStore((store) => scenarios.map((one) => [one.name, baselineFor(store, baseline, one)] as const));
    return new BaselineCheck(flags, new Map(found));
  }

  /** The result against its baseline; null: none was asked for. */
  against(result: RunResult): ResultComparison | null {
    const { baseline } = this.flags;
    const before = this.baselines.get(result.scenario.name);
    if (baseline === undefined || before === undefined || result.cases.length === 0) return null;
    const known = this.compared.get(result);
    if (known !== undefined) return known;
    const figures = HEADLINE_FIGURES.flatMap((name) => figureOf(name) ?? []);
    const comparison = compareResults({ name: `baseline:${baseline}`, result: before }, { name: "this run", result }, figures, {
      ...DEFAULT_MARGIN,
      floorOf: Noise.own().floorOf(result),
    });
    this.compared.set(result, comparison);
    return comparison;
  }

  /** True when a figure is worse, and the exit code is to say so. */
  regressed(results: readonly RunResult[]): boolean {
    if (this.flags.failOnRegression !== true) return false;
    return results.some((result) => this.against(result)?.comparisons.some(({ verdict }) => verdict === "worse") ?? false);
  }

  /** Saves results that can be relied on as the new baseline; returns warnings about the others. */
  save(results: readonly RunResult[]): string[] {
    const { saveBaseline } = this.flags;
    if (saveBaseline === undefined) return [];
    const warnings = results.flatMap((result) => {
      const why = whyNoBaseline(result);
      return why === null ? [] : [`warning: ${printable(result.scenario.name, 60)} is not saved as baseline ${saveBaseline}: ${why}`];
    });
    withStore((store) => {
      for (const result of results) if (whyNoBaseline(result) === null) store.baselines.save(saveBaseline, result);
    });
    return warnings;
  }
}

/** Why nothing can be compared with a result; null: it can be relied on. */
function whyNoBaseline({ cases }: RunResult): string | null {
  if (cases.length === 0 || cases.some(({ status }) => status !== "completed")) return "not every case is completed and valid";
  return cases.some(hasChangedRate) ? "its arrival rate was changed by hand" : null;
}

/** The baseline of a scenario that is about to run, if a comparison with it can tell anything. */
function baselineFor(store: RunStore, name: string, { name: scenario, scenario: settings }: NamedScenario): RunResult {
  const result = store.baselines.result(name, scenario);
  if (result === null) throw unknownBaseline(name, scenario);
  const { title, workload, seed } = settings;
  const now: ResultOrigin = {
    scenario: { name: scenario, title, workload, seed, hash: scenarioHash(settings) },
    machine: describeMachine(null, readAllowance()),
    labVersion: VERSION,
  };
  const differences = differencesOf(result, now).map((one) => sentenceCase(printable(one, 400)));
  if (differences.length === 0) return result;
  const told = `--baseline: what differs between the baseline ${quoted(name)} (A) and this run (B) may be the reason for any change`;
  throw new UserError(`${differences.join("\n")}\n${told}; --save-baseline makes a new one`);
}
