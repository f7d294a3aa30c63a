import { relative, resolve } from "node:path";
import { type Path, valueAt } from "../kernel/plain-value.ts";
import { UserError } from "../kernel/problem.ts";
import { findScenario } from "../scenario/find.ts";
import { LayeredFile } from "../scenario/layered-file.ts";
import { readScenario } from "../scenario/load.ts";
import type { RunResult } from "../telemetry/result.ts";
import type { FileLine, Places } from "../views/export/test-cases.ts";

/** Path of a threshold within its metric's list; null: the file has no such expression. */
export function thresholdPath({ value }: LayeredFile, metric: string, expression: string): Path | null {
  const { thresholds = {} } = (value ?? {}) as { readonly thresholds?: Readonly<Record<string, unknown>> };
  const rules = thresholds[metric];
  const index = (Array.isArray(rules) ? rules : []).findIndex((rule) => textOf(rule, "threshold") === expression);
  return index < 0 ? null : ["thresholds", metric, index];
}

/** Path of the comparison of an expectation. */
export function expectationPath({ value }: LayeredFile, index: number): Path {
  const { expect = [] } = (value ?? {}) as { readonly expect?: readonly unknown[] };
  return typeof expect[index] === "string" ? ["expect", index] : ["expect", index, "that"];
}

/** A rule in its short form, or the field of its long one. */
function textOf(rule: unknown, field: string): unknown {
  return typeof rule === "object" && rule !== null ? (rule as Readonly<Record<string, unknown>>)[field] : rule;
}

/**
 * Where the verdicts of a run stand in its scenario file, which is found by name, as `run` finds it. Unknown if that file is gone, or no
 * longer has the threshold or expectation.
 */
export function placesOf({ scenario }: RunResult): Places {
  return placesIn(sourceOf(scenario));
}

/** Where verdicts stand in a scenario file; null: there is no file. `from`: the folder to which paths are relative. */
export function placesIn(source: LayeredFile | null, from = process.cwd()): Places {
  const at = (path: Path): FileLine | null => {
    if (source === null) return null;
    const { file, line } = source.problemAt(path, "");
    if (line === 0) return null;
    const name = relative(from, resolve(file));
    return { file: name.startsWith("..") ? resolve(file) : name, line };
  };
  return {
    threshold({ metric, expression }) {
      const path = source === null ? null : thresholdPath(source, metric, expression);
      return path === null ? null : at(path);
    },
    hypothesis(index, { that }) {
      const { expect } = (source?.value ?? {}) as { readonly expect?: readonly unknown[] };
      return source !== null && textOf(expect?.[index], "that") === that ? at(expectationPath(source, index)) : null;
    },
  };
}

/** The file of a scenario's name, if it has its title too. */
function sourceOf({ name, title }: RunResult["scenario"]): LayeredFile | null {
  try {
    const source = LayeredFile.of(readScenario(findScenario(name)));
    return valueAt(source.value, ["title"]) === title ? source : null;
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
