import { openSync, readSync } from "node:fs";
import { type CpuInfo, cpus } from "node:os";

/** Time of a core since start-up by use, in milliseconds. */
export interface CoreTimes {
  /** Number of the core in the system. */
  readonly core: number;
  /** All but idling and waiting for disks. */
  readonly busy: number;
  readonly total: number;
  readonly idle: number;
  /** Interrupts, which belong to no program. */
  readonly interrupts: number;
  /** Taken by the host of a virtual machine; null: not reported here. */
  readonly stolen: number | null;
}

/** Busy share of a core between two readings, 0…1. */
export function utilization(before: CoreTimes | undefined, after: CoreTimes): number {
  const span = after.total - (before?.total ?? 0);
  return before === undefined || span <= 0 ? 0 : Math.min(1, Math.max(0, (after.busy - before.busy) / span));
}

let ownLook: (() => readonly CoreTimes[]) | null = null;

/** Readings of all cores now. One file stays open for the whole process, however many cases it runs. */
export function coreTimes(): readonly CoreTimes[] {
  ownLook ??= openCoreTimes();
  return ownLook();
}

function openCoreTimes(): () => readonly CoreTimes[] {
  const buffer = Buffer.allocUnsafe(256 * 1024);
  let file: number;
  try {
    file = openSync("/proc/stat", "r");
  } catch {
    return () => timesFromSystem(cpus());
  }
  // Reading from the beginning again gives the present values.
  return () => parseProcStat(buffer.toString("latin1", 0, readSync(file, buffer, 0, buffer.length, 0)));
}

/** The unit of /proc/stat and /proc/PID/stat, USER_HZ, on every processor that Bun runs on. */
export const TICK_MS = 10;

/** Uncertainty of CPU time counted in ticks over any span, in milliseconds: three standard deviations for that many counters. */
export function tickNoiseMs(counters: number): number {
  // Each reading is cut to a tick at both ends of the span: the difference of two uniform distributions.
  return 3 * TICK_MS * Math.sqrt(counters / 6);
}

/** The `cpuN` lines: user nice system idle iowait irq softirq steal. Idle and iowait are not busy. */
export function parseProcStat(text: string): CoreTimes[] {
  const cores: CoreTimes[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith("cpu")) break;
    if (line.startsWith("cpu ")) continue;
    const ticks = line.trim().split(/\s+/);
    const at = (column: number) => TICK_MS * Number(ticks[column] ?? 0);
    const idle = at(4) + at(5);
    const interrupts = at(6) + at(7);
    const stolen = at(8);
    const busy = at(1) + at(2) + at(3) + interrupts + stolen;
    cores.push({ core: Number(line.slice(3, line.indexOf(" "))), busy, total: busy + idle, idle, interrupts, stolen });
  }
  return cores;
}

/** The same for systems that report less. */
export function timesFromSystem(all: readonly CpuInfo[]): CoreTimes[] {
  return all.map(({ times }, core) => {
    const busy = times.user + times.nice + times.sys + times.irq;
    return { core, busy, total: busy + times.idle, idle: times.idle, interrupts: times.irq, stolen: null };
  });
}
