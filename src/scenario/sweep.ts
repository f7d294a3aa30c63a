import { InvalidScenario, type Problem, suggestion } from "../kernel/problem.ts";
import { printable, quoted } from "../kernel/text.ts";
import { parseNumber } from "../kernel/units.ts";
import { checkScenario, knownKeys } from "./check.ts";
import type { YamlFile } from "./document.ts";
import type { Scenario } from "./schema.ts";

/** One combination of swept values, and the scenario they make. */
export interface SweepPoint {
  /** The swept fields, dotted, with their values as written; a count such as `10_000` is a number. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly scenario: Scenario;
}

/** Most combinations of one sweep. */
const MOST_POINTS = 1000;
/** Fields that say what is run, not how: a sweep over them would compare nothing. */
const FIXED: readonly string[] = ["title", "description", "hypothesis", "tags", "workload", "modes", "sweep", "thresholds"];

/** Every combination of the swept values, the last field changing fastest. Without a sweep there is one point. */
export function sweepPoints(scenario: Scenario, yaml: YamlFile): SweepPoint[] {
  const axes = Object.entries(scenario.sweep ?? {});
  if (axes.length === 0) return unswept(scenario);
  checkFields(axes, scenario, yaml);
  const points: SweepPoint[] = [];
  const problems = new Map<string, Problem>();
  for (const indices of combinations(axes.map(([, values]) => values.length))) {
    const overrides = axes.map(([path, values], axis) => ({
      source: ["sweep", path, indices[axis] ?? 0],
      path: path.split("."),
      value: values[indices[axis] ?? 0],
    }));
    const checked = yaml.withOverrides(overrides, () => checkScenario(yaml));
    if (checked.ok) {
      points.push({
        params: Object.fromEntries(overrides.map(({ value }, axis) => [axes[axis]?.[0] ?? "", parseNumber(value) ?? value])),
        scenario: checked.scenario,
      });
    } else {
      for (const problem of checked.problems) problems.set(`${problem.line}:${problem.column}: ${problem.message}`, problem);
    }
  }
  if (problems.size > 0) throw new InvalidScenario([...problems.values()].sort((a, b) => a.line - b.line || a.column - b.column));
  return points;
}

function checkFields(axes: readonly (readonly [string, readonly unknown[]])[], scenario: Scenario, yaml: YamlFile): void {
  const problems: Problem[] = [];
  const refuse = (path: string, message: string) => {
    const at = yaml.placeOfKey(["sweep"], path);
    problems.push(yaml.problemAt(["sweep", path], `sweep.${printable(path, 80)}: ${message}, got ${quoted(scenario.sweep?.[path])}`, at));
  };
  for (const [path] of axes) {
    const parts = path.split(".");
    if (FIXED.includes(parts[0] ?? "")) refuse(path, "must not be swept");
    else {
      const unknown = firstUnknown(parts, yaml.value());
      if (unknown !== null) refuse(path, `is not a known field${unknown}`);
    }
  }
  const total = axes.reduce((product, [, values]) => product * values.length, 1);
  if (total > MOST_POINTS) {
    problems.push(
      yaml.problemAt(["sweep"], `sweep: must make at most ${MOST_POINTS} combinations, got ${total}`, yaml.placeOfKey([], "sweep")),
    );
  }
  if (problems.length > 0) throw new InvalidScenario(problems);
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
