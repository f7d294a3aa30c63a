import type { Path } from "../kernel/plain-value.ts";
import { printable } from "../kernel/text.ts";
import type { NamedScenario } from "../plan/plan.ts";
import { scenarioName } from "../scenario/find.ts";
import type { LayeredFile } from "../scenario/layered-file.ts";
import type { ReadText } from "../scenario/load.ts";
import { checkPermissions } from "../scenario/permission.ts";
import { checkFiles, checkHostsOf } from "../workloads/fetch/permission.ts";
import type { RunFlags } from "./flags.ts";
import { type ScenarioFlags, scenarioWithFlags } from "./scenario.ts";

/** A scenario to be run, and its file with what is laid over it. */
export interface LoadedForRun {
  readonly named: NamedScenario;
  readonly source: LayeredFile;
}

/** Reads a scenario that is to be run, and checks that it may be; throws a UserError. */
export function loadForRun(
  file: string,
  flags: ScenarioFlags & Pick<RunFlags, "allowModules" | "allowHost" | "log">,
  warn: (line: string) => void,
  read?: ReadText,
): LoadedForRun {
  const { scenario, points, source, ignored } = scenarioWithFlags(file, flags, read);
  for (const point of points) {
    checkPermissions(point.scenario, flags);
    checkFiles(point.scenario);
  }
  checkHostsOf(
    points.map((point) => point.scenario),
    flags.allowHost ?? [],
  );
  if (flags.log !== undefined && scenario.workload !== "fetch") {
    warn(`warning: --log: ${printable(scenarioName(file), 60)} makes no requests, so there is nothing of it to log`);
  }
  for (const name of ignored) {
    warn(`warning: ${name} is ignored: ${printable(scenarioName(file), 60)} sweeps that field`);
  }
  const problemAt = (path: Path, message: string) => source.problemAt(path, message);
  return { named: { name: scenarioName(file), file, scenario, points, problemAt }, source };
}
