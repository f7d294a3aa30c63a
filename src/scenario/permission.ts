import { dirname } from "node:path";
import { UserError } from "../kernel/problem.ts";
import { quoted } from "../kernel/text.ts";
import { SHIPPED } from "./find.ts";
import type { Scenario } from "./schema.ts";

export interface Permissions {
  /** Allows modules that a scenario names to run. */
  readonly allowModules?: boolean | undefined;
}

/** Throws a UserError if a scenario would run a module without permission. Shipped modules need none. */
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
