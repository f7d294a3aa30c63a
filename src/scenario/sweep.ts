import { isPlainMap, valueAt } from "../kernel/plain-value.ts";
import { byPlace, InvalidScenario, type Problem } from "../kernel/problem.ts";
import { printable } from "../kernel/text.ts";
import { parseNumber, plainValue } from "../kernel/units.ts";
import { checkScenario } from "./check.ts";
import { shown } from "./confidential.ts";
import { NEVER_SWEPT } from "./editor-schema.ts";
import { firstUnknown } from "./known-fields.ts";
import type { LayeredFile, Override } from "./layered-file.ts";
import type { Scenario } from "./schema.ts";

/** One combination of swept values with its scenario. */
export interface SweepPoint {
  /** Swept fields by dotted path with their values as written, numbers such as `10_000` converted. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly scenario: Scenario;
}

/** Limit of combinations per sweep. */
const MOST_POINTS = 1000;

/** Every combination of the swept values, each checked; the last field changes fastest. One point without a sweep. Throws an InvalidScenario. */
export function sweepPoints(scenario: Scenario, source: LayeredFile): SweepPoint[] {
  const axes = Object.entries(scenario.sweep ?? {});
  if (axes.length === 0) return unswept(scenario);
  if (axisProblems(source).length > 0) refuse(sweepProblems(source));
  const points: SweepPoint[] = [];
  const problems: Problem[] = [];
  for (const indices of combinations(axes.map(([, values]) => values.length))) {
    const overrides = axes.map(([path, values], axis) => overrideOf(path, indices[axis] ?? 0, values[indices[axis] ?? 0]));
    const checked = checkScenario(overrides.reduce((below, override) => below.with(override), source));
    if (checked.ok) {
      const params = Object.fromEntries(overrides.map(({ value }, axis) => [axes[axis]?.[0] ?? "", parseNumber(value) ?? value]));
      points.push({ params, scenario: checked.scenario });
      continue;
    }
    // A value that is invalid by itself is reported once instead of in every combination.
    if (problems.length === 0) refuse(valueProblems(source));
    problems.push(...checked.problems);
  }
  refuse(problems);
  return points;
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new InvalidScenario(inFileOrder(problems));
}

/** Removes repeated problems and sorts them in the order of the file. */
export function inFileOrder(problems: readonly Problem[]): Problem[] {
  const once = new Map(problems.map((problem) => [`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`, problem]));
  return [...once.values()].sort(byPlace);
}

function overrideOf(path: string, index: number, value: unknown): Override {
  return { source: ["sweep", path, index], path: path.split("."), value };
}

/** Problems of a sweep: its fields, its size and each of its values. Works for otherwise invalid files, too. */
export function sweepProblems(source: LayeredFile): Problem[] {
  return [...axisProblems(source), ...valueProblems(source)];
}

/** Swept fields with their values: lists, in a valid file. */
function axesOf({ value }: LayeredFile): [field: string, values: unknown][] {
  const sweep = valueAt(value, ["sweep"]);
  return isPlainMap(sweep) ? Object.entries(sweep) : [];
}

/** The reason why a field cannot be swept; null if it can. */
function whyNotSwept(field: string, { value }: LayeredFile): string | null {
  if (NEVER_SWEPT.includes(field.split(".", 1)[0] ?? "")) return "must not be swept";
  const unknown = firstUnknown(field.split("."), value);
  return unknown === null ? null : `is not a known field${unknown}`;
}

function axisProblems(source: LayeredFile): Problem[] {
  const problems: Problem[] = [];
  let total = 1;
  for (const [field, values] of axesOf(source)) {
    const why = whyNotSwept(field, source);
    if (why !== null) {
      const text = `sweep.${printable(field, 80)}: ${why}, got ${shown([field], values)}`;
      problems.push(source.problemAt(["sweep", field], text, source.yaml.placeOfKey(["sweep"], field)));
    } else if (Array.isArray(values)) {
      total *= values.length;
      problems.push(...repeatedValues(field, values, source));
    }
  }
  if (total > MOST_POINTS) {
    const text = `sweep: must make at most ${MOST_POINTS} combinations, got ${total}`;
    problems.push(source.problemAt(["sweep"], text, source.yaml.placeOfKey([], "sweep")));
  }
  return problems;
}

/** Problems with values that occur twice: they would look like different cases. */
function repeatedValues(field: string, values: readonly unknown[], source: LayeredFile): Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const [index, value] of values.slice(0, MOST_POINTS).entries()) {
    const key = plainValue(value);
    if (seen.has(key)) {
      const text = `sweep.${printable(field, 80)}.${index}: must be another value than those before it, got ${shown([field], value)}`;
      problems.push(source.problemAt(["sweep", field, index], text));
    }
    seen.add(key);
  }
  return problems;
}

/** Problems of each swept value by itself, with all other fields as in the file. Problems of the file are not included. */
function valueProblems(source: LayeredFile): Problem[] {
  return axesOf(source).flatMap(([field, values]) => {
    if (!Array.isArray(values) || whyNotSwept(field, source) !== null) return [];
    return values.slice(0, MOST_POINTS).flatMap((value, index) => {
      const override = overrideOf(field, index, value);
      const alone = source.with(override);
      const checked = checkScenario(alone);
      return checked.ok ? [] : checked.problems.filter(({ path }) => alone.overrideAt(path) === override);
    });
  });
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

/** The single point of a scenario without a sweep. */
export function unswept(scenario: Scenario): SweepPoint[] {
  return [{ params: {}, scenario }];
}
