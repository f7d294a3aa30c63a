import { closeSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { fileProblem } from "../kernel/file-problem.ts";
import { InvalidScenario, UserError } from "../kernel/problem.ts";
import { printable, quoted } from "../kernel/text.ts";
import { checkScenario, fieldName, knownKeys } from "./check.ts";
import { isConfidential, withoutCredentials } from "./confidential.ts";
import { type Path, YamlFile } from "./document.ts";
import { DEFAULT_EXECUTOR, type Scenario } from "./schema.ts";
import { firstUnknown, inFileOrder, type SweepPoint, sweepPoints, sweepProblems } from "./sweep.ts";

/** One `--set path=value`, or a flag that stands for one. */
export interface Override {
  /** As the user wrote it, for messages. */
  readonly flag: string;
  readonly path: string;
  readonly value: unknown;
}

/** Reads `path=value`; the value is YAML, but for a lone `-`: standard input. */
export function parseOverride(text: string): Override {
  const at = text.indexOf("=");
  const field = text.slice(0, Math.max(0, at));
  const flag = `--set ${printable(isConfidential([field]) ? `${field}=…` : withoutCredentials(text), 80)}`;
  if (at < 1) throw new UserError(`${flag}: must be path=value, such as load.rate=200`);
  const written = text.slice(at + 1);
  let value: unknown;
  try {
    value = written === "-" ? written : parse(written, { maxAliasCount: 0, logLevel: "error" });
  } catch {
    throw new UserError(`${flag}: the value must be YAML, such as 200, 5ms or [1, 10]`);
  }
  return { flag, path: text.slice(0, at).trim(), value };
}

/** Reads a scenario file, applies overrides, checks it; every problem at once in an InvalidScenario. */
export function loadScenario(file: string, overrides: readonly Override[] = []): Scenario {
  return loadScenarioFile(file, overrides).scenario;
}

/** A scenario with the points of its sweep and the places of what stands in the file. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly points: readonly SweepPoint[];
  readonly yaml: YamlFile;
}

/** Which load a file and its overrides ask for, whatever else is wrong with them. */
export function executorOf(file: string, overrides: readonly Override[]): unknown {
  const yaml = YamlFile.read(file);
  for (const override of overrides) apply(yaml, override);
  const { workload, load } = (yaml.isMap ? (yaml.value() ?? {}) : {}) as { workload?: unknown; load?: { executor?: unknown } };
  return load?.executor ?? (workload === "fetch" && load === undefined ? "once" : DEFAULT_EXECUTOR);
}

export function loadScenarioFile(file: string, overrides: readonly Override[] = []): LoadedScenario {
  const yaml = YamlFile.read(file);
  for (const override of overrides) apply(yaml, override);
  return resolveScenario(yaml, file);
}

/** Checks what a file holds and works out its sweep. Paths in it are relative to `file`. */
export function resolveScenario(yaml: YamlFile, file: string): LoadedScenario {
  const checked = checkScenario(yaml);
  if (!checked.ok) throw new InvalidScenario(inFileOrder([...checked.problems, ...(yaml.checkable ? sweepProblems(yaml) : [])]));
  const scenario = resolvePaths(checked.scenario, file);
  const points = sweepPoints(checked.scenario, yaml).map((point) => ({ ...point, scenario: resolvePaths(point.scenario, file) }));
  for (const { load, work, fetch, flow } of [scenario, ...points.map((point) => point.scenario)]) {
    if (load.executor === "replay" && load.file !== "-") checkFile(["load", "file"], load.file, yaml);
    if (work.module !== undefined) checkFile(["work", "module"], work.module, yaml, NO_MODULE);
    if (flow?.module !== undefined) checkFile(["flow", "module"], flow.module, yaml, NO_MODULE);
    if (fetch?.urlsFile !== undefined) checkFile(["fetch", "urlsFile"], fetch.urlsFile, yaml, ONCE);
    for (const source of ["file", "rows"] as const) {
      const file = typeof fetch?.body === "object" ? fetch.body[source] : undefined;
      if (file !== undefined) checkFile(["fetch", "body", source], file, yaml, ONCE);
    }
  }
  return { scenario, points, yaml };
}

/** Why a pipe will not do where a file is read by every case from its beginning. */
const ONCE = "it is a pipe, which can be read only once; a file can be read by every case";
const NO_MODULE = "it is a pipe, and a module is a file";

/** A file that a scenario names has to be there before anything runs. `noPipe`: why it cannot be a pipe; null: it can. */
function checkFile(path: Path, file: string, yaml: YamlFile, noPipe: string | null = null): void {
  const why = whyUnreadable(file, noPipe);
  if (why === null) return;
  const message = `${fieldName(path)}: must be a file that can be read (${why}), got ${quoted(file, 200)}`;
  throw new InvalidScenario([yaml.problemAt(path, message)]);
}

function whyUnreadable(file: string, noPipe: string | null): string | null {
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) return "it is a folder, not a file";
    if (stat.isFIFO()) return noPipe;
    if (!stat.isFile()) return "it is neither a file nor a pipe";
    closeSync(openSync(file, "r"));
    return null;
  } catch (error) {
    return fileProblem(error);
  }
}

const ALTERNATIVES: readonly (readonly string[])[] = [
  ["fetch.tiles", "fetch.urls", "fetch.urlsFile"],
  ["fetch.body.text", "fetch.body.template", "fetch.body.file", "fetch.body.rows"],
  ["fetch.auth.bearer", "fetch.auth.basic"],
  ["fetch.target.mock", "fetch.target.url", "fetch.target.urls"],
];

function apply(yaml: YamlFile, { flag, path, value }: Override): void {
  const parts = path.split(".");
  if (parts.includes("")) throw new UserError(`${flag}: must be path=value, such as load.rate=200`);
  // What is not a field of the schema is named by the user: a tag, a metric, a swept field with dots in its name.
  const open = ["tags", "sweep", "thresholds"].includes(parts[0] ?? "") && parts.length > 1;
  const hint = open || path.startsWith("fetch.headers.") ? null : firstUnknown(parts, yaml.value());
  if (hint !== null) throw new UserError(`${flag}: there is no field ${printable(path, 60)}${hint}`);
  // One list takes the place of another, and one target that of another.
  for (const other of ALTERNATIVES.find((fields) => fields.includes(path)) ?? []) if (other !== path) yaml.remove(other.split("."));
  // Another load keeps of this one what it knows.
  if (path === "load.executor") yaml.keepOnly(["load"], knownKeys(["load"], { executor: value }));
  yaml.unsweep(path);
  yaml.override(flag, parts[0] === "sweep" && open ? ["sweep", parts.slice(1).join(".")] : parts, value);
}

/** Those of these fields that are there, as whole paths. */
function pathsIn<K extends string>(
  part: { readonly [key in K]?: string | undefined },
  keys: readonly K[],
  inFull: (path: string) => string,
) {
  const found: Partial<Record<K, string>> = {};
  for (const key of keys) if (part[key] !== undefined) found[key] = inFull(part[key]);
  return found;
}

/** Paths inside a scenario are relative to its file; `-` is standard input. */
function resolvePaths(scenario: Scenario, file: string): Scenario {
  const { load, work, fetch, flow } = scenario;
  const inFull = (path: string) => resolve(dirname(file), path);
  const files = pathsIn(fetch ?? {}, ["urlsFile", "saveTo", "deadLetter", "unix"], inFull);
  return {
    ...scenario,
    load: load.executor === "replay" && load.file !== "-" ? { ...load, file: inFull(load.file) } : load,
    work: work.module === undefined ? work : { ...work, module: inFull(work.module) },
    fetch:
      fetch === undefined
        ? fetch
        : {
            ...fetch,
            ...files,
            body: bodyInFull(fetch.body, inFull),
            tls: { ...fetch.tls, ...pathsIn(fetch.tls, ["ca", "cert", "key"], inFull) },
          },
    flow: flow?.module === undefined ? flow : { ...flow, module: inFull(flow.module) },
  };
}

function bodyInFull(body: NonNullable<Scenario["fetch"]>["body"], inFull: (path: string) => string): typeof body {
  if (typeof body !== "object") return body;
  const { file, rows } = body;
  return { ...body, ...(file === undefined ? {} : { file: inFull(file) }), ...(rows === undefined ? {} : { rows: inFull(rows) }) };
}
