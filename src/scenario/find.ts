import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, join, resolve } from "node:path";
import { errorText } from "../kernel/error-text.ts";
import { InvalidScenario, UserError } from "../kernel/problem.ts";
import { suggestion } from "../kernel/spelling.ts";
import { quoted } from "../kernel/text.ts";
import { DEFAULT_MODES } from "./modes.ts";
import { readBounded } from "./read.ts";

/** Folder of the shipped scenarios. */
export const SHIPPED = resolve(dirname(Bun.fileURLToPath(import.meta.url)), "../../scenarios");

/** A scenario as `list` shows it. */
export interface Listed {
  readonly name: string;
  readonly title: string;
  readonly description?: string;
  readonly hypothesis?: string;
  readonly workload: string;
  readonly modes: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly file: string;
}

const EXTENSIONS: readonly string[] = [".yaml", ".yml"];

export function scenarioName(file: string): string {
  return basename(file, extname(file));
}

/** Problems shown per file in a list, at most. */
const MOST_SAID = 3;

/** A file that cannot be run, with the first problems that `validate` reports. */
export interface Unreadable {
  readonly name: string;
  readonly file: string;
  readonly why: string;
}

/** Files of `./scenarios` and of the shipped scenarios, sorted by name. A file of `./scenarios` hides a shipped one of the same name. */
export function scenarioFiles(cwd = process.cwd()): string[] {
  return byName(foldersOf(cwd).flatMap(filesIn));
}

/** Folders in which scenarios are found by name: the user's, and that of the shipped ones. */
function foldersOf(cwd: string): string[] {
  return [...new Set(cwd === SHIPPED ? [SHIPPED] : [join(cwd, "scenarios"), SHIPPED])];
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => EXTENSIONS.includes(extname(name)))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Sorted by name; of several with one name the first. */
function byName(files: readonly string[]): string[] {
  const found = new Map(files.toReversed().map((file) => [scenarioName(file), file]));
  return [...found.values()].sort((a, b) => (scenarioName(a) < scenarioName(b) ? -1 : 1));
}

/**
 * Scenarios that can be run by name, from the working folder, `./scenarios` and the shipped ones; and the unreadable files of `./scenarios`, or
 * those that hide another of their name. Other unreadable files of the working folder are left out: they need not be scenarios.
 */
export function listScenarios(cwd = process.cwd()): { readonly listed: readonly Listed[]; readonly unreadable: readonly Unreadable[] } {
  const listed: Listed[] = [];
  const unreadable: Unreadable[] = [];
  const named = foldersOf(cwd).flatMap(filesIn);
  const here = cwd === SHIPPED ? [] : filesIn(cwd);
  const meant = new Set(named.map(scenarioName));
  for (const file of byName([...here, ...named])) {
    const outline = dirname(file) === SHIPPED ? shippedOutline(file) : checkedOutline(file);
    if ("modes" in outline) listed.push(outline);
    else if (dirname(file) !== cwd || meant.has(outline.name)) unreadable.push(outline);
  }
  return { listed, unreadable };
}

/** Reads a shipped scenario with Bun's own parser, which is faster but has no positions for problems: shipped scenarios are tested to have none. */
function shippedOutline(file: string): Listed | Unreadable {
  try {
    return outlineOf(file, Bun.YAML.parse(readBounded(file)) as Outlined);
  } catch (error) {
    return { name: scenarioName(file), file, why: errorText(error) };
  }
}

/** Reads and checks a user's scenario as a run does. */
function checkedOutline(file: string): Listed | Unreadable {
  const { loadScenario } = require("./load.ts") as typeof import("./load.ts");
  try {
    return outlineOf(file, loadScenario(file));
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    // Without the file's name, which a list shows before it.
    const said = error.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
    return { name: scenarioName(file), file, why: said.slice(0, MOST_SAID).join("; ") };
  }
}

interface Outlined {
  readonly title: string;
  readonly description?: string | undefined;
  readonly hypothesis?: string | undefined;
  readonly workload?: string;
  readonly modes?: readonly string[];
  readonly tags?: Readonly<Record<string, unknown>> | undefined;
}

function outlineOf(
  file: string,
  { title, description, hypothesis, workload = "message", modes = DEFAULT_MODES, tags = {} }: Outlined,
): Listed {
  return {
    name: scenarioName(file),
    title,
    ...(description === undefined ? {} : { description: description.trim() }),
    ...(hypothesis === undefined ? {} : { hypothesis: hypothesis.trim() }),
    workload,
    modes: [...modes],
    tags: Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, String(value)])),
    file: resolve(file),
  };
}

/** The file for a path or for the name of a scenario in the working folder, in `./scenarios` or among the shipped. Throws a UserError. */
export function findScenario(asked: string, cwd = process.cwd()): string {
  const path = isAbsolute(asked) ? asked : resolve(cwd, asked);
  // As the user wrote it, for messages.
  if (asked.includes("/") || EXTENSIONS.includes(extname(asked))) return asked;
  if (existsSync(path) && statSync(path).isFile()) return asked;
  const local = EXTENSIONS.map((extension) => resolve(cwd, asked + extension)).find((file) => existsSync(file));
  if (local !== undefined) return local;
  const files = scenarioFiles(cwd);
  const found = files.find((file) => scenarioName(file) === asked);
  if (found !== undefined) return found;
  const hint = suggestion(asked, files.map(scenarioName)) || "; `lab-tui list` shows what there is";
  throw new UserError(`There is no scenario named ${quoted(asked)}${hint}`);
}
