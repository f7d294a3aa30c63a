import type { Scenario } from "../../scenario/schema.ts";
import type { Execution } from "../executor/executor.ts";

/**
 * CPU time in milliseconds of the workers and the server that a case of mode `distributed` started on this machine, as far as known; 0:
 * they are elsewhere, or there are none.
 */
export function helperCpuMs(
  { distributed: { redis } }: Pick<Scenario, "distributed">,
  { hosts = [], distributed, endedAt }: Pick<Execution, "hosts" | "distributed" | "endedAt">,
): number {
  if (redis !== "auto" || distributed === undefined) return 0;
  const workers = hosts.reduce((sum, { cpuMs }) => sum + (cpuMs ?? 0), 0);
  return workers + ((distributed.serverUse ?? 0) * endedAt) / 1e6;
}
