import { requestRefusal } from "./fetch/portable.ts";
import type { PortableSpec } from "./portable.ts";
import { runsHandler, runsProgram } from "./processors.ts";

/** What runs may have a worker do. */
export interface Permission {
  /** Modules of the user's that handle messages. */
  readonly allowModules: boolean;
  /** Programs of `work.kind: command`. */
  readonly allowCommands: boolean;
  /** Public hosts that it may send requests to; null: those that the run allows. */
  readonly allowHosts: readonly string[] | null;
}

/** Why a worker does not take a run; null: it does. The plan comes over the network: nothing that it names runs unless it is allowed here. */
export function workerRefusal(spec: PortableSpec, { allowModules, allowCommands, allowHosts }: Permission): string | null {
  switch (spec.workload) {
    case "message":
      if (runsHandler(spec) && !allowModules) return "it runs handler modules only with --allow-modules, given where it was started";
      if (runsProgram(spec) && !allowCommands) return "it runs programs only with --allow-commands, given where it was started";
      return null;
    case "fetch":
      return requestRefusal(spec.fetch, allowHosts);
    default:
      return "it serves no runs of this workload";
  }
}
