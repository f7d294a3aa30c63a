import type { Path } from "../../kernel/plain-value.ts";
import { COMMON_FLOW_FIELDS, FLOW_FIELDS, type FlowKind } from "../flow-schema.ts";
import type { Scenario } from "../schema.ts";
import type { SemanticProblem } from "./semantic-problem.ts";

/** Conflicts between the fields of `flow`, and with the load, in a scenario of that workload. */
export function flowMisfits({ flow, load }: Scenario, written: unknown): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  if (load.executor === "replay") problems.push({ path: ["load", "executor"], message: "must not be replay, which is for messages" });
  if (flow === undefined) return problems;
  const own = (written as { flow?: Record<string, unknown> }).flow ?? {};
  problems.push(...uselessFields(flow.kind, own, ["flow"]));
  if (flow.kind === "orchestrator" && flow.module === undefined && Object.keys(flow.parts ?? {}).length === 0)
    problems.push({ path: ["flow", "kind"], message: "needs flow.parts, what it runs, or flow.module" });
  for (const [name, part] of Object.entries(flow.parts ?? {})) {
    const path: Path = ["flow", "parts", name];
    if (!/^[\w-]{1,40}$/.test(name)) problems.push({ path, message: "must have a name of 1 to 40 letters, digits, - and _", atKey: true });
    if (part.work !== undefined && part.work.distribution !== "constant") {
      const message = "must be constant in a part: one time is drawn for each item, by flow.work";
      problems.push({ path: [...path, "work", "distribution"], message });
    }
    problems.push(...uselessFields(part.kind, ((own["parts"] ?? {}) as Record<string, object>)[name] ?? {}, path));
  }
  return problems;
}

function uselessFields(kind: FlowKind, written: object, path: Path): SemanticProblem[] {
  const known = [...COMMON_FLOW_FIELDS, ...FLOW_FIELDS[kind]];
  return Object.keys(written)
    .filter((field) => !known.includes(field))
    .map((field) => ({ path: [...path, field], message: `is of no use to kind ${kind}`, atKey: true }));
}
