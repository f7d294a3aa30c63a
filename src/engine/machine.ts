import { availableParallelism, cpus, release, totalmem } from "node:os";
import type { Calibration, Machine } from "../telemetry/result.ts";

/** Cores this process may use. */
export function coreCount(): number {
  return Math.max(1, availableParallelism());
}

export function describeMachine(calibration: Calibration | null): Machine {
  return {
    os: `${process.platform} ${release()}`,
    arch: process.arch,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: coreCount(),
    memoryBytes: totalmem(),
    bun: Bun.version,
    calibration,
  };
}
