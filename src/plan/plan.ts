import { createHash } from "node:crypto";
import type { Mode, Scenario } from "../scenario/schema.ts";

/** One mode at one sweep point: everything a runner needs, as plain data. */
export interface CasePlan {
  readonly mode: Mode;
  /** The swept fields and their values here. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly scenario: Scenario;
  readonly workers: number;
}

/** A scenario with the name it goes by and the file it came from. */
export interface NamedScenario {
  readonly name: string;
  readonly file: string;
  readonly scenario: Scenario;
}

/** The cases of a scenario, in the order they run. `cores` of the machine stand in for `workers: auto`. */
export function planCases(scenario: Scenario, cores: number): CasePlan[] {
  const { workers } = scenario.parallel;
  return scenario.modes.map((mode) => ({ mode, params: {}, scenario, workers: workers === "auto" ? cores : workers }));
}

/** SHA-256 of the resolved scenario: the same for files that differ only in how they are written. */
export function scenarioHash(scenario: Scenario): string {
  return createHash("sha256").update(canonicalJson(scenario)).digest("hex");
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(",")}}`;
}
