import { readdirSync } from "node:fs";
import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Throttling } from "../../telemetry/cgroup.ts";
import type { CpuLimits } from "../../telemetry/machine.ts";
import { type MachineReading, type MachineUse, type MachineWatch, throttledBetween, usedBetween } from "../../telemetry/machine-use.ts";
import { rssBytes } from "../../telemetry/memory.ts";

export type UsageSource = Pick<MachineWatch, "read" | "readThrottled" | "allowance">;

/** Time between two readings of cores and memory, as often as they are drawn: the system calls are the most expensive part of a sample. */
const READ_EVERY: Nanoseconds = 250e6;
/** Open files are counted at the first samples, since a case may be short, and then at one in ten. */
const FIRST_SAMPLES = 10;
const OPEN_FILES_EVERY = 10;

/**
 * Resources used by a case and by others: cores, CPU time, memory, open files. Totals are from the start, or from the end of the warm-up.
 */
export class ResourceUsage {
  peakRssBytes = rssBytes();
  /** Largest number of open files seen; null: this system does not report it. */
  peakOpenFiles: number | null = null;
  /** As last read. */
  rssBytes = 0;
  /** Use between the last two readings; null: fewer than two. */
  use: MachineUse | null = null;
  private last: MachineReading;
  private atStart: MachineReading;
  private cpuAtStart = process.cpuUsage();
  private startedAt: Nanoseconds = 0;
  private nextReading: Nanoseconds = 0;
  private samples = 0;
  private throttled: readonly Throttling[] | null = null;
  /** Numbers of the cores that the lab may run on; null: all. */
  private readonly allowed: ReadonlySet<number> | null;

  constructor(private readonly machine: UsageSource) {
    const { limits } = machine.allowance;
    this.allowed = limits?.cores == null ? null : new Set(limits.cores);
    this.last = machine.read();
    this.atStart = this.last;
  }

  begin(): void {
    this.cpuAtStart = process.cpuUsage();
    this.last = this.machine.read();
    this.atStart = this.last;
    this.throttled = this.last.throttled ?? null;
  }

  /** Restarts the totals: nothing before `now` was measured. */
  restart(now: Nanoseconds): void {
    this.atStart = this.machine.read();
    this.cpuAtStart = process.cpuUsage();
    this.startedAt = now;
  }

  /** Reads what is due at a sample. */
  sample(now: Nanoseconds): void {
    if (this.samples < FIRST_SAMPLES || this.samples % OPEN_FILES_EVERY === 0) this.countOpenFiles();
    this.samples++;
    if (now < this.nextReading) return;
    this.nextReading = now + READ_EVERY;
    const reading = this.machine.read();
    this.use = usedBetween(this.last, reading, this.allowed);
    this.last = reading;
    this.rssBytes = rssBytes();
    this.peakRssBytes = Math.max(this.peakRssBytes, this.rssBytes);
  }

  /** Milliseconds for which quotas withheld cores since the last call; null: there is no quota. */
  throttledMs(): number | null {
    const before = this.throttled;
    this.throttled = this.machine.readThrottled();
    return throttledBetween(before, this.throttled)?.throttledMs ?? null;
  }

  /** Use of the machine from the start until now. */
  machineSinceStart(): MachineUse {
    return usedBetween(this.atStart, this.machine.read(), this.allowed);
  }

  /** CPU time of this process from the start until now, in milliseconds. */
  cpuMsSinceStart(): number {
    const { user, system } = process.cpuUsage(this.cpuAtStart);
    return (user + system) / 1000;
  }

  /** Cores that this process used on average from the start until `now`. */
  coresSinceStart(now: Nanoseconds): number {
    return (this.cpuMsSinceStart() * 1e6) / Math.max(1, now - this.startedAt);
  }

  /** What withholds some of the machine from this process; null: nothing. */
  get limits(): CpuLimits | null {
    return this.machine.allowance.limits;
  }

  private countOpenFiles(): void {
    this.peakOpenFiles = Math.max(this.peakOpenFiles ?? 0, openFiles() ?? 0) || null;
  }
}

function openFiles(): number | null {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return null;
  }
}
