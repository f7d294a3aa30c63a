import type { CaseResult } from "./result.ts";

/**
 * True when as much was settled as came: what failed or was rejected was had in hand as well. The last to come is done its service time
 * after the last arrival: that is part of the time that the throughput is over, and no sign of a line.
 */
export function keepsPace({
  throughput,
  offeredRate,
  durationMs,
  latency,
  ledger: { processed, failed, rejected },
}: Pick<CaseResult, "throughput" | "offeredRate" | "durationMs" | "latency" | "ledger">): boolean {
  const arriving = Math.max(1, durationMs - latency.service.mean);
  const settled = processed > 0 ? (throughput * (processed + failed + rejected)) / processed : ((failed + rejected) * 1000) / durationMs;
  return (settled * durationMs) / arriving >= 0.95 * (offeredRate ?? 0);
}
