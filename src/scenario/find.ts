import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, join, resolve } from "node:path";
import { errorText } from "../kernel/error-text.ts";
import { InvalidScenario, UserError } from "../kernel/problem.ts";
import { suggestion } from "../kernel/spelling.ts";
import { quoted } from "../kernel/text.ts";
import { MODES } from "./modes.ts";
import { readBounded } from "./read.ts";

/** Where shipped scenarios are. */
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

/** How much of what is wrong with a file a list says. */
const MOST_SAID = 3;

/** A file that cannot be run, and why: the beginning of what `validate` says. */
export interface Unreadable {
  readonly name: string;
  readonly file: string;
  readonly why: string;
}

/** Files of shipped scenarios and of those in `./scenarios`, sorted by name; of one name that which a user gets by it. */
export function scenarioFiles(cwd = process.cwd()): string[] {
  return byName(foldersOf(cwd).flatMap(filesIn));
}

/** Where a user keeps scenarios by name, and where the shipped ones are. */
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

/** Sorted; of one name the first. */
function byName(files: readonly string[]): string[] {
  const found = new Map(files.toReversed().map((file) => [scenarioName(file), file]));
  return [...found.values()].sort((a, b) => (scenarioName(a) < scenarioName(b) ? -1 : 1));
}

/**
 * Every scenario that can be run by its name: in the working folder, in `./scenarios`, and shipped; and files that cannot, though they stand
 * in `./scenarios` or hide another of their name. Other files of the working folder are no scenarios, and nobody said that they are.
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

/** What is shipped is tested to be right: Bun's own parser is there at once, and knows no places for messages. */
function shippedOutline(file: string): Listed | Unreadable {
  try {
    return outlineOf(file, Bun.YAML.parse(readBounded(file)) as Outlined);
  } catch (error) {
    return { name: scenarioName(file), file, why: errorText(error) };
  }
}

/** What a user wrote is read and checked as a run does it. */
function checkedOutline(file: string): Listed | Unreadable {
  const { loadScenario } = require("./load.ts") as typeof import("./load.ts");
  try {
    return outlineOf(file, loadScenario(file));
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    // Its own name stands before it in every list.
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

function outlineOf(file: string, { title, description, hypothesis, workload = "message", modes = MODES, tags = {} }: Outlined): Listed {
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

/** The file a user means: a path, or the name of a scenario here, in `./scenarios`, or shipped. */
export function findScenario(asked: string, cwd = process.cwd()): string {
  const path = isAbsolute(asked) ? asked : resolve(cwd, asked);
  // As the user wrote it: messages then name the file in the same words.
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
