import { EXIT } from "../kernel/problem.ts";
import type { NamedScenario } from "../plan/plan.ts";
import { findScenario, scenarioName } from "../scenario/find.ts";
import { loadScenario } from "../scenario/load.ts";
import { checkPermissions } from "../scenario/permission.ts";
import type { RunResult } from "../telemetry/result.ts";
import { compose } from "./compose.ts";
import { overridesOf, type RunFlags, readFlags } from "./flags.ts";
import { Outputs } from "./outputs.ts";

/** `lab-tui run SCENARIO…` */
export async function run(asked: readonly string[], flags: RunFlags): Promise<number> {
  const fps = readFlags(flags);
  const scenarios = asked.map((name) => load(name, flags));
  const modes = scenarios.flatMap(({ scenario }) => scenario.modes);
  const outputs = new Outputs(flags, scenarios.length, modes);
  outputs.checkWritable();
  const { results, stoppedBy, viewBroken } = await compose(scenarios, {
    headless: flags.headless === true || flags.json === "-",
    quiet: flags.quiet === true,
    color: flags.color !== false,
    fps,
    dumpState: (index, plan) => outputs.stateFile(index, plan.mode),
    onResult: (all) => outputs.write(all),
    summaryTo: flags.json === "-" ? "stderr" : "stdout",
  });
  outputs.finish(results);
  if (stoppedBy !== null) return stoppedBy === "SIGTERM" ? EXIT.terminated : EXIT.interrupted;
  return viewBroken === null ? exitCodeOf(results) : EXIT.internal;
}

function load(asked: string, flags: RunFlags): NamedScenario {
  const file = findScenario(asked);
  const overrides = overridesOf(flags, file);
  const scenario = loadScenario(file, overrides);
  checkPermissions(scenario, flags);
  return { name: scenarioName(file), file, scenario };
}

/** The first that applies, in the order of the contract. */
export function exitCodeOf(results: readonly RunResult[]): number {
  const cases = results.flatMap((result) => result.cases);
  if (cases.some(({ status }) => status === "failed")) return EXIT.caseFailed;
  if (cases.some(({ status }) => status === "invalid")) return EXIT.invalidMeasurement;
  if (results.some(({ thresholds }) => thresholds.some(({ ok }) => !ok))) return EXIT.threshold;
  return EXIT.done;
}
