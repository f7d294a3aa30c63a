import { dirname } from "node:path";
import { UserError } from "../kernel/problem.ts";
import { quoted } from "../kernel/text.ts";
import { SHIPPED } from "./find.ts";
import type { Scenario } from "./schema.ts";

export interface Permissions {
  /** Code that a scenario names may run. */
  readonly allowModules?: boolean | undefined;
}

/** Refuses a scenario that would run somebody's code without leave. What is shipped with the lab has it. */
export function checkPermissions({ work }: Scenario, { allowModules }: Permissions): void {
  if (work.module === undefined || allowModules === true || dirname(work.module) === SHIPPED) return;
  throw new UserError(
    `work.module names code (${quoted(work.module, 200)}), which runs with your rights; --allow-modules runs scenarios that name modules`,
  );
}
