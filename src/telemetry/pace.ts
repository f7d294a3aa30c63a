import { median } from "../kernel/median.ts";
import type { CaseResult, Sample } from "./result.ts";

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

/**
 * By how many milliseconds a second messages take longer and longer, from the middle third of the samples to the last; in the first the line
 * may still be on its way to where it stays. One that is fed 1.01 times what is done of it grows by 10. What is within a twentieth of how long
 * messages take anyway is no growth. `null`: too few samples to tell.
 */
export function lineGrowth(series: readonly Sample[]): number | null {
  const done = series.filter(({ processed }) => processed > 0);
  const third = Math.floor(done.length / 3);
  if (third < 2) return null;
  const middle = done.slice(-2 * third, -third);
  const last = done.slice(-third);
  const typical = (samples: readonly Sample[], of: (sample: Sample) => number) => median(samples.map(of));
  const grown = typical(last, ({ p50 }) => p50) - 1.05 * typical(middle, ({ p50 }) => p50);
  return (1000 * Math.max(0, grown)) / (typical(last, ({ t }) => t) - typical(middle, ({ t }) => t));
}
