import { parse } from "yaml";
import { isPlainMap, type Path, valueAt, withoutValueAt, withValueAt } from "../kernel/plain-value.ts";
import { UserError } from "../kernel/problem.ts";
import { printable } from "../kernel/text.ts";
import { isConfidential, withoutCredentials } from "./confidential.ts";
import { firstUnknown, knownKeys } from "./known-fields.ts";
import type { LayeredFile, Override } from "./layered-file.ts";
import { DEFAULT_EXECUTOR } from "./load-schema.ts";

/** The value of a field from a flag or a variable of the environment. */
export interface FlagOverride extends Override {
  /** The flag or variable as the user wrote it. */
  readonly source: string;
  /** Load executors for which the flag has a meaning; absent: all. */
  readonly onlyWith?: { readonly flag: string; readonly executors: readonly string[] };
}

/** Parses `path=value` of `--set`. Throws a UserError. */
export function parseOverride(text: string): FlagOverride {
  return overrideOfFlag("--set", text);
}

/** Parses `path=value` of a flag. The value is YAML, except for a lone `-`, which means standard input. Throws a UserError. */
export function overrideOfFlag(flag: string, text: string): FlagOverride {
  const at = text.indexOf("=");
  const field = text.slice(0, Math.max(0, at));
  const source = `${flag} ${printable(isConfidential([field]) ? `${field}=…` : withoutCredentials(text), 80)}`;
  const path = field.trim().split(".");
  if (path.includes("")) throw new UserError(`${source}: must be path=value, such as load.rate=200`);
  const written = text.slice(at + 1);
  try {
    const value: unknown = written === "-" ? written : parse(written, { maxAliasCount: 0, logLevel: "error" });
    return { source, path: pathOf(path), value };
  } catch {
    throw new UserError(`${source}: the value must be YAML, such as 200, 5ms or [1, 10]`);
  }
}

/** A swept field is one key whose name contains the dots. */
function pathOf(parts: readonly string[]): Path {
  return parts[0] === "sweep" && parts.length > 1 ? ["sweep", parts.slice(1).join(".")] : parts;
}

/** Maps with names from the user as keys. */
const NAMED_BY_USER: readonly unknown[] = ["tags", "sweep", "thresholds"];

/** Fields of which a scenario has one at most: setting one removes the others. */
const ALTERNATIVES: readonly (readonly string[])[] = [
  ["fetch.tiles", "fetch.urls", "fetch.urlsFile"],
  ["fetch.body.text", "fetch.body.template", "fetch.body.file", "fetch.body.rows"],
  ["fetch.auth.bearer", "fetch.auth.basic"],
  ["fetch.target.mock", "fetch.target.url", "fetch.target.urls"],
];

/** Layers a flag over a file and removes what cannot be combined with it. Throws a UserError if the flag has no meaning here. */
export function layered(below: LayeredFile, override: FlagOverride): LayeredFile {
  const { path, value } = override;
  const field = path.join(".");
  checkMeaning(below, override);
  const others = ALTERNATIVES.find((fields) => fields.includes(field)) ?? [];
  let room = others.filter((other) => other !== field).reduce<unknown>((all, other) => withoutValueAt(all, other.split(".")), below.value);
  if (field === "load.executor") room = withLoadFor(value, room);
  return below.over(withoutSweepOf(field, room)).with(override);
}

function checkMeaning({ value }: LayeredFile, { source, path, onlyWith }: FlagOverride): void {
  const executor = executorOf(value);
  if (onlyWith !== undefined && !onlyWith.executors.includes(executor))
    throw new UserError(`${onlyWith.flag} has no meaning for load.executor ${printable(executor, 40)}`);
  const named = (NAMED_BY_USER.includes(path[0]) && path.length > 1) || path.slice(0, 2).join(".") === "fetch.headers";
  const hint = named ? null : firstUnknown(path.map(String), value);
  if (hint !== null) throw new UserError(`${source}: there is no field ${printable(path.join("."), 60)}${hint}`);
}

/** The executor of the load, also of an invalid scenario. */
function executorOf(value: unknown): string {
  const { workload, load } = (isPlainMap(value) ? value : {}) as { workload?: unknown; load?: { executor?: unknown } | null };
  return String(load?.executor ?? (workload === "fetch" && load === undefined ? "once" : DEFAULT_EXECUTOR));
}

/** Keeps only the fields of the load that the new executor has. */
function withLoadFor(executor: unknown, value: unknown): unknown {
  const load = valueAt(value, ["load"]);
  if (!isPlainMap(load)) return value;
  const known = knownKeys(["load"], { executor });
  return withValueAt(value, ["load"], Object.fromEntries(Object.entries(load).filter(([key]) => known.includes(key))));
}

/** Removes the field from the sweep, and an emptied sweep as a whole. */
function withoutSweepOf(field: string, value: unknown): unknown {
  const left = withoutValueAt(value, ["sweep", field]);
  const sweep = valueAt(left, ["sweep"]);
  const emptied = left !== value && isPlainMap(sweep) && Object.keys(sweep).length === 0;
  return emptied ? withoutValueAt(left, ["sweep"]) : left;
}
