import { readFileSync } from "node:fs";
import { z } from "zod";
import { fileProblem } from "../kernel/file-problem.ts";
import { isPlainMap, type Path, valueAt } from "../kernel/plain-value.ts";
import { byPlace, formatProblem, type Problem, UserError } from "../kernel/problem.ts";
import { suggestion } from "../kernel/spelling.ts";
import { printable, quoted } from "../kernel/text.ts";
import { faultMessage } from "../scenario/fault-message.ts";
import { YamlFile } from "../scenario/yaml-file.ts";
import { GLYPHS, THEME_NAMES } from "../views/canvas/names.ts";
import { conflictsOf, conflictText, DEFAULT_KEYS } from "../views/live/bindings.ts";
import { isKeyName, KEY_NAMES } from "../views/live/keys.ts";
import type { UserSettings } from "./settings.ts";

const KEY = "must be one character, or a name such as enter, space, escape, up or ctrl-c";

const keysSchema = z.strictObject(
  Object.fromEntries(
    Object.entries(DEFAULT_KEYS).map(([action, keys]) => [
      action,
      z
        .array(z.string().refine(isKeyName, KEY))
        .min(1)
        .optional()
        .describe(`By default ${keys.join(", ")}. The first key stands for the first of these, and so on.`),
    ]),
  ),
);

const settingsSchema = z.strictObject({
  theme: z.enum(THEME_NAMES).optional().describe("Colours of the dashboard."),
  glyphs: z.enum(GLYPHS).optional().describe("Signs of its charts."),
  fps: z.number().min(1).max(60).optional().describe("Most frames of the dashboard per second."),
  plain: z.boolean().optional().describe("Sentences instead of pictures, for screen readers."),
  keys: keysSchema.optional().describe("Keys by screen and action; what is not named keeps its own."),
});

/** The JSON Schema of the file, for editors. */
export function settingsJsonSchema(): unknown {
  return z.toJSONSchema(settingsSchema);
}

/** Reads and checks the file. Throws a UserError with every problem, at its place. */
export function readSettings(file: string): UserSettings {
  const yaml = YamlFile.parse(file, textOf(file));
  const found = problemsOf(yaml);
  if (found.problems.length > 0) throw new UserError(found.problems.toSorted(byPlace).map(formatProblem).join("\n"));
  return found.settings;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`${printable(file, 400)}: cannot be read: ${fileProblem(error)}`);
  }
}

function problemsOf(yaml: YamlFile): { readonly problems: readonly Problem[]; readonly settings: UserSettings } {
  const { file, value } = yaml;
  const faults = yaml.faults.map((fault) => ({ file, ...fault.at, message: faultMessage(fault) }));
  // An empty file sets nothing.
  if (faults.length > 0 || value === null || value === undefined) return { problems: faults, settings: {} };
  if (!isPlainMap(value)) return { problems: [problemAt(yaml, [], `must be a map of settings, got ${quoted(value)}`)], settings: {} };
  const parsed = settingsSchema.safeParse(value);
  if (!parsed.success) return { problems: parsed.error.issues.flatMap((issue) => issueProblems(yaml, issue)), settings: {} };
  const keys = Object.fromEntries(Object.entries(parsed.data.keys ?? {}).flatMap(([action, own]) => (own ? [[action, own]] : [])));
  const conflicts = conflictsOf(keys).map((conflict) => problemAt(yaml, ["keys", conflict.action], conflictText(conflict, keys)));
  return { problems: conflicts, settings: { ...parsed.data, keys } };
}

function problemAt(yaml: YamlFile, path: Path, message: string): Problem {
  const name = path.length === 0 ? "file" : path.join(".");
  return { file: yaml.file, ...yaml.placeOf(path), message: `${printable(name, 80)}: ${message}` };
}

type Issue = z.core.$ZodIssue;

function issueProblems(yaml: YamlFile, issue: Issue): Problem[] {
  const path = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys") {
    const known = path.length === 0 ? Object.keys(settingsSchema.shape) : Object.keys(DEFAULT_KEYS);
    const what = path.length === 0 ? "setting" : "action";
    return issue.keys.map((key) => ({
      ...problemAt(yaml, [...path, key], `is no ${what}${suggestion(key, known)}`),
      ...yaml.placeOfKey(path, key),
    }));
  }
  const got = valueAt(yaml.value, path);
  const near = typeof got === "string" ? suggestion(got, nearOf(issue)) : "";
  return [problemAt(yaml, path, `${ruleOf(issue)}, got ${quoted(got)}${near}`)];
}

function nearOf(issue: Issue): readonly string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  return issue.code === "custom" ? KEY_NAMES : [];
}

function ruleOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_value":
      return `must be one of ${issue.values.join(", ")}`;
    case "invalid_type":
      return TYPES[issue.expected] ?? `must be a ${issue.expected}`;
    case "too_small":
      return issue.origin === "array" ? "must name a key" : `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  boolean: "must be true or false",
  array: 'must be a list of keys, such as ["x"]',
  object: "must be a map of actions to their keys",
  string: "must be the name of a key, in quotes where it is a number or a sign",
};
