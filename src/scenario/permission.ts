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
export function checkPermissions({ work, flow }: Scenario, { allowModules }: Permissions): void {
  checkModule("work.module", work.module, allowModules);
  checkModule("flow.module", flow?.module, allowModules);
}

function checkModule(field: string, module: string | undefined, allowed: boolean | undefined): void {
  if (module === undefined || allowed === true || dirname(module) === SHIPPED) return;
  throw new UserError(
    `${field} names code (${quoted(module, 200)}), which runs with your rights; --allow-modules runs scenarios that name modules`,
  );
}
