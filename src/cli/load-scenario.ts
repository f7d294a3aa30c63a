import type { Path } from "../kernel/plain-value.ts";
import { InvalidScenario, type Problem } from "../kernel/problem.ts";
import { printable } from "../kernel/text.ts";
import type { NamedScenario } from "../plan/plan.ts";
import { scenarioName } from "../scenario/find.ts";
import type { LayeredFile } from "../scenario/layered-file.ts";
import { type ReadText, scenarioWithFlags } from "../scenario/load.ts";
import type { ScenarioFlags } from "../scenario/overrides.ts";
import { checkBeforeRun } from "../workloads/permission.ts";
import type { RunFlags } from "./flags.ts";

/** Flags that change scenarios, permit what they do, or write what they did. */
export type LoadFlags = ScenarioFlags & Pick<RunFlags, "allowModules" | "allowCommands" | "allowHost" | "log">;

/** A scenario to be run, and its file with what is laid over it. */
export interface LoadedForRun {
  readonly named: NamedScenario;
  readonly source: LayeredFile;
  /** Flags and variables of the environment that change nothing here. */
  readonly warnings: readonly string[];
}

/** Reads scenarios that are to be run, and checks that they may be; throws the problems of all. */
export function loadAllForRun(files: readonly string[], flags: LoadFlags, read?: ReadText): LoadedForRun[] {
  const problems: Problem[] = [];
  const loaded = files.flatMap((file) => {
    try {
      return [loadForRun(file, flags, read)];
    } catch (error) {
      if (!(error instanceof InvalidScenario)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new InvalidScenario(problems);
  return loaded;
}

/** Reads a scenario that is to be run, and checks that it may be; throws a UserError. */
export function loadForRun(file: string, flags: LoadFlags, read?: ReadText): LoadedForRun {
  const { scenario, points, source, ignored } = scenarioWithFlags(file, flags, read);
  const name = scenarioName(file);
  const logless = flags.log !== undefined && scenario.workload !== "fetch";
  const warnings = [
    ...(logless ? [`warning: --log: ${printable(name, 60)} makes no requests, so there is nothing of it to log`] : []),
    ...ignored.map((variable) => `warning: ${variable} is ignored: ${printable(name, 60)} sweeps that field`),
  ];
  const problemAt = (path: Path, message: string) => source.problemAt(path, message);
  checkBeforeRun(
    points.map((point) => point.scenario),
    flags,
    flags.allowHost ?? [],
  );
  return { named: { name, file, scenario, points, problemAt }, source, warnings };
}
