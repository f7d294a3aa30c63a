import type { CaseResult } from "./result.ts";

/**
 * True when as much was done as came. The last to come is done its service time after the last arrival: that is part of the time that
 * the throughput is over, and no sign of a line.
 */
export function keepsPace({
  throughput,
  offeredRate,
  durationMs,
  latency,
}: Pick<CaseResult, "throughput" | "offeredRate" | "durationMs" | "latency">): boolean {
  const arriving = Math.max(1, durationMs - latency.service.mean);
  return (throughput * durationMs) / arriving >= 0.95 * (offeredRate ?? 0);
}
