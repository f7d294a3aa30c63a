import { UserError } from "../kernel/problem.ts";
import { quoted } from "../kernel/text.ts";
import { listed } from "../kernel/wording.ts";
import type { RunStore } from "../store/run-store.ts";
import type { RunResult } from "../telemetry/result.ts";

/** A baseline as the command line names it: `baseline:NAME`, or `baseline:NAME@SCENARIO`. */
export interface BaselineName {
  readonly name: string;
  /** null: the only one of that name. */
  readonly scenario: string | null;
}

/** null: it names no baseline. */
export function baselineNamed(text: string): BaselineName | null {
  if (!text.startsWith("baseline:")) return null;
  const [name = "", scenario = null] = text.slice("baseline:".length).split("@");
  return { name, scenario };
}

/** The result of a baseline; throws a sentence when there is none, or several of that name. */
export function baselineIn(store: RunStore, { name, scenario }: BaselineName): RunResult {
  const found = store.baselines.list(name).filter((one) => scenario === null || one.scenario === scenario);
  const [first] = found;
  const result = first === undefined ? null : store.baselines.result(name, first.scenario);
  if (result === null) throw unknownBaseline(name, scenario);
  if (found.length === 1) return result;
  const names = listed(found.map((one) => quoted(`baseline:${name}@${one.scenario}`)));
  throw new UserError(`There are baselines ${quoted(name)} of several scenarios: ${names}`);
}

export function unknownBaseline(name: string, scenario: string | null): UserError {
  const of = scenario === null ? "" : ` of the scenario ${quoted(scenario)}`;
  return new UserError(`There is no baseline ${quoted(name)}${of}; \`lab-tui run --save-baseline NAME\` saves one`);
}
