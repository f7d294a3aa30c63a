import { closeSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileProblem } from "../kernel/file-problem.ts";
import { InvalidScenario } from "../kernel/problem.ts";
import { quoted } from "../kernel/text.ts";
import { checkScenario, placeName } from "./check.ts";
import { LayeredFile } from "./layered-file.ts";
import { type FlagOverride, layered } from "./overrides.ts";
import { readBounded } from "./read.ts";
import type { Scenario } from "./schema.ts";
import { inFileOrder, type SweepPoint, sweepPoints, sweepProblems } from "./sweep.ts";
import { type Path, YamlFile } from "./yaml-file.ts";

/** Reads the text of a file; a file that cannot be read is an InvalidScenario. */
export type ReadText = (file: string) => string;

/** A scenario with the points of its sweep and the places of what stands in the file. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly points: readonly SweepPoint[];
  /** The file with the flags over it. */
  readonly source: LayeredFile;
}

/** Reads a scenario file, applies flags, checks it; every problem at once in an InvalidScenario. */
export function loadScenario(file: string, overrides: readonly FlagOverride[] = []): Scenario {
  return loadScenarioFile(file, overrides).scenario;
}

/** The same with the points of its sweep. */
export function loadScenarioFile(file: string, overrides: readonly FlagOverride[] = []): LoadedScenario {
  return resolveScenario(readScenario(file), file, overrides);
}

/** The YAML of a scenario file, unchecked. It is read here and nowhere else. */
export function readScenario(file: string, read: ReadText = readBounded): YamlFile {
  return YamlFile.parse(file, read(file));
}

/** Lays flags over what a file holds, checks it and works out its sweep. Paths in it are relative to `file`. */
export function resolveScenario(yaml: YamlFile, file: string, overrides: readonly FlagOverride[] = []): LoadedScenario {
  const source = overrides.reduce(layered, LayeredFile.of(yaml));
  const checked = checkScenario(source);
  if (!checked.ok) throw new InvalidScenario(inFileOrder([...checked.problems, ...sweepProblems(source)]));
  const scenario = resolvePaths(checked.scenario, file);
  const points = sweepPoints(checked.scenario, source).map((point) => ({ ...point, scenario: resolvePaths(point.scenario, file) }));
  checkFiles([scenario, ...points.map((point) => point.scenario)], source);
  return { scenario, points, source };
}

/** The files that scenarios name have to be there before anything runs. */
function checkFiles(scenarios: readonly Scenario[], source: LayeredFile): void {
  for (const { load, work, fetch, flow } of scenarios) {
    if (load.executor === "replay" && load.file !== "-") checkFile(["load", "file"], load.file, source);
    if (work.module !== undefined) checkFile(["work", "module"], work.module, source, NO_MODULE);
    if (flow?.module !== undefined) checkFile(["flow", "module"], flow.module, source, NO_MODULE);
    if (fetch?.urlsFile !== undefined) checkFile(["fetch", "urlsFile"], fetch.urlsFile, source, ONCE);
    for (const part of ["file", "rows"] as const) {
      const file = typeof fetch?.body === "object" ? fetch.body[part] : undefined;
      if (file !== undefined) checkFile(["fetch", "body", part], file, source, ONCE);
    }
  }
}

/** Why a pipe will not do where a file is read by every case from its beginning. */
const ONCE = "it is a pipe, which can be read only once; a file can be read by every case";
const NO_MODULE = "it is a pipe, and a module is a file";

/** A file that a scenario names has to be there before anything runs. `noPipe`: why it cannot be a pipe; null: it can. */
function checkFile(path: Path, file: string, source: LayeredFile, noPipe: string | null = null): void {
  const why = whyUnreadable(file, noPipe);
  if (why === null) return;
  const message = `${placeName(path)}: must be a file that can be read (${why}), got ${quoted(file, 200)}`;
  throw new InvalidScenario([source.problemAt(path, message)]);
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
