import type { NamedScenario } from "../../plan/plan.ts";
import type { RateStep } from "../../telemetry/rate-changes.ts";
import type { RunResult } from "../../telemetry/result.ts";
import type { RunOptions } from "./run-options.ts";
import { ScenarioRun } from "./scenario-run.ts";

export type { RunOptions } from "./run-options.ts";

/** A run that can be stopped. */
export interface Run {
  readonly result: Promise<RunResult>;
  /** First call: stop taking and drain within gracefulStop. Second: end now. */
  stop(): void;
  /** Changes the arrival rate of the running case, where it has one, to the next one up or down. */
  stepRate(step: RateStep): void;
}

/** Runs every case of a scenario, one after another, each in a process of its own. */
export function startRun(named: NamedScenario, options: RunOptions = {}): Run {
  const run = new ScenarioRun(named, options);
  return { result: run.execute(), stop: () => run.stop(), stepRate: (step) => run.stepRate(step) };
}
