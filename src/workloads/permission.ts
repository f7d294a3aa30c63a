import { dirname } from "node:path";
import { UserError } from "../kernel/problem.ts";
import { quoted } from "../kernel/text.ts";
import { SHIPPED } from "../scenario/find.ts";
import type { Scenario } from "../scenario/schema.ts";
import { checkFiles, checkHostsOf } from "./fetch/permission.ts";

/** What a user allows scenarios to do. */
export interface Permissions {
  /** Allows modules that a scenario names to run. */
  readonly allowModules?: boolean | undefined;
  /** Allows programs that a scenario names to run. */
  readonly allowCommands?: boolean | undefined;
}

/**
 * Throws a UserError if one of some scenarios would run code or send load to a public host without permission, or if what it reads or writes
 * is out of reach. `allowedHosts`: public hosts that may receive load.
 */
export function checkBeforeRun(scenarios: readonly Scenario[], permissions: Permissions, allowedHosts: readonly string[]): void {
  for (const scenario of scenarios) checkPermissions(scenario, permissions);
  const requesting = scenarios.filter(({ workload }) => workload === "fetch");
  for (const scenario of requesting) checkFiles(scenario);
  if (requesting.length > 0) checkHostsOf(requesting, allowedHosts);
}

/** Throws a UserError if a scenario would run a module or a program without permission. Shipped modules need none. */
export function checkPermissions({ work, flow }: Scenario, { allowModules, allowCommands }: Permissions): void {
  if (work.command !== undefined && allowCommands !== true) {
    const program = quoted(work.command.join(" "), 200);
    throw new UserError(
      `work.command names a program (${program}), which runs with your rights; --allow-commands runs scenarios that name programs`,
    );
  }
  checkModule("work.module", work.module, allowModules);
  checkModule("flow.module", flow?.module, allowModules);
}

function checkModule(field: string, module: string | undefined, allowed: boolean | undefined): void {
  if (module === undefined || allowed === true || dirname(module) === SHIPPED) return;
  throw new UserError(
    `${field} names code (${quoted(module, 200)}), which runs with your rights; --allow-modules runs scenarios that name modules`,
  );
}
