import { closeSync, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileProblem } from "../kernel/file-problem.ts";
import type { Path } from "../kernel/plain-value.ts";
import { InvalidScenario, pathText } from "../kernel/problem.ts";
import { quoted } from "../kernel/text.ts";
import type { LayeredFile } from "./layered-file.ts";
import type { Scenario } from "./schema.ts";

/** Resolves the files that a scenario names relative to its own file. Throws an InvalidScenario if one cannot be read. */
export function withNamedFiles(scenario: Scenario, file: string, source: LayeredFile): Scenario {
  const named = resolvePaths(scenario, file);
  const { load, work, fetch, flow } = named;
  if (load.executor === "replay" && load.file !== "-") checkFile(["load", "file"], load.file, source);
  if (work.module !== undefined) checkFile(["work", "module"], work.module, source, NO_MODULE);
  if (flow?.module !== undefined) checkFile(["flow", "module"], flow.module, source, NO_MODULE);
  if (fetch?.urlsFile !== undefined) checkFile(["fetch", "urlsFile"], fetch.urlsFile, source, ONCE);
  for (const part of ["file", "rows"] as const) {
    const body = typeof fetch?.body === "object" ? fetch.body[part] : undefined;
    if (body !== undefined) checkFile(["fetch", "body", part], body, source, ONCE);
  }
  return named;
}

/** The reasons why a pipe is refused: every case reads the file from its beginning. */
const ONCE = "it is a pipe, which can be read only once; a file can be read by every case";
const NO_MODULE = "it is a pipe, and a module is a file";

/** Throws if a file cannot be read. `noPipe`: the reason why it must not be a pipe; null if it may. */
function checkFile(path: Path, file: string, source: LayeredFile, noPipe: string | null = null): void {
  const why = whyUnreadable(file, noPipe);
  if (why === null) return;
  const message = `${pathText(path)}: must be a file that can be read (${why}), got ${quoted(file, 200)}`;
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

/** The given fields that are present, as absolute paths. */
function pathsIn<K extends string>(
  part: { readonly [key in K]?: string | undefined },
  keys: readonly K[],
  inFull: (path: string) => string,
) {
  const found: Partial<Record<K, string>> = {};
  for (const key of keys) if (part[key] !== undefined) found[key] = inFull(part[key]);
  return found;
}

/** Resolves the paths of a scenario against its file; `-` is standard input. */
function resolvePaths(scenario: Scenario, file: string): Scenario {
  const { load, work, fetch, flow } = scenario;
  const inFull = (path: string) => resolve(dirname(file), path);
  const files = pathsIn(fetch ?? {}, ["urlsFile", "saveTo", "deadLetter", "unix"], inFull);
  return {
    ...scenario,
    load: load.executor === "replay" && load.file !== "-" ? { ...load, file: inFull(load.file) } : load,
    work: workInFull(work, inFull),
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

/** A program that is named by a path is found from the scenario's folder; its arguments stay as they are. */
function workInFull(work: Scenario["work"], inFull: (path: string) => string): Scenario["work"] {
  if (work.module !== undefined) return { ...work, module: inFull(work.module) };
  if (work.command === undefined) return work;
  const [program = "", ...rest] = work.command;
  return { ...work, command: [program.includes("/") ? inFull(program) : program, ...rest], folder: inFull(work.folder ?? ".") };
}

function bodyInFull(body: NonNullable<Scenario["fetch"]>["body"], inFull: (path: string) => string): typeof body {
  if (typeof body !== "object") return body;
  const { file, rows } = body;
  return { ...body, ...(file === undefined ? {} : { file: inFull(file) }), ...(rows === undefined ? {} : { rows: inFull(rows) }) };
}
