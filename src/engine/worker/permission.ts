import { isPortable, type ProcessorSpec, runsHandler, runsProgram } from "../../workloads/processors.ts";

/** What runs may have a worker do. */
export interface Permission {
  /** Modules of the user's that handle messages. */
  readonly allowModules: boolean;
  /** Programs of `work.kind: command`. */
  readonly allowCommands: boolean;
}

/** Why a worker does not take a run; null: it does. The plan comes over the network: nothing that it names runs unless it is allowed here. */
export function workerRefusal(spec: ProcessorSpec, { allowModules, allowCommands }: Permission): string | null {
  if (!isPortable(spec)) return "it serves no runs of this workload";
  if (runsHandler(spec) && !allowModules) return "it runs handler modules only with --allow-modules, given where it was started";
  if (runsProgram(spec) && !allowCommands) return "it runs programs only with --allow-commands, given where it was started";
  return null;
}
