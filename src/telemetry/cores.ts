import { openSync, readSync } from "node:fs";
import { cpus } from "node:os";

/** Busy and total time of each core since start-up, in ticks of the system. */
interface CoreTimes {
  readonly busy: number;
  readonly total: number;
}

/** Utilisation of every core of the machine between two looks. Reads /proc/stat where there is one. */
export class Cores {
  private last: readonly CoreTimes[];

  constructor(private readonly look: () => readonly CoreTimes[] = lookOfProcess()) {
    this.last = look();
  }

  /** Share of time each core was busy since the last call, 0…1. */
  utilization(): number[] {
    const now = this.look();
    const shares = now.map(({ busy, total }, i) => {
      const before = this.last[i];
      const span = total - (before?.total ?? 0);
      return before === undefined || span <= 0 ? 0 : Math.min(1, Math.max(0, (busy - before.busy) / span));
    });
    this.last = now;
    return shares;
  }
}

let ownLook: (() => readonly CoreTimes[]) | null = null;

/** One for the whole process, however many cases it runs: it keeps a file open. */
function lookOfProcess(): () => readonly CoreTimes[] {
  ownLook ??= coreTimes();
  return ownLook;
}

function coreTimes(): () => readonly CoreTimes[] {
  const buffer = Buffer.allocUnsafe(256 * 1024);
  let file: number;
  try {
    file = openSync("/proc/stat", "r");
  } catch {
    return fromSystem;
  }
  // Stays open as long as the process: reading from its beginning again gives what it says then.
  return () => parseProcStat(buffer.toString("latin1", 0, readSync(file, buffer, 0, buffer.length, 0)));
}

/** The `cpuN` lines: user nice system idle iowait irq softirq steal. Idle and iowait are not busy. */
export function parseProcStat(text: string): CoreTimes[] {
  const cores: CoreTimes[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith("cpu")) break;
    if (line.startsWith("cpu ")) continue;
    const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
    const total = ticks.reduce((sum, value) => sum + value, 0);
    cores.push({ total, busy: total - (ticks[3] ?? 0) - (ticks[4] ?? 0) });
  }
  return cores;
}

function fromSystem(): CoreTimes[] {
  return cpus().map(({ times }) => {
    const total = times.user + times.nice + times.sys + times.idle + times.irq;
    return { total, busy: total - times.idle };
  });
}
