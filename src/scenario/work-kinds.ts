import type { Scenario } from "./schema.ts";

/** True when work of a kind takes the time that the scenario states: a user's own code takes its own. */
export function takesStatedTime(kind: Scenario["work"]["kind"]): boolean {
  return kind !== "none" && kind !== "handler" && kind !== "command";
}
