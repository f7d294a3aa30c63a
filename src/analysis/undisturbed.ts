import { BOUNDS, disturbanceOf } from "../telemetry/disturbance.ts";
import { metricNamed } from "../telemetry/metrics.ts";
import type { CaseResult, Disturbance } from "../telemetry/result.ts";
import type { FigureRange } from "./expectation-value.ts";
import { isOpenLoop } from "./open-loads.ts";

/** Stands for "no bound", so that sums with it stay numbers. */
const UNBOUNDED = 1e200;

/**
 * The range in which a case's figure would lie had nothing disturbed the case. What others take of the machine, a stop, and cores slower
 * than calibrated slow a case and cannot speed it; cores faster than calibrated do the opposite. So a slowed case would have done no less,
 * and what is better low would have been no higher; what is neither may lie anywhere.
 */
export function undisturbedRange(name: string, value: number, one: CaseResult): FigureRange {
  const disturbed = disturbanceOf(one);
  if (disturbed === null || (name === "offered_rate" && isOpenLoop(one))) return { least: value, most: value };
  // Without the work's own timing it is unknown which way the calibration is off.
  const { slowerBy: off = null } = one.process.work ?? {};
  const spedBy = beyond(BOUNDS.calibration, off === null ? disturbed.calibrationOff : -off);
  const slowedBy = lostShare(disturbed, one) + beyond(BOUNDS.calibration, off ?? disturbed.calibrationOff);
  switch (metricNamed(name)?.better) {
    case "more":
      return { least: value / (1 + spedBy), most: Math.max(value, Math.min(value * (1 + slowedBy), ceiling(name, one))) };
    case "less":
      return { least: slowedBy > 0 ? Math.min(0, value) : value, most: spedBy > 0 ? UNBOUNDED : value };
    default:
      return { least: -UNBOUNDED, most: UNBOUNDED };
  }
}

/**
 * Time that others or a stop took of the machine, as a share of the CPU time that the case had: had all of it been the case's, it would have
 * done that much more.
 */
function lostShare({ otherCores, stealMs, throttledMs, stoppedMs = 0, setBackMs = 0 }: Disturbance, one: CaseResult): number {
  const { durationMs, process, cores } = one;
  const lostMs =
    beyond(BOUNDS.otherCores * durationMs, (otherCores ?? 0) * durationMs) +
    beyond(BOUNDS.steal * durationMs, stealMs ?? 0) +
    beyond(BOUNDS.throttled * durationMs, throttledMs ?? 0) +
    (stoppedMs + setBackMs) * Math.max(1, cores.length);
  if (lostMs <= 0) return 0;
  return process.cpuMs > 0 ? lostMs / process.cpuMs : UNBOUNDED;
}

/** What exceeds its bound counts whole; up to it no case is disturbed. */
function beyond(bound: number, value: number): number {
  return value > bound ? value : 0;
}

/** A rate that no speed raises: that of arrivals which do not depend on it. */
function ceiling(name: string, one: CaseResult): number {
  return (name === "throughput" || name === "intake_rate") && isOpenLoop(one) ? (one.offeredRate ?? UNBOUNDED) : UNBOUNDED;
}
