import type { z } from "zod";
import type { Path } from "../kernel/plain-value.ts";
import { nearest } from "../kernel/spelling.ts";
import { type Scenario, scenarioSchema, WORKLOADS } from "./schema.ts";

/** A scenario without its invalid fields, so that conflicts among the others can be reported at the same time. */
export interface Repaired {
  readonly scenario: Scenario;
  /** The written value without those fields. */
  readonly value: unknown;
  readonly without: readonly Path[];
}

/** Removing a field can make another invalid, which is then removed in the next round. After this many rounds nothing valid is left. */
const MOST_ROUNDS = 6;
/** Fields that decide which others are allowed beside them. */
const DECIDING: readonly (string | number)[] = ["executor", "kind"];

/** Removes invalid fields; null if the workload is unknown or nothing valid is left. */
export function repaired(written: unknown): Repaired | null {
  const value: unknown = structuredClone(written);
  const without: Path[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const parsed = scenarioSchema.safeParse(value);
    if (parsed.success) return { scenario: parsed.data, value, without };
    const wrong = parsed.error.issues.flatMap((issue) => wrongPaths(issue, value));
    for (const path of wrong) {
      if (path.length === 0 || (path[0] === "workload" && !supposeWorkload(value))) return null;
      without.push(path[0] === "workload" || fillIn(value, path, wrong) ? path : take(value, path));
    }
  }
  return null;
}

/** True if a problem at `path` may only be a result of removing the field at `gone`. */
export function concerns(gone: Path, path: Path): boolean {
  const around = DECIDING.includes(gone.at(-1) ?? "") ? gone.slice(0, -1) : gone;
  const shorter = Math.min(around.length, path.length);
  return around.slice(0, shorter).every((part, i) => String(part) === String(path[i]));
}

/** The fields to remove for an issue: for a missing field the part it is missing from, for one inside a list the member of the list. */
function wrongPaths(issue: z.core.$ZodIssue, root: unknown): Path[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => [...path, key]);
  let value = root;
  for (const [depth, part] of path.entries()) {
    if (Array.isArray(value)) return [path.slice(0, depth + 1)];
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return [missing(path.slice(0, depth), part)];
    value = (value as Record<string | number, unknown>)[part];
  }
  return [path];
}

function missing(around: Path, part: string | number): Path {
  return around.length === 0 ? [part] : around;
}

/** Replaces a misspelt workload by the nearest one; false if there is none. */
function supposeWorkload(root: unknown): boolean {
  const scenario = root as { workload: unknown };
  const meant = typeof scenario.workload === "string" ? nearest(scenario.workload, WORKLOADS) : null;
  if (meant === null) return false;
  scenario.workload = meant;
  return true;
}

/** Replaces an invalid member of a list by a copy of a valid one, so that indices stay; false if that is not possible. */
function fillIn(root: unknown, path: Path, wrong: readonly Path[]): boolean {
  const around = path.slice(0, -1);
  const list = around.reduce<unknown>((value, part) => (value as Record<string | number, unknown> | undefined)?.[part], root);
  if (!Array.isArray(list)) return false;
  const isWrong = (i: number) => wrong.some((other) => other.length === path.length && concerns(other, [...around, i]));
  const sound = list.findIndex((_, i) => !isWrong(i));
  if (sound < 0) return false;
  list[Number(path.at(-1))] = structuredClone(list[sound]);
  return true;
}

/** Removes a field, or the whole list that contains it; the required title becomes `untitled`. Returns the path of what was removed. */
function take(root: unknown, path: Path): Path {
  let value = root;
  for (const part of path.slice(0, -1)) {
    if (typeof value !== "object" || value === null) return path;
    value = (value as Record<string | number, unknown>)[part];
  }
  if (Array.isArray(value)) return take(root, path.slice(0, -1));
  if (typeof value !== "object" || value === null) return path;
  const last = path.at(-1) as string | number;
  if (path.length === 1 && last === "title") (value as Record<string, unknown>)["title"] = "untitled";
  else delete (value as Record<string | number, unknown>)[last];
  return path;
}
