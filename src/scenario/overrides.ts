import { parse } from "yaml";
import { isPlainMap, type Path, valueAt } from "../kernel/plain-value.ts";
import { UserError } from "../kernel/problem.ts";
import { printable, quoted } from "../kernel/text.ts";
import { isConfidential, withoutCredentials } from "./confidential.ts";
import { MODES, type Mode } from "./modes.ts";

/** Flags and variables of the environment as values of scenario fields. */

/** The origin of a value: a flag or variable as the user wrote it, or another path of the file. */
export type OverrideSource = string | Path;

/** A value that replaces the file's. */
export interface Override {
  readonly source: OverrideSource;
  readonly path: Path;
  readonly value: unknown;
}

/** The value of a field from a flag or a variable of the environment. */
export interface FlagOverride extends Override {
  /** The flag or variable as the user wrote it. */
  readonly source: string;
  /** Load executors for which the flag has a meaning; absent: all. */
  readonly onlyWith?: { readonly flag: string; readonly executors: readonly string[] };
}

/** Flags that change a scenario, as commander gives them. */
export interface ScenarioFlags {
  readonly mode?: string;
  readonly seed?: string;
  readonly workers?: string;
  readonly redis?: string;
  readonly duration?: string;
  readonly rate?: string;
  readonly set?: readonly string[];
  /** As `set`, of one arm of a comparison. */
  readonly with?: readonly string[];
}

/** Values from the environment and the flags, in the order of their layers. */
export interface Overrides {
  readonly overrides: readonly FlagOverride[];
  /** Variables of the environment that are ignored, since the scenario sweeps their fields. */
  readonly ignored: readonly string[];
}

/** The environment's values for a scenario, then those of the flags, which take precedence. `written`: the value of the file. Throws a UserError. */
export function overridesFor(written: unknown, flags: ScenarioFlags, env: NodeJS.ProcessEnv = process.env): Overrides {
  const { overrides, ignored } = environmentOf(written, env);
  return { overrides: [...overrides, ...serverOverride(written, flags, env), ...overridesOf(flags)], ignored };
}

/** Variables of the environment for `fetch` scenarios. Flags take precedence over them, and they over the file. */
const VARIABLES: readonly (readonly [name: string, path: string, value: (text: string) => unknown])[] = [
  ["MAX_CONCURRENCY", "fetch.concurrency.max", numberOr],
  ["TIMEOUT_SECONDS", "fetch.timeout", (text) => (numberOr(text) === text ? text : `${text.trim()}s`)],
  ["RETRIES", "fetch.retry.max", numberOr],
  ["TILE_BASE_URL", "fetch.target", (text) => ({ url: text })],
];

/** Overrides from the environment, and the variables ignored because their fields are swept. `written`: the value of the file. */
export function environmentOf(written: unknown, env: NodeJS.ProcessEnv): Overrides {
  if (valueAt(written, ["workload"]) !== "fetch") return { overrides: [], ignored: [] };
  const sweep = valueAt(written, ["sweep"]);
  const swept = isPlainMap(sweep) ? Object.keys(sweep) : [];
  const isSwept = (path: string) => swept.some((field) => field === path || field.startsWith(`${path}.`));
  const set = VARIABLES.filter(([name]) => (env[name] ?? "") !== "");
  const overrides = set
    .filter(([, path]) => !isSwept(path))
    .map(([name, path, read]) => ({
      source: `${name}=${printable(env[name] ?? "", 80)}`,
      path: path.split("."),
      value: read(env[name] ?? ""),
    }));
  return { overrides, ignored: set.filter(([, path]) => isSwept(path)).map(([name]) => name) };
}

/** The server that `REDIS_URL` names, for runs of mode `distributed`: others have no use for it. */
function serverOverride(written: unknown, { mode, set = [] }: ScenarioFlags, env: NodeJS.ProcessEnv): readonly FlagOverride[] {
  const url = env["REDIS_URL"] ?? "";
  const asked = JSON.stringify([mode, set.filter((text) => text.startsWith("modes")), valueAt(written, ["modes"])]);
  if (url === "" || !asked.includes("distributed")) return [];
  return [{ source: `REDIS_URL=${printable(withoutCredentials(url), 80)}`, path: ["distributed", "redis"], value: url }];
}

/** The flags as overrides of scenario fields; `--set` first, so that named flags take precedence. */
export function overridesOf(flags: ScenarioFlags): FlagOverride[] {
  const overrides = [...(flags.set ?? []).map(parseOverride), ...(flags.with ?? []).map((text) => overrideOfFlag("--with", text))];
  const add = (flag: string, text: string, path: string, value: unknown, executors?: readonly string[]) =>
    overrides.push({
      source: `${flag} ${printable(withoutCredentials(text), 60)}`,
      path: path.split("."),
      value,
      ...(executors === undefined ? {} : { onlyWith: { flag, executors } }),
    });
  const { mode, seed, workers, redis, duration, rate } = flags;
  if (mode !== undefined) add("--mode", mode, "modes", modesOf(mode));
  if (seed !== undefined) add("--seed", seed, "seed", numberOr(seed));
  if (workers !== undefined) add("--workers", workers, "parallel.workers", numberOr(workers));
  if (workers !== undefined && mode?.includes("distributed")) add("--workers", workers, "distributed.workers", numberOr(workers));
  if (redis !== undefined) add("--redis", redis, "distributed.redis", redis);
  if (duration !== undefined) add("--duration", duration, "load.duration", duration, ["constant-arrival-rate", "constant-vus"]);
  if (rate !== undefined) add("--rate", rate, "load.rate", numberOr(rate), ["constant-arrival-rate", "replay"]);
  return overrides;
}

/** Parses `path=value` of `--set`. Throws a UserError. */
export function parseOverride(text: string): FlagOverride {
  return overrideOfFlag("--set", text);
}

/** Parses `path=value` of a flag. The value is YAML, except for a lone `-`, which means standard input. Throws a UserError. */
function overrideOfFlag(flag: string, text: string): FlagOverride {
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

/** The text as a number if it is one, else unchanged, for the scenario's rules to report. */
function numberOr(text: string): number | string {
  const number = Number(text.replaceAll("_", ""));
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}

function modesOf(text: string): readonly Mode[] {
  const modes = text.split(",").map((mode) => mode.trim());
  for (const mode of modes) {
    if (!(MODES as readonly string[]).includes(mode)) {
      throw new UserError(`--mode: must be a list of ${MODES.join(", ")} with commas, got ${quoted(text)}`);
    }
  }
  return modes as Mode[];
}
