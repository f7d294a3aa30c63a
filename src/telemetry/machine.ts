import type { CpuQuota } from "./cgroup.ts";

export interface Machine {
  readonly os: string;
  readonly arch: string;
  readonly cpu: string;
  /** Cores' worth of CPU time that a process may use here: as many as affinity and cpusets leave it, or as a quota pays for (1.5). */
  readonly cores: number;
  /** What keeps it from the rest of the machine; null: nothing does. Absent in files that earlier versions wrote. */
  readonly limits?: CpuLimits | null;
  readonly memoryBytes: number;
  readonly bun: string;
  /** How `cpu` work was calibrated; null when the run has none. */
  readonly calibration: Calibration | null;
}

/** Why a process may use less than the machine. */
export interface CpuLimits {
  readonly machineCores: number;
  /** Numbers of the cores that affinity and cpusets leave it; null: all. */
  readonly cores: readonly number[] | null;
  /** The tightest of the quotas of its control groups and those around them; null: none gives less than those cores. */
  readonly quota: CpuQuota | null;
}

export interface Calibration {
  /** Rounds of the computation that take a millisecond. */
  readonly roundsPerMs: number;
  /** Measured time over asked time at the quick check before this run; beyond 2 % it would not settle. */
  readonly checkRatio: number;
  readonly cached: boolean;
  /** What it went by: CPU time of the thread, or the wall clock where the system does not tell that. Absent: an earlier version, the wall clock. */
  readonly clock?: "thread" | "wall";
}
