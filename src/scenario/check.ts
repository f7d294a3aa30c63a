import type { z } from "zod";
import type { Problem } from "../kernel/problem.ts";
import { byPlace } from "../kernel/problem.ts";
import { suggestion } from "../kernel/spelling.ts";
import { printable, quoted } from "../kernel/text.ts";
import { shown } from "./confidential.ts";
import { MERGE_KEY, type Path, type YamlFile } from "./document.ts";
import { type FetchSettings, fetchSchema } from "./fetch-schema.ts";
import { flowSchema } from "./flow-schema.ts";
import { concerns, repaired } from "./repair.ts";
import { DEFAULT_EXECUTOR, type Scenario, scenarioJsonSchema, scenarioSchema } from "./schema.ts";
import { semanticProblems } from "./semantics.ts";

export type Checked = { readonly ok: true; readonly scenario: Scenario } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Checks a whole scenario file and reports every problem at once, in the order of the file. */
export function checkScenario(yaml: YamlFile): Checked {
  const problems: Problem[] = [...yaml.problems];
  if (yaml.checkable) {
    const result = checkValue(yaml, problems);
    if (result !== null && problems.length === 0) return { ok: true, scenario: result };
  }
  problems.sort(byPlace);
  return { ok: false, problems };
}

function checkValue(yaml: YamlFile, problems: Problem[]): Scenario | null {
  const report = (path: Path, message: string, at = yaml.placeOf(path)) => {
    problems.push(yaml.problemAt(path, message, at));
  };
  const value = yaml.value();
  if (value instanceof Error) {
    report([], `file: must not expand aliases without end, got ${printable(value.message)}`, { line: 1, column: 1 });
    return null;
  }
  if (!yaml.isMap) {
    const got = value === null || value === undefined ? "an empty file" : quoted(value);
    report([], `file: must be a map of scenario fields, got ${got}`, { line: 1, column: 1 });
    return null;
  }
  const parsed = scenarioSchema.safeParse(value);
  for (const issue of parsed.error?.issues ?? []) reportIssue(issue, value, yaml, report);
  const sound = parsed.success ? { scenario: parsed.data, value, without: [] } : repaired(value);
  if (sound === null) return null;
  for (const { path, message, atKey, within } of semanticProblems(sound.scenario, sound.value, yaml.asWritten())) {
    if (sound.without.some((gone) => concerns(gone, path))) continue;
    const given = at(value, path);
    const place = atKey ? yaml.placeOfKey(path.slice(0, -1), String(path.at(-1))) : undefined;
    const inside = within === undefined ? undefined : yaml.placeInText(path, String(given), within.at);
    report(path, `${fieldName(path)}: ${message}, got ${shown(path, within?.got ?? given)}`, place ?? inside);
  }
  return parsed.success ? withoutForeign(parsed.data, value) : null;
}

/** A scenario of another workload than `message` has no messages to make, and one of `fetch` asks for its list once unless it says when. */
function withoutForeign(scenario: Scenario, written: unknown): Scenario {
  if (scenario.workload === "message") return scenario;
  if (scenario.workload === "flow") return withFlow(scenario);
  const loaded = typeof written === "object" && written !== null && "load" in written;
  return {
    ...scenario,
    work: { ...scenario.work, kind: "none", time: 0 },
    load: loaded ? scenario.load : { executor: "once" },
    fetch: withTarget(scenario.fetch ?? fetchSchema.parse({})),
  };
}

/** What handlers do is the scenario's work, wherever theory or a view asks for it. */
function withFlow(scenario: Scenario): Scenario {
  const flow = scenario.flow ?? flowSchema.parse({});
  const work = flow.work === undefined ? { ...scenario.work, kind: "none" as const, time: 0 } : { ...scenario.work, ...flow.work };
  return { ...scenario, work, flow };
}

/** Tiles that no server is named for are asked of the mock. */
function withTarget(fetch: FetchSettings): FetchSettings {
  const named = fetch.target?.url !== undefined || fetch.target?.urls !== undefined || fetch.target?.mock !== undefined;
  if (named || fetch.urls !== undefined || fetch.urlsFile !== undefined) return fetch;
  return { ...fetch, target: fetchSchema.parse({ target: { mock: {} } }).target };
}

type Report = (path: Path, message: string, at?: { line: number; column: number }) => void;

function reportIssue(issue: z.core.$ZodIssue, root: unknown, yaml: YamlFile, report: Report): void {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(path, at(root, path));
    // Of a merge key it is told already, wherever it stands.
    for (const key of issue.keys.filter((one) => one !== MERGE_KEY)) {
      const rule = `is not a known field${suggestion(key, known)}`;
      const got = shown([...path, key], at(root, [...path, key]));
      report(path, `${fieldName([...path, key])}: ${rule}, got ${got}`, yaml.placeOfKey(path, key));
    }
    return;
  }
  const value = at(root, path);
  const inner = issue.code === "invalid_union" && typeof value === "object" && value !== null ? issue.errors.at(-1) : undefined;
  // Of `false` or a map it is the map that is meant, and what is wrong stands inside it.
  if (inner !== undefined && inner.length > 0 && !Array.isArray(value)) {
    for (const one of inner) reportIssue({ ...one, path: [...issue.path, ...one.path] }, root, yaml, report);
    return;
  }
  const got = Number.isInteger(value) && !Number.isSafeInteger(value) ? yaml.numberAsWritten(path) : null;
  report(path, `${fieldName(path)}: ${ruleOf(issue, value)}, got ${got === null ? shown(path, value) : printable(got, 60)}`);
}

function ruleOf(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case "custom":
      return issue.message;
    case "invalid_union": {
      const options = (issue as { options?: unknown[] }).options?.map(String);
      if (options === undefined) return issue.message;
      return `must be one of ${options.join(", ")}${typeof value === "string" ? suggestion(value, options) : ""}`;
    }
    case "invalid_type":
      return issue.expected === "object" || issue.expected === "record" ? "must be a map" : `must be ${article(issue.expected)}`;
    case "too_small":
      return "must not be empty";
    default:
      return `must be valid (${printable(issue.message)})`;
  }
}

function article(type: string): string {
  return type === "string" ? "text" : type === "array" ? "a list" : `a ${type}`;
}

export function fieldName(path: Path): string {
  return path.length === 0 ? "file" : path.map((part) => (part === "" ? '""' : printable(String(part), 60))).join(".");
}

function at(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.hasOwn(value, part) ? (value as Record<string | number, unknown>)[part] : undefined;
  }
  return value;
}

interface JsonNode {
  readonly properties?: Readonly<Record<string, JsonNode>>;
  readonly oneOf?: readonly JsonNode[];
  readonly anyOf?: readonly JsonNode[];
  readonly items?: JsonNode;
  readonly additionalProperties?: JsonNode | boolean;
  readonly const?: unknown;
}

let jsonSchema: JsonNode | null = null;

/** The keys the schema knows at a path. In `load` those of the executor that is named there. */
export function knownKeys(path: Path, value: unknown): string[] {
  jsonSchema ??= scenarioJsonSchema() as JsonNode;
  let nodes: JsonNode[] = [jsonSchema];
  for (const part of path) {
    nodes = nodes.flatMap((node) => child(node, String(part))).flatMap((node) => [node, ...(node.oneOf ?? []), ...(node.anyOf ?? [])]);
  }
  const executor = typeof value === "object" && value !== null ? (value as Record<string, unknown>)["executor"] : DEFAULT_EXECUTOR;
  const fits = ({ properties }: JsonNode) =>
    properties !== undefined && (properties["executor"] === undefined || properties["executor"].const === executor);
  const fitting = nodes.filter(fits);
  return [...new Set((fitting.length > 0 ? fitting : nodes).flatMap((node) => Object.keys(node.properties ?? {})))];
}

function child(node: JsonNode, key: string): JsonNode[] {
  const found = node.properties?.[key];
  if (found !== undefined) return [found];
  if (node.items !== undefined && /^\d+$/.test(key)) return [node.items];
  return typeof node.additionalProperties === "object" ? [node.additionalProperties] : [];
}
