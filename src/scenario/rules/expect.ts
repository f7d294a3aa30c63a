import type { Path } from "../../kernel/plain-value.ts";
import { suggestion } from "../../kernel/spelling.ts";
import { metricNamed, metricNames } from "../../telemetry/metrics.ts";
import { valueText } from "../../telemetry/params.ts";
import {
  type Expectation,
  type ExpressionProblem,
  type FigureReference,
  figuresIn,
  isProblem,
  isSweptValue,
  parseExpectation,
} from "../expectation.ts";
import { DEFAULT_MODES, MODES } from "../modes.ts";
import type { Scenario } from "../schema.ts";
import type { SemanticProblem } from "./semantic-problem.ts";

/** Mistakes in expectations. They may name modes and points of the file that a flag leaves out of this run. */
export function expectMisfits(scenario: Scenario, written: unknown, inFile: unknown): SemanticProblem[] {
  const spokenOf = nameable(scenario, inFile);
  const rules = (written as { expect?: unknown }).expect;
  return (scenario.expect ?? []).flatMap(({ that }, i) => {
    const expectation = parseExpectation(that);
    const problems = isProblem(expectation) ? [expectation] : nameProblems(expectation, spokenOf);
    const short = Array.isArray(rules) && typeof rules[i] === "string";
    const path: Path = short ? ["expect", i] : ["expect", i, "that"];
    return problems.map(({ at, rule, got }) => ({ path, message: rule, within: { at, got } }));
  });
}

function nameable({ workload, modes, sweep = {} }: Scenario, inFile: unknown): Nameable {
  const { modes: allModes = DEFAULT_MODES, sweep: whole } = (typeof inFile === "object" && inFile !== null ? inFile : {}) as {
    readonly modes?: unknown;
    readonly sweep?: unknown;
  };
  const named = MODES.filter((mode) => modes.includes(mode) || (Array.isArray(allModes) && allModes.includes(mode)));
  const axes = Object.entries(typeof whole === "object" && whole !== null ? whole : {}).filter(([, values]) => Array.isArray(values));
  const fields = [...new Set([...axes.map(([field]) => field), ...Object.keys(sweep)])];
  const valuesOf = (field: string) => [...((axes.find(([one]) => one === field)?.[1] as unknown[]) ?? []), ...(sweep[field] ?? [])];
  return { workload, modes: named, sweep: Object.fromEntries(fields.map((field) => [field, [...new Set(valuesOf(field))]])) };
}

/** What an expectation may name: parts of its scenario. */
export interface Nameable {
  readonly workload: string;
  readonly modes: readonly string[];
  /** Swept fields and their values. */
  readonly sweep: Readonly<Record<string, readonly unknown[]>>;
}

/** Problems with the names in an expectation that its scenario does not have. */
export function nameProblems(expectation: Expectation, scenario: Nameable): ExpressionProblem[] {
  const figures = figuresIn(expectation);
  if (figures.length === 0) return [{ at: 0, rule: "must speak of a figure of a mode, such as sync.throughput", got: "none" }];
  return figures.flatMap((figure) =>
    [modeProblem(figure, scenario), ...pointProblems(figure, scenario), figureProblem(figure, scenario)].filter(isThere),
  );
}

function isThere(problem: ExpressionProblem | null): problem is ExpressionProblem {
  return problem !== null;
}

function modeProblem({ mode: { text, at }, name }: FigureReference, { modes }: Nameable): ExpressionProblem | null {
  if (modes.includes(text)) return null;
  if ((MODES as readonly string[]).includes(text)) {
    return { at, rule: `must be a mode that the scenario runs (modes: ${modes.join(", ")})`, got: text };
  }
  if (text === "machine") return { at: name.at, rule: "must be cores: nothing else is known of the machine", got: name.text };
  return { at, rule: `must be a mode (${modes.join(", ")}) or machine${suggestion(text, [...modes, "machine"])}`, got: text };
}

function figureProblem({ mode, name, field }: FigureReference, { workload }: Nameable): ExpressionProblem | null {
  if (mode.text === "machine") return null;
  const figure = metricNamed(name.text);
  const names = metricNames(workload);
  if (figure === null) {
    const rule = `must be the name of a figure${suggestion(name.text, names) || `: there are ${names.join(", ")}`}`;
    return { at: name.at, rule, got: name.text };
  }
  if (figure.workload !== undefined && figure.workload !== workload) {
    return { at: name.at, rule: `must be measured in workload ${workload}`, got: name.text };
  }
  if (figure.fields.includes(field.text)) return null;
  const fields = figure.fields.filter((one) => one !== "");
  const hint = field.text === "" ? "" : suggestion(field.text, fields);
  return {
    at: field.at,
    rule: `must say which of ${name.text}: ${fields.join(", ")}${hint}`,
    got: field.text === "" ? name.text : field.text,
  };
}

function pointProblems({ point }: FigureReference, { sweep }: Nameable): (ExpressionProblem | null)[] {
  return point.map(({ field, value }, i): ExpressionProblem | null => {
    const swept = Object.keys(sweep);
    if (!swept.includes(field.text)) {
      const rule = swept.length === 0 ? "must be swept, and the scenario has no sweep" : `must be a swept field (${swept.join(", ")})`;
      return { at: field.at, rule: rule + suggestion(field.text, swept), got: field.text };
    }
    if (point.findIndex((other) => other.field.text === field.text) !== i) {
      return { at: field.at, rule: "must be named once", got: field.text };
    }
    const values = sweep[field.text] ?? [];
    if (values.some((one) => isSweptValue(one, value.text))) return null;
    const texts = values.map(valueText);
    return { at: value.at, rule: `must be one of the swept values ${texts.join(", ")}${suggestion(value.text, texts)}`, got: value.text };
  });
}
