import { join } from "node:path";
import { planCases } from "../../../src/plan/plan.ts";
import { loadScenarioFile } from "../../../src/scenario/load.ts";
import type { MeasuredCase } from "../../../src/telemetry/result.ts";
import type { Told } from "./claim.ts";

const ROOT = join(import.meta.dir, "../../..");

/** Cases of shipped scenarios as they were measured, figures rounded and series thinned; those that a scenario has no more are left out. */
export async function recordedCases(): Promise<(Told & { readonly name: string })[]> {
  const lines = (await Bun.file(join(import.meta.dir, "recorded.ndjson")).text()).trimEnd().split("\n");
  const plans = new Map<string, ReturnType<typeof planCases>>();
  return lines.flatMap((line) => {
    const { scenario: name, ...result } = JSON.parse(line) as MeasuredCase & { readonly scenario: string };
    if (!plans.has(name)) plans.set(name, planCases(loadScenarioFile(join(ROOT, "scenarios", `${name}.yaml`)).points, 2));
    const plan = plans
      .get(name)
      ?.find(({ mode, params }) => mode === result.mode && JSON.stringify(params) === JSON.stringify(result.params));
    return plan === undefined ? [] : [{ name, result, scenario: plan.scenario }];
  });
}
