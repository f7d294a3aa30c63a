import { isPlainMap, valueAt } from "../kernel/plain-value.ts";
import type { Problem } from "../kernel/problem.ts";
import { printable } from "../kernel/text.ts";
import { parseNumber, plainValue } from "../kernel/units.ts";
import { shown } from "./confidential.ts";
import { NEVER_SWEPT } from "./editor-schema.ts";
import { firstUnknown } from "./known-fields.ts";
import type { LayeredFile } from "./layered-file.ts";
import type { Override } from "./overrides.ts";
import type { Scenario } from "./schema.ts";

/** One combination of swept values with its scenario. */
export interface SweepPoint {
  /** Swept fields by dotted path with their values as written, numbers such as `10_000` converted. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly scenario: Scenario;
}

/** One combination of swept values, layered over the file. */
export interface LayeredPoint {
  readonly params: SweepPoint["params"];
  readonly source: LayeredFile;
}

/** One swept value, layered over the file by itself. */
export interface LayeredValue {
  readonly override: Override;
  readonly source: LayeredFile;
}

/** Limit of combinations per sweep. */
const MOST_POINTS = 1000;

/** The single point of a scenario without a sweep. */
export function unswept(scenario: Scenario): SweepPoint[] {
  return [{ params: {}, scenario }];
}

/** The file as it is, then at every combination of its swept values, whose fields must have no problems; the last field changes fastest. */
export function* withPoints(source: LayeredFile): Generator<LayeredPoint> {
  yield { params: {}, source };
  if (axesOf(source).length > 0) yield* pointsOf(source);
}

function* pointsOf(source: LayeredFile): Generator<LayeredPoint> {
  const axes = axesOf(source).map(([field, values]) => (Array.isArray(values) ? overridesOfAxis(field, values) : []));
  for (const overrides of combinations(axes)) {
    const params = Object.fromEntries(overrides.map(({ path, value }) => [path.join("."), parseNumber(value) ?? value]));
    yield { params, source: overrides.reduce((below, override) => below.with(override), source) };
  }
}

/** The file with each swept value by itself, all other fields as they are. */
export function valuesOf(source: LayeredFile): LayeredValue[] {
  return axesOf(source).flatMap(([field, values]) => {
    if (!Array.isArray(values) || whyNotSwept(field, source) !== null) return [];
    return overridesOfAxis(field, values.slice(0, MOST_POINTS)).map((override) => ({ override, source: source.with(override) }));
  });
}

/** Swept fields with their values: lists, in a valid file. */
function axesOf({ value }: LayeredFile): [field: string, values: unknown][] {
  const sweep = valueAt(value, ["sweep"]);
  return isPlainMap(sweep) ? Object.entries(sweep) : [];
}

function overridesOfAxis(field: string, values: readonly unknown[]): Override[] {
  return values.map((value, index) => ({ source: ["sweep", field, index], path: field.split("."), value }));
}

function* combinations<T>([first, ...rest]: readonly (readonly T[])[]): Generator<readonly T[]> {
  if (first === undefined) yield [];
  for (const value of first ?? []) for (const others of combinations(rest)) yield [value, ...others];
}

/** Problems of the swept fields and the number of their combinations, also in an otherwise invalid file. */
export function axisProblems(source: LayeredFile): Problem[] {
  const axes = axesOf(source).map(([field, values]) => ({ field, values, why: whyNotSwept(field, source) }));
  const sizes = axes.map(({ values, why }) => (Array.isArray(values) && why === null ? values.length : 1));
  const total = sizes.reduce((product, size) => product * size, 1);
  const problems = axes.flatMap((axis) => fieldProblems(axis, source));
  if (total <= MOST_POINTS) return problems;
  const text = `sweep: must make at most ${MOST_POINTS} combinations, got ${total}`;
  return [...problems, source.problemAt(["sweep"], text, source.yaml.placeOfKey([], "sweep"))];
}

interface Axis {
  readonly field: string;
  readonly values: unknown;
  /** Why it cannot be swept; null if it can. */
  readonly why: string | null;
}

function fieldProblems({ field, values, why }: Axis, source: LayeredFile): Problem[] {
  if (why === null) return Array.isArray(values) ? repeatedValues(field, values, source) : [];
  const text = `sweep.${printable(field, 80)}: ${why}, got ${shown([field], values)}`;
  return [source.problemAt(["sweep", field], text, source.yaml.placeOfKey(["sweep"], field))];
}

/** The reason why a field cannot be swept; null if it can. */
function whyNotSwept(field: string, { value }: LayeredFile): string | null {
  if (NEVER_SWEPT.includes(field.split(".", 1)[0] ?? "")) return "must not be swept";
  const unknown = firstUnknown(field.split("."), value);
  return unknown === null ? null : `is not a known field${unknown}`;
}

/** Problems with values that occur twice: they would look like different cases. */
function repeatedValues(field: string, values: readonly unknown[], source: LayeredFile): Problem[] {
  const keys = values.slice(0, MOST_POINTS).map(plainValue);
  return keys.flatMap((key, index) => {
    if (keys.indexOf(key) === index) return [];
    const text = `sweep.${printable(field, 80)}.${index}: must be another value than those before it, got ${shown([field], values[index])}`;
    return [source.problemAt(["sweep", field, index], text)];
  });
}
