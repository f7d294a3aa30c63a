import type { Path } from "../kernel/plain-value.ts";
import { isProblem, parseExpectation } from "./expectation.ts";
import { type Nameable, nameProblems } from "./expectation-names.ts";
import { DEFAULT_MODES, MODES } from "./modes.ts";
import type { Scenario } from "./schema.ts";
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
