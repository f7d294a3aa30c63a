import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, join, resolve } from "node:path";
import { suggestion, UserError } from "../kernel/problem.ts";
import { quoted } from "../kernel/text.ts";
import { nestsDeeperThan } from "./nesting.ts";
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

/** Files of shipped scenarios and of those in `./scenarios`, sorted by name; of one name that which a user gets by it. */
export function scenarioFiles(cwd = process.cwd()): string[] {
  const folders = (cwd === SHIPPED ? [SHIPPED] : [join(cwd, "scenarios"), SHIPPED]).filter((folder, i, all) => all.indexOf(folder) === i);
  const files = folders.flatMap((folder) => {
    try {
      return readdirSync(folder)
        .filter((name) => EXTENSIONS.includes(extname(name)))
        .map((name) => join(folder, name));
    } catch {
      return [];
    }
  });
  const byName = new Map(files.toReversed().map((file) => [scenarioName(file), file]));
  return [...byName.values()].sort((a, b) => (scenarioName(a) < scenarioName(b) ? -1 : 1));
}

/** Title, modes and tags of every scenario found, without checking the rest. Unreadable files are left out and named. */
export function listScenarios(cwd = process.cwd()): { readonly listed: readonly Listed[]; readonly unreadable: readonly string[] } {
  const listed: Listed[] = [];
  const unreadable: string[] = [];
  for (const file of scenarioFiles(cwd)) {
    const outline = outlineOf(file);
    if (outline === null) unreadable.push(file);
    else listed.push(outline);
  }
  return { listed, unreadable };
}

/** An anchor, an alias or a merge key may stand in it. */
const REFERS = /(^|[\s[{,:-])([&*][^\s,\]}]|<<\s*:)/m;

/**
 * What a file says. Bun's own parser is there at once; it has no places for messages, which a list does not need. But it unfolds aliases
 * without bound, and knows merge keys, which a run refuses: a file that has any is read as a run reads it.
 */
function readValue(file: string, text: string): unknown {
  if (!REFERS.test(text)) return Bun.YAML.parse(text);
  const { YamlFile } = require("./document.ts") as typeof import("./document.ts");
  const yaml = YamlFile.parse(file, text);
  return yaml.problems.length > 0 ? null : yaml.value();
}

function outlineOf(file: string): Listed | null {
  try {
    const text = readBounded(file);
    if (nestsDeeperThan(text) !== null) return null;
    const value = readValue(file, text);
    if (typeof value !== "object" || value === null) return null;
    const { title, description, hypothesis, workload, modes, tags } = value as Record<string, unknown>;
    if (typeof title !== "string") return null;
    return {
      name: scenarioName(file),
      title,
      ...(typeof description === "string" ? { description: description.trim() } : {}),
      ...(typeof hypothesis === "string" ? { hypothesis: hypothesis.trim() } : {}),
      workload: typeof workload === "string" ? workload : "message",
      modes: Array.isArray(modes) ? modes.map(String) : ["sync", "async", "parallel"],
      tags: typeof tags === "object" && tags !== null ? Object.fromEntries(Object.entries(tags).map(([k, v]) => [k, String(v)])) : {},
      file: resolve(file),
    };
  } catch {
    return null;
  }
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
