import { resolve } from "node:path";
import { startRun } from "../engine/run/run.ts";
import { scenarioName } from "../scenario/find.ts";
import { loadScenarioFile, resolveScenario } from "../scenario/load.ts";
import type { Mode, Scenario } from "../scenario/schema.ts";
import { YamlFile } from "../scenario/yaml-file.ts";
import type { RunResult } from "../telemetry/result.ts";
import { NO_ACCESS } from "../workloads/access.ts";
import { checkBeforeRun, type Permissions } from "../workloads/permission.ts";

/** Options of a run. */
export interface RunScenarioOptions extends Permissions {
  /** Modes to run instead of the scenario's. */
  readonly modes?: readonly Mode[];
  /** Public hosts that may receive load; this machine and private networks need no permission. */
  readonly allowHosts?: readonly string[];
}

/**
 * Runs a scenario, given as a file name or as the object a file would hold, and resolves with the result as in the result file (times in
 * milliseconds, rates per second, sizes in bytes). Rejects with `InvalidScenario` when it is not valid.
 */
export async function runScenario(
  fileOrObject: string | Readonly<Record<string, unknown>>,
  options: RunScenarioOptions = {},
): Promise<RunResult> {
  const fromFile = typeof fileOrObject === "string";
  const loaded = fromFile ? loadScenarioFile(fileOrObject) : resolveScenario(yamlOf(fileOrObject), resolve("scenario"));
  const withModes = (scenario: Scenario): Scenario => ({ ...scenario, modes: options.modes ?? scenario.modes });
  const points = loaded.points.map((point) => ({ ...point, scenario: withModes(point.scenario) }));
  const allowedHosts = options.allowHosts ?? [];
  checkBeforeRun(
    points.map(({ scenario }) => scenario),
    options,
    allowedHosts,
  );
  const file = fromFile ? fileOrObject : "scenario";
  return startRun(
    { name: scenarioName(file), file, scenario: withModes(loaded.scenario), points },
    { access: { ...NO_ACCESS, allowedHosts } },
  ).result;
}

function yamlOf(value: Readonly<Record<string, unknown>>): YamlFile {
  return YamlFile.parse("scenario", JSON.stringify(value, null, 1));
}
