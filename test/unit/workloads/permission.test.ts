import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { UserError } from "../../../src/kernel/problem.ts";
import { SHIPPED } from "../../../src/scenario/find.ts";
import { type Scenario, scenarioSchema } from "../../../src/scenario/schema.ts";
import { checkPermissions } from "../../../src/workloads/permission.ts";

const none = scenarioSchema.parse({ title: "x" });

function naming(module: string): Scenario {
  return { ...none, work: { ...none.work, kind: "handler", module } };
}

describe("code that a scenario names", () => {
  test("is refused without leave, and the sentence says which flag gives it", () => {
    expect(() => checkPermissions(naming("/elsewhere/score.ts"), {})).toThrow(/work\.module.*\/elsewhere\/score\.ts.*--allow-modules/);
  });

  test("runs with leave", () => {
    expect(() => checkPermissions(naming("/elsewhere/score.ts"), { allowModules: true })).not.toThrow();
  });

  test("of the lab's own scenarios has leave, but not what lies below or beside them", () => {
    expect(() => checkPermissions(naming(join(SHIPPED, "score.ts")), {})).not.toThrow();
    expect(() => checkPermissions(naming(join(SHIPPED, "more", "score.ts")), {})).toThrow(UserError);
    expect(() => checkPermissions(naming(`${SHIPPED}-of-others/score.ts`), {})).toThrow(UserError);
  });

  test("of a flow is asked for as well", () => {
    const { flow } = scenarioSchema.parse({ title: "x", workload: "flow", flow: { kind: "event-bus" } });
    if (flow === undefined) throw new Error("unreachable");
    expect(() => checkPermissions({ ...none, workload: "flow", flow: { ...flow, module: "/elsewhere/flow.ts" } }, {})).toThrow(
      /flow\.module/,
    );
  });

  test("programs need a leave of their own, wherever they are", () => {
    const named: Scenario = { ...none, work: { ...none.work, kind: "command", command: ["python3", "./score.py"], folder: SHIPPED } };
    expect(() => checkPermissions(named, { allowModules: true })).toThrow(/work\.command.*python3 \.\/score\.py.*--allow-commands/);
    expect(() => checkPermissions(named, { allowCommands: true })).not.toThrow();
  });

  test("a scenario that names none needs no leave", () => {
    expect(() => checkPermissions(none, {})).not.toThrow();
  });
});
