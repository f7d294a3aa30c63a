import type { Sample } from "../../telemetry/sample.ts";
import { withoutStub } from "../../telemetry/series.ts";
import type { ColumnRule } from "../report/chart.ts";

/** What to draw of a series: a figure, and how a column combines several samples. */
export interface Reading {
  readonly value: (sample: Sample) => number | null;
  readonly column: ColumnRule;
}

/** Cached columns: finished series are drawn again in every frame. */
const known = new WeakMap<readonly Sample[], Map<Reading, Map<string, Float64Array>>>();

/** A value for each of `columns` equal spans of 0…`until` milliseconds; NaN where unknown. Cached for the lifetime of the series. */
export function sampleColumns(series: readonly Sample[], reading: Reading, columns: number, until: number): Float64Array {
  const ofReading = remembered(
    remembered(known, series, () => new Map<Reading, Map<string, Float64Array>>()),
    reading,
    () => new Map(),
  );
  const key = `${columns}/${until}`;
  let values = ofReading.get(key);
  // Keeps the widths of a few frames: endless resizing must not fill the memory.
  if (values === undefined) {
    if (ofReading.size > 8) ofReading.clear();
    values = resampled(withoutStub(series), reading, columns, until);
    ofReading.set(key, values);
  }
  return values;
}

/** The map's value for a key, created if absent. */
function remembered<K extends object, V>(map: { get(key: K): V | undefined; set(key: K, value: V): unknown }, key: K, make: () => V): V {
  const held = map.get(key);
  if (held !== undefined) return held;
  const made = make();
  map.set(key, made);
  return made;
}

/**
 * Averages rates and levels by time, and takes the worst percentile. A sample that overlaps a column by less than a hundredth of either is
 * not part of it.
 */
function resampled(series: readonly Sample[], { value, column: rule }: Reading, columns: number, until: number): Float64Array {
  const values = new Float64Array(columns).fill(Number.NaN);
  const times = new Float64Array(columns);
  const width = until / columns;
  const at = (t: number) => Math.min(columns - 1, Math.max(0, Math.floor(t / width)));
  let from = 0;
  for (const sample of series) {
    const to = sample.t;
    const read = value(sample);
    const begun = from;
    from = to;
    if (read === null || !Number.isFinite(read) || to <= begun) continue;
    const last = at(to);
    for (let column = at(begun); column <= last; column++) {
      // The last column includes whatever comes after it.
      const end = column === columns - 1 ? to : Math.min(to, (column + 1) * width);
      const time = end - Math.max(begun, column * width);
      if (time <= Math.min(to - begun, width) / 100) continue;
      const before = values[column] ?? Number.NaN;
      if (Number.isNaN(before)) values[column] = rule === "mean" ? read * time : read;
      else values[column] = rule === "mean" ? before + read * time : Math.max(before, read);
      times[column] = (times[column] ?? 0) + time;
    }
  }
  if (rule === "mean")
    for (let column = 0; column < columns; column++) values[column] = (values[column] ?? Number.NaN) / (times[column] ?? 1);
  return values;
}

/** The largest known value; 0 where none is known. */
export function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most;
}

/** The stretches of columns that are known: the column where each begins, and its values. */
export function knownParts(values: Float64Array): { readonly from: number; readonly values: readonly number[] }[] {
  const parts: { from: number; values: number[] }[] = [];
  values.forEach((value, column) => {
    if (Number.isNaN(value)) return;
    const last = parts.at(-1);
    if (last !== undefined && last.from + last.values.length === column) last.values.push(value);
    else parts.push({ from: column, values: [value] });
  });
  return parts;
}
