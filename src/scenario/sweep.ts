import { byPlace, InvalidScenario, type Problem } from "../kernel/problem.ts";
import { suggestion } from "../kernel/spelling.ts";
import { printable } from "../kernel/text.ts";
import { parseNumber, plainValue } from "../kernel/units.ts";
import { checkScenario, knownKeys } from "./check.ts";
import { shown } from "./confidential.ts";
import type { YamlFile } from "./document.ts";
import { NEVER_SWEPT } from "./editor-schema.ts";
import type { Scenario } from "./schema.ts";

/** One combination of swept values, and the scenario they make. */
export interface SweepPoint {
  /** The swept fields, dotted, with their values as written; a count such as `10_000` is a number. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly scenario: Scenario;
}

/** Most combinations of one sweep. */
const MOST_POINTS = 1000;
/** Every combination of the swept values, the last field changing fastest. Without a sweep there is one point. */
export function sweepPoints(scenario: Scenario, yaml: YamlFile): SweepPoint[] {
  const axes = Object.entries(scenario.sweep ?? {});
  if (axes.length === 0) return unswept(scenario);
  refuse(sweepProblems(yaml));
  const points: SweepPoint[] = [];
  const problems: Problem[] = [];
  for (const indices of combinations(axes.map(([, values]) => values.length))) {
    const overrides = axes.map(([path, values], axis) => overrideOf(path, indices[axis] ?? 0, values[indices[axis] ?? 0]));
    const checked = yaml.withOverrides(overrides, () => checkScenario(yaml));
    if (!checked.ok) {
      problems.push(...checked.problems);
      continue;
    }
    const params = Object.fromEntries(overrides.map(({ value }, axis) => [axes[axis]?.[0] ?? "", parseNumber(value) ?? value]));
    points.push({ params, scenario: checked.scenario });
  }
  refuse(problems);
  return points;
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new InvalidScenario(inFileOrder(problems));
}

/** Each problem once, in the order of the file. */
export function inFileOrder(problems: readonly Problem[]): Problem[] {
  const once = new Map(problems.map((problem) => [`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`, problem]));
  return [...once.values()].sort(byPlace);
}

function overrideOf(path: string, index: number, value: unknown) {
  return { source: ["sweep", path, index], path: path.split("."), value };
}

/** What is wrong with a sweep by itself: its fields, each of its values, its size. Whatever else is wrong with the file. */
export function sweepProblems(yaml: YamlFile): Problem[] {
  const root = yaml.value();
  const sweep = typeof root === "object" && root !== null ? (root as { sweep?: unknown }).sweep : undefined;
  if (typeof sweep !== "object" || sweep === null || Array.isArray(sweep)) return [];
  const problems: Problem[] = [];
  let total = 1;
  for (const [path, values] of Object.entries(sweep)) {
    const parts = path.split(".");
    const at = (message: string) => {
      const text = `sweep.${printable(path, 80)}: ${message}, got ${shown([path], values)}`;
      problems.push(yaml.problemAt(["sweep", path], text, yaml.placeOfKey(["sweep"], path)));
    };
    const unknown = firstUnknown(parts, root);
    if (NEVER_SWEPT.includes(parts[0] ?? "")) at("must not be swept");
    else if (unknown !== null) at(`is not a known field${unknown}`);
    else if (Array.isArray(values)) {
      total *= values.length;
      const seen = new Set<string>();
      for (const [index, value] of values.slice(0, MOST_POINTS).entries()) {
        problems.push(...valueProblems(path, index, value, yaml));
        // The same case twice would look like two.
        const key = plainValue(value);
        if (seen.has(key)) {
          const text = `sweep.${printable(path, 80)}.${index}: must be another value than those before it, got ${shown([path], value)}`;
          problems.push(yaml.problemAt(["sweep", path, index], text));
        }
        seen.add(key);
      }
    }
  }
  if (total > MOST_POINTS) {
    const text = `sweep: must make at most ${MOST_POINTS} combinations, got ${total}`;
    problems.push(yaml.problemAt(["sweep"], text, yaml.placeOfKey([], "sweep")));
  }
  return problems;
}

/** What a swept value breaks where it is put: problems that then stand at the value itself. */
function valueProblems(path: string, index: number, value: unknown, yaml: YamlFile): Problem[] {
  const place = yaml.placeOf(["sweep", path, index]);
  const checked = yaml.withOverrides([overrideOf(path, index, value)], () => checkScenario(yaml));
  if (checked.ok) return [];
  return checked.problems.filter(({ line, column }) => line === 0 || (line === place.line && column === place.column));
}

/** A hint when a dotted path leads to no field of the schema; null when it does. */
export function firstUnknown(parts: readonly string[], root: unknown): string | null {
  let value: unknown = root;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? "";
    const known = knownKeys(parts.slice(0, i), value);
    if (!known.includes(part)) return suggestion(part, known);
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  return null;
}

function* combinations(sizes: readonly number[]): Generator<readonly number[]> {
  const indices = sizes.map(() => 0);
  for (;;) {
    yield indices;
    let axis = sizes.length - 1;
    while (axis >= 0 && (indices[axis] ?? 0) + 1 === sizes[axis]) indices[axis--] = 0;
    if (axis < 0) return;
    indices[axis] = (indices[axis] ?? 0) + 1;
  }
}

/** A scenario that sweeps nothing. */
export function unswept(scenario: Scenario): SweepPoint[] {
  return [{ params: {}, scenario }];
}
