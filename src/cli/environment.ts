import { printable } from "../kernel/text.ts";
import type { FlagOverride } from "../scenario/overrides.ts";
import { isPlainMap, valueAt } from "../scenario/plain-value.ts";

/** Settings of `fetch` scenarios from the environment: beneath flags, above the scenario. */
const VARIABLES: readonly (readonly [name: string, path: string, value: (text: string) => unknown])[] = [
  ["MAX_CONCURRENCY", "fetch.concurrency.max", numberOr],
  ["TIMEOUT_SECONDS", "fetch.timeout", (text) => (numberOr(text) === text ? text : `${text.trim()}s`)],
  ["RETRIES", "fetch.retry.max", numberOr],
  ["TILE_BASE_URL", "fetch.target", (text) => ({ url: text })],
];

/** What the environment sets of a scenario, and the names of the variables that its sweep makes void. `written`: the value of its file. */
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

/** A number where the text is one, else the text: what is wrong with it is for the scenario's rules to say. */
export function numberOr(text: string): number | string {
  const number = Number(text.replaceAll("_", ""));
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}
