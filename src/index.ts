import { startRun } from "./engine/run.ts";
import { InvalidScenario } from "./kernel/problem.ts";
import { checkScenario } from "./scenario/check.ts";
import { YamlFile } from "./scenario/document.ts";
import { scenarioName } from "./scenario/find.ts";
import { loadScenario } from "./scenario/load.ts";
import { checkPermissions, type Permissions } from "./scenario/permission.ts";
import type { Mode, Scenario } from "./scenario/schema.ts";
import type { RunResult } from "./telemetry/result.ts";

export type { CaseResult, RunResult, Sample } from "./telemetry/result.ts";
export type { Handler, Message, MessageOp } from "./workloads/message/handler.ts";

export interface RunScenarioOptions extends Permissions {
  /** Modes to run instead of the scenario's. */
  readonly modes?: readonly Mode[];
}

/**
 * Runs a scenario, given as a file or as the object a file would hold, and resolves with the result object of the result
 * file (times in milliseconds, rates per second, sizes in bytes). Rejects with `InvalidScenario` when it is not valid.
 */
export async function runScenario(
  fileOrObject: string | Readonly<Record<string, unknown>>,
  options: RunScenarioOptions = {},
): Promise<RunResult> {
  const fromFile = typeof fileOrObject === "string";
  const scenario = fromFile ? loadScenario(fileOrObject) : check(fileOrObject);
  checkPermissions(scenario, options);
  const modes = options.modes ?? scenario.modes;
  const named = {
    name: fromFile ? scenarioName(fileOrObject) : "scenario",
    file: fromFile ? fileOrObject : "scenario",
    scenario: { ...scenario, modes },
  };
  return startRun(named).result;
}

function check(value: Readonly<Record<string, unknown>>): Scenario {
  const checked = checkScenario(YamlFile.parse("scenario", JSON.stringify(value, null, 1)));
  if (!checked.ok) throw new InvalidScenario(checked.problems);
  return checked.scenario;
}
