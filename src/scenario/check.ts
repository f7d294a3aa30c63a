import type { z } from "zod";
import { isPlainMap, type Path, valueAt } from "../kernel/plain-value.ts";
import { byPlace, type Problem, pathText } from "../kernel/problem.ts";
import { suggestion } from "../kernel/spelling.ts";
import { printable, quoted } from "../kernel/text.ts";
import { shown } from "./confidential.ts";
import { faultMessage } from "./fault-message.ts";
import { type FetchSettings, fetchSchema } from "./fetch-schema.ts";
import { flowSchema } from "./flow-schema.ts";
import { knownKeys } from "./known-fields.ts";
import type { LayeredFile } from "./layered-file.ts";
import { concerns, repaired } from "./repair.ts";
import type { SemanticProblem } from "./rules/semantic-problem.ts";
import { type Scenario, scenarioSchema } from "./schema.ts";
import { semanticProblems } from "./semantics.ts";
import { MERGE_KEY, type YamlFault } from "./yaml-file.ts";

/** The kind of rule that is broken: of YAML, of the whole file, of one field, or between fields. */
export type ProblemKind = YamlFault["kind"] | "no-map" | "unknown-field" | "value" | "misfit";

/** A problem with its kind and the path of the value. */
export interface ScenarioProblem extends Problem {
  readonly kind: ProblemKind;
  readonly path: Path;
}

export type Checked =
  | { readonly ok: true; readonly scenario: Scenario; readonly problems: readonly [] }
  | { readonly ok: false; readonly problems: readonly ScenarioProblem[] };

/** Checks a file with its layers. Reports all problems at once, in the order of the file. */
export function checkScenario(source: LayeredFile): Checked {
  const { scenario, problems } = checkValue(source);
  const all = [...faultsOf(source), ...problems].sort(byPlace);
  return scenario === null || all.length > 0 ? { ok: false, problems: all } : { ok: true, scenario, problems: [] };
}

function faultsOf({ yaml: { file, faults } }: LayeredFile): ScenarioProblem[] {
  return faults.map((fault) => ({ kind: fault.kind, path: [], file, ...fault.at, message: faultMessage(fault) }));
}

/** The scenario, if every field is valid, and the problems of its value; faults of the YAML are not included. */
function checkValue(source: LayeredFile): { readonly scenario: Scenario | null; readonly problems: readonly ScenarioProblem[] } {
  const { yaml, value } = source;
  if (!yaml.checkable) return { scenario: null, problems: [] };
  if (!isPlainMap(value)) return { scenario: null, problems: [noMap(source)] };
  const parsed = scenarioSchema.safeParse(value);
  const problems = (parsed.error?.issues ?? []).flatMap((issue) => issueProblems(issue, source));
  const sound = parsed.success ? { scenario: parsed.data, value, without: [] } : repaired(value);
  if (sound === null) return { scenario: null, problems };
  const misfits = semanticProblems(sound.scenario, sound.value, yaml.value)
    .filter(({ path }) => !sound.without.some((gone) => concerns(gone, path)))
    .map((problem) => misfit(problem, source));
  return { scenario: parsed.success ? withoutForeign(parsed.data, value) : null, problems: [...problems, ...misfits] };
}

function noMap({ yaml: { file }, value }: LayeredFile): ScenarioProblem {
  const got = value === null || value === undefined ? "an empty file" : quoted(value);
  return { kind: "no-map", path: [], file, line: 1, column: 1, message: `file: must be a map of scenario fields, got ${got}` };
}

function misfit({ path, message, atKey, within }: SemanticProblem, source: LayeredFile): ScenarioProblem {
  const { yaml, value } = source;
  const given = valueAt(value, path);
  const place = atKey ? yaml.placeOfKey(path.slice(0, -1), String(path.at(-1))) : undefined;
  const inside = within === undefined ? undefined : yaml.placeInText(path, String(given), within.at);
  const text = `${pathText(path)}: ${message}, got ${shown(path, within?.got ?? given)}`;
  return { kind: "misfit", path, ...source.problemAt(path, text, place ?? inside) };
}

/** Removes the defaults of the `message` workload from scenarios of the others. Without a load, a `fetch` scenario requests its list once. */
function withoutForeign(scenario: Scenario, written: unknown): Scenario {
  if (scenario.workload === "message") return scenario;
  if (scenario.workload === "flow") return withFlow(scenario);
  const loaded = isPlainMap(written) && "load" in written;
  return {
    ...scenario,
    work: { ...scenario.work, kind: "none", time: 0 },
    load: loaded ? scenario.load : { executor: "once" },
    fetch: withTarget(scenario.fetch ?? fetchSchema.parse({})),
  };
}

/** Copies the handlers' work to the scenario's `work`, where theory and views read it. */
function withFlow(scenario: Scenario): Scenario {
  const flow = scenario.flow ?? flowSchema.parse({});
  const work = flow.work === undefined ? { ...scenario.work, kind: "none" as const, time: 0 } : { ...scenario.work, ...flow.work };
  return { ...scenario, work, flow };
}

/** Adds the mock as the target of tiles that name no server. */
function withTarget(fetch: FetchSettings): FetchSettings {
  const named = fetch.target?.url !== undefined || fetch.target?.urls !== undefined || fetch.target?.mock !== undefined;
  if (named || fetch.urls !== undefined || fetch.urlsFile !== undefined) return fetch;
  return { ...fetch, target: fetchSchema.parse({ target: { mock: {} } }).target };
}

function issueProblems(issue: z.core.$ZodIssue, source: LayeredFile): ScenarioProblem[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const value = valueAt(source.value, path);
  if (issue.code === "unrecognized_keys") {
    // Merge keys are already reported as faults of the YAML.
    return issue.keys.filter((key) => key !== MERGE_KEY).map((key) => unknownField([...path, key], knownKeys(path, value), source));
  }
  const inner = issue.code === "invalid_union" && typeof value === "object" && value !== null ? issue.errors.at(-1) : undefined;
  // Where `false` or a map is allowed and a map is given, the problem is inside the map.
  if (inner !== undefined && inner.length > 0 && !Array.isArray(value)) {
    return inner.flatMap((one) => issueProblems({ ...one, path: [...issue.path, ...one.path] }, source));
  }
  const written = Number.isInteger(value) && !Number.isSafeInteger(value) ? source.numberAsWritten(path) : null;
  const got = written === null ? shown(path, value) : printable(written, 60);
  return [{ kind: "value", path, ...source.problemAt(path, `${pathText(path)}: ${ruleOf(issue, value)}, got ${got}`) }];
}

function unknownField(path: Path, known: readonly string[], source: LayeredFile): ScenarioProblem {
  const around = path.slice(0, -1);
  const key = String(path.at(-1));
  const message = `${pathText(path)}: is not a known field${suggestion(key, known)}, got ${shown(path, valueAt(source.value, path))}`;
  // The executor decides which fields a load has. If an override set it, that override made the field unknown.
  const decider = [...around, "executor"];
  const blamed = source.overrideAt(path) === null && source.overrideAt(decider) !== null ? decider : path;
  return { kind: "unknown-field", path: blamed, ...source.problemAt(blamed, message, source.yaml.placeOfKey(around, key)) };
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
