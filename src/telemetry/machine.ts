import type { CpuQuota } from "./cgroup.ts";

export interface Machine {
  readonly os: string;
  readonly arch: string;
  readonly cpu: string;
  /** Cores' worth of CPU time that a process may use here: as many as affinity and cpusets allow, or as a quota pays for (1.5). */
  readonly cores: number;
  /** What withholds the rest of the machine; null: nothing. Absent from files of earlier versions. */
  readonly limits?: CpuLimits | null;
  readonly memoryBytes: number;
  readonly bun: string;
  /** Calibration of `cpu` work; null when the run has none. */
  readonly calibration: Calibration | null;
}

/** Why a process may use less than the machine. */
export interface CpuLimits {
  readonly machineCores: number;
  /** Numbers of the cores that affinity and cpusets allow; null: all. */
  readonly cores: readonly number[] | null;
  /** The tightest quota of its control groups and those above; null: none is below those cores. */
  readonly quota: CpuQuota | null;
}

export interface Calibration {
  /** Rounds of the computation that take a millisecond. */
  readonly roundsPerMs: number;
  /** Measured time ÷ asked time at the quick check before this run; beyond 2 % it did not settle. */
  readonly checkRatio: number;
  readonly cached: boolean;
  /**
   * Clock used: CPU time of the thread, or the wall clock where the system does not report that. Absent: an earlier version, the wall
   * clock.
   */
  readonly clock?: "thread" | "wall";
}
