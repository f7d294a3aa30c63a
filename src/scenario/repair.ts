import type { z } from "zod";
import type { Path } from "../kernel/plain-value.ts";
import { nearest } from "../kernel/spelling.ts";
import { type Scenario, scenarioSchema, WORKLOADS } from "./schema.ts";

/** A scenario as it would be without the fields that are wrong in themselves, so that what else is wrong can be told at once. */
export interface Repaired {
  readonly scenario: Scenario;
  /** What was written, without those fields. */
  readonly value: unknown;
  readonly without: readonly Path[];
}

/** Taking a field away can leave another wrong, which then goes too; more rounds than this mean that nothing sound is left. */
const MOST_ROUNDS = 6;
/** Fields that decide what stands beside them: without them nothing can be said of that. */
const DECIDING: readonly (string | number)[] = ["executor", "kind"];

/** null: what is left says nothing, or what kind of scenario it is is not known. */
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

/** True when a problem at `path` may be there only because the field at `gone` was taken away. */
export function concerns(gone: Path, path: Path): boolean {
  const around = DECIDING.includes(gone.at(-1) ?? "") ? gone.slice(0, -1) : gone;
  const shorter = Math.min(around.length, path.length);
  return around.slice(0, shorter).every((part, i) => String(part) === String(path[i]));
}

/** The fields an issue speaks of: of one that is missing the part it is missing from, of what is inside a member of a list the member. */
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

/** What kind of scenario it is to be, when a misspelling leaves no doubt; false: nobody knows. */
function supposeWorkload(root: unknown): boolean {
  const scenario = root as { workload: unknown };
  const meant = typeof scenario.workload === "string" ? nearest(scenario.workload, WORKLOADS) : null;
  if (meant === null) return false;
  scenario.workload = meant;
  return true;
}

/** Has a sound member of a list stand in for a wrong one, so that the others keep their places; false: there is none, or no list. */
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

/** Takes a field away, of a list the whole; a title, which every scenario must have, becomes one that says nothing. What is gone. */
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
