import { printable } from "../kernel/text.ts";
import { YamlFile } from "../scenario/document.ts";
import type { Override } from "../scenario/load.ts";

/** Settings of `fetch` scenarios from the environment: beneath flags, above the scenario. */
const VARIABLES: readonly (readonly [name: string, path: string, value: (text: string) => unknown])[] = [
  ["MAX_CONCURRENCY", "fetch.concurrency.max", numberOr],
  ["TIMEOUT_SECONDS", "fetch.timeout", (text) => (numberOr(text) === text ? text : `${text.trim()}s`)],
  ["RETRIES", "fetch.retry.max", numberOr],
  ["TILE_BASE_URL", "fetch.target", (text) => ({ url: text })],
];

/** What the environment sets of a scenario, and the variables that a sweep makes void. */
export function environmentOf(file: string, env: NodeJS.ProcessEnv = process.env): { overrides: Override[]; ignored: string[] } {
  const set = VARIABLES.filter(([name]) => (env[name] ?? "") !== "");
  if (set.length === 0) return { overrides: [], ignored: [] };
  const value = YamlFile.read(file).value() as { workload?: unknown; sweep?: unknown } | null;
  if (typeof value !== "object" || value === null || value.workload !== "fetch") return { overrides: [], ignored: [] };
  const swept = Object.keys(typeof value.sweep === "object" && value.sweep !== null ? value.sweep : {});
  const isSwept = (path: string) => swept.some((field) => field === path || field.startsWith(`${path}.`));
  const overrides = set
    .filter(([, path]) => !isSwept(path))
    .map(([name, path, read]) => ({ flag: `${name}=${printable(env[name] ?? "", 80)}`, path, value: read(env[name] ?? "") }));
  return { overrides, ignored: set.filter(([, path]) => isSwept(path)).map(([name]) => name) };
}

/** A number where the text is one, else the text: what is wrong with it is for the scenario's rules to say. */
export function numberOr(text: string): number | string {
  const number = Number(text.replaceAll("_", ""));
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}
