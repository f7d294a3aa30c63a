import { InvalidScenario } from "../kernel/problem.ts";
import { checkScenario } from "./check.ts";
import { LayeredFile } from "./layered-file.ts";
import { withNamedFiles } from "./named-files.ts";
import { type FlagOverride, layered } from "./overrides.ts";
import { readBounded } from "./read.ts";
import type { Scenario } from "./schema.ts";
import { inFileOrder, type SweepPoint, sweepPoints, sweepProblems } from "./sweep.ts";
import { YamlFile } from "./yaml-file.ts";

/** Reads the text of a file. Throws an InvalidScenario if it cannot be read. */
export type ReadText = (file: string) => string;

/** A checked scenario with the points of its sweep and the positions in its file. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly points: readonly SweepPoint[];
  /** The file with flags and variables layered over it. */
  readonly source: LayeredFile;
}

/** Reads a scenario file, applies overrides and checks it. Throws an InvalidScenario with all problems. */
export function loadScenario(file: string, overrides: readonly FlagOverride[] = []): Scenario {
  return loadScenarioFile(file, overrides).scenario;
}

/** The same, with the points of its sweep. */
export function loadScenarioFile(file: string, overrides: readonly FlagOverride[] = []): LoadedScenario {
  return resolveScenario(readScenario(file), file, overrides);
}

/** Reads and parses a scenario file without checking it. Nothing else opens the file. */
export function readScenario(file: string, read: ReadText = readBounded): YamlFile {
  return YamlFile.parse(file, read(file));
}

/**
 * Applies overrides, checks the scenario and expands its sweep. Paths in it are relative to `file`. Throws an InvalidScenario, or a UserError
 * for an override without meaning.
 */
export function resolveScenario(yaml: YamlFile, file: string, overrides: readonly FlagOverride[] = []): LoadedScenario {
  const source = overrides.reduce(layered, LayeredFile.of(yaml));
  const checked = checkScenario(source);
  if (!checked.ok) throw new InvalidScenario(inFileOrder([...checked.problems, ...sweepProblems(source)]));
  const points = sweepPoints(checked.scenario, source);
  const named = (scenario: Scenario) => withNamedFiles(scenario, file, source);
  return { scenario: named(checked.scenario), points: points.map((point) => ({ ...point, scenario: named(point.scenario) })), source };
}
