import { type LoadedScenario, type ReadText, readScenario, resolveScenario } from "../scenario/load.ts";
import { environmentOf } from "./environment.ts";
import { overridesOf, type RunFlags } from "./flags.ts";

/** A scenario as its file, the environment and the flags make it. */
export interface FlaggedScenario extends LoadedScenario {
  /** Variables of the environment that count for nothing, since the scenario sweeps what they set. */
  readonly ignored: readonly string[];
}

/** Reads a scenario file, once, and lays over it what the environment and then the flags say. Throws a UserError. */
export function scenarioWithFlags(file: string, flags: RunFlags, read?: ReadText): FlaggedScenario {
  const yaml = readScenario(file, read);
  const environment = environmentOf(yaml.value);
  const overrides = [...environment.overrides, ...overridesOf(flags)];
  return { ...resolveScenario(yaml, file, overrides), ignored: environment.ignored };
}
