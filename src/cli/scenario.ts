import { isPlainMap, valueAt } from "../kernel/plain-value.ts";
import { UserError } from "../kernel/problem.ts";
import { printable, quoted } from "../kernel/text.ts";
import { withoutCredentials } from "../scenario/confidential.ts";
import { type LoadedScenario, type ReadText, readScenario, resolveScenario } from "../scenario/load.ts";
import { type FlagOverride, overrideOfFlag, parseOverride } from "../scenario/overrides.ts";
import { MODES, type Scenario } from "../scenario/schema.ts";
import type { RunFlags } from "./flags.ts";

/** Flags that change a scenario. */
export interface ScenarioFlags extends Pick<RunFlags, "mode" | "seed" | "workers" | "redis" | "duration" | "rate" | "set"> {
  /** As `set`, of one arm of a comparison. */
  readonly with?: readonly string[];
}

/** A scenario from its file, the environment and the flags. */
export interface FlaggedScenario extends LoadedScenario {
  /** Variables of the environment that are ignored, since the scenario sweeps their fields. */
  readonly ignored: readonly string[];
}

/** Reads a scenario file once and applies the environment, then the flags. Throws a UserError. */
export function scenarioWithFlags(file: string, flags: ScenarioFlags, read?: ReadText): FlaggedScenario {
  const yaml = readScenario(file, read);
  const environment = environmentOf(yaml.value);
  const overrides = [...environment.overrides, ...serverOverride(yaml.value, flags), ...overridesOf(flags)];
  return { ...resolveScenario(yaml, file, overrides), ignored: environment.ignored };
}

/** Variables of the environment for `fetch` scenarios. Flags take precedence over them, and they over the file. */
const VARIABLES: readonly (readonly [name: string, path: string, value: (text: string) => unknown])[] = [
  ["MAX_CONCURRENCY", "fetch.concurrency.max", numberOr],
  ["TIMEOUT_SECONDS", "fetch.timeout", (text) => (numberOr(text) === text ? text : `${text.trim()}s`)],
  ["RETRIES", "fetch.retry.max", numberOr],
  ["TILE_BASE_URL", "fetch.target", (text) => ({ url: text })],
];

/** Overrides from the environment, and the variables ignored because their fields are swept. `written`: the value of the file. */
export function environmentOf(
  written: unknown,
  env: NodeJS.ProcessEnv = process.env,
): { readonly overrides: readonly FlagOverride[]; readonly ignored: readonly string[] } {
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
export function serverOverride(
  written: unknown,
  { mode, set = [] }: ScenarioFlags,
  env: NodeJS.ProcessEnv = process.env,
): readonly FlagOverride[] {
  const url = env["REDIS_URL"] ?? "";
  const asked = JSON.stringify([mode, set.filter((text) => text.startsWith("modes")), valueAt(written, ["modes"])]);
  if (url === "" || !asked.includes("distributed")) return [];
  return [{ source: `REDIS_URL=${printable(withoutCredentials(url), 80)}`, path: ["distributed", "redis"], value: url }];
}

/** The text as a number if it is one, else unchanged, for the scenario's rules to report. */
export function numberOr(text: string): number | string {
  const number = Number(text.replaceAll("_", ""));
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
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

function modesOf(text: string): Scenario["modes"] {
  const modes = text.split(",").map((mode) => mode.trim());
  for (const mode of modes) {
    if (!(MODES as readonly string[]).includes(mode)) {
      throw new UserError(`--mode: must be a list of ${MODES.join(", ")} with commas, got ${quoted(text)}`);
    }
  }
  return modes as Scenario["modes"][number][];
}
