import { byPlace, InvalidScenario, type Problem } from "../kernel/problem.ts";
import { checkScenario } from "./check.ts";
import { LayeredFile } from "./layered-file.ts";
import { withNamedFiles } from "./named-files.ts";
import { type FlagOverride, overridesFor, type ScenarioFlags } from "./overrides.ts";
import { readBounded } from "./read.ts";
import type { Scenario } from "./schema.ts";
import { axisProblems, type SweepPoint, unswept, valuesOf, withPoints } from "./sweep.ts";
import { YamlFile } from "./yaml-file.ts";

/** A scenario file on its way to a scenario: its text is read, parsed, layered under flags, checked, and its sweep expanded. */

/** Reads the text of a file. Throws an InvalidScenario if it cannot be read. */
export type ReadText = (file: string) => string;

/** A checked scenario with the points of its sweep and the positions in its file. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly points: readonly SweepPoint[];
  /** The file with flags and variables layered over it. */
  readonly source: LayeredFile;
}

/** A scenario from its file, the environment and the flags. */
export interface FlaggedScenario extends LoadedScenario {
  /** Variables of the environment that are ignored, since the scenario sweeps their fields. */
  readonly ignored: readonly string[];
}

/** Reads a scenario file once, and applies the environment, then the flags. Throws a UserError. */
export function scenarioWithFlags(file: string, flags: ScenarioFlags, read?: ReadText): FlaggedScenario {
  const yaml = readScenario(file, read);
  const { overrides, ignored } = overridesFor(yaml.value, flags);
  return { ...resolveScenario(yaml, file, overrides), ignored };
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
  const source = overrides.reduce((below, override) => below.withFlag(override), LayeredFile.of(yaml));
  const [whole, ...points] = checkedWithPoints(source);
  const scenario = withNamedFiles(whole.scenario, file, source);
  if (points.length === 0) return { scenario, points: unswept(scenario), source };
  return { scenario, points: points.map((point) => ({ ...point, scenario: withNamedFiles(point.scenario, file, source) })), source };
}

/** The file as a whole and every point of its sweep, checked one after another. Throws an InvalidScenario. */
function checkedWithPoints(source: LayeredFile): [whole: SweepPoint, ...points: SweepPoint[]] {
  const axes = axisProblems(source);
  const sound: SweepPoint[] = [];
  const problems: Problem[] = [];
  for (const { params, source: at } of withPoints(source)) {
    const checked = checkScenario(at);
    if (checked.ok) sound.push({ params, scenario: checked.scenario });
    // What is wrong with the whole, with the sweep or with one value by itself is told once instead of at every point.
    if (at === source && (!checked.ok || axes.length > 0)) throw invalid([...checked.problems, ...axes, ...valueProblems(source)]);
    const alone = checked.ok || problems.length > 0 ? [] : valueProblems(source);
    if (alone.length > 0) throw invalid(alone);
    problems.push(...checked.problems);
  }
  const [whole, ...points] = sound;
  if (whole === undefined || problems.length > 0) throw invalid(problems);
  return [whole, ...points];
}

/** Problems of each swept value by itself, with all other fields as in the file. Problems of the file are not included. */
function valueProblems(source: LayeredFile): Problem[] {
  return valuesOf(source).flatMap(({ override, source: alone }) =>
    checkScenario(alone).problems.filter(({ path }) => alone.overrideAt(path) === override),
  );
}

/** The error of some problems: each once, in the order of the file. */
function invalid(problems: readonly Problem[]): InvalidScenario {
  const once = new Map(problems.map((problem) => [`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`, problem]));
  return new InvalidScenario([...once.values()].sort(byPlace));
}
