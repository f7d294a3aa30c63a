import { readFileSync } from "node:fs";
import { monotonic } from "../kernel/clock.ts";
import { type CoreTimes, coreTimes, TICK_MS, tickNoiseMs, utilization } from "./cores.ts";

/** Counters of the machine at one instant. */
export interface MachineReading {
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
  readonly cores: readonly CoreTimes[];
  /** CPU time of the lab so far in milliseconds: this process, its console and its helpers. null: not known here. */
  readonly labMs: number | null;
}

/** What a machine was used for between two readings. */
export interface MachineUse {
  readonly spanMs: number;
  /** Busy share of every core, 0…1. */
  readonly utilization: readonly number[];
  /** How many of them the lab may use: the figures below are of those. */
  readonly cores: number;
  /** Cores that programs other than the lab used; null: not known here. */
  readonly otherCores: number | null;
  /** Time that the host kept from the cores, of all together; null: not told here. */
  readonly stealMs: number | null;
  /** Time that the cores were wanted: what they were used for, and what was kept from them. */
  readonly wantedMs: number;
  /** How far the times above may be off, since a system counts them in ticks. */
  readonly noiseMs: number;
}

/**
 * What lies between two readings. A core was used whenever it did not idle: how long it idled a system knows to the microsecond,
 * what it did meanwhile only from looking at each tick. `allowed`: numbers of the cores that the lab may use; null: all. What others do on
 * the rest does not concern it.
 */
export function usedBetween(before: MachineReading, after: MachineReading, allowed: ReadonlySet<number> | null = null): MachineUse {
  const spanMs = after.at - before.at;
  const first = new Map(before.cores.map((times) => [times.core, times]));
  let programs = 0;
  let stolen: number | null = null;
  let cores = 0;
  for (const now of after.cores) {
    const then = first.get(now.core);
    if (then === undefined || (allowed !== null && !allowed.has(now.core))) continue;
    cores++;
    const kept = (now.stolen ?? 0) - (then.stolen ?? 0);
    if (now.stolen !== null) stolen = (stolen ?? 0) + kept;
    programs += spanMs - (now.idle - then.idle) - (now.interrupts - then.interrupts) - kept;
  }
  const lab = after.labMs === null || before.labMs === null ? null : after.labMs - before.labMs;
  return {
    spanMs,
    utilization: after.cores.map((now) => utilization(first.get(now.core), now)),
    cores,
    otherCores: lab === null || spanMs <= 0 || cores === 0 ? null : Math.max(0, programs - lab) / spanMs,
    stealMs: stolen,
    wantedMs: Math.max(0, programs) + (stolen ?? 0),
    noiseMs: tickNoiseMs(cores + 1),
  };
}

/** Reads the counters that `usedBetween` compares. */
export class MachineWatch {
  /** Numbers of the cores that this process may use; null: all, or not known. */
  readonly allowed: ReadonlySet<number> | null = allowedCores(fileText("/proc/self/status") ?? "");
  private readonly last = new Map<number, number>();

  /** `helpers`: ids of the processes that the lab started for this case; `console`: of the one that shows it. */
  constructor(
    private readonly helpers: readonly number[] = [],
    private readonly console: number = process.ppid,
  ) {}

  read(): MachineReading {
    return { at: monotonic.now() / 1e6, cores: coreTimes(), labMs: this.labMs() };
  }

  /** Programs that this process started and waited for (a handler's) are its own work, as is what its helpers do. */
  private labMs(): number | null {
    const { user, system } = process.cpuUsage();
    const own = (user + system) / 1000 + (cpuOf(fileText("/proc/self/stat"))?.childrenMs ?? 0);
    const helpers = this.helpers.map((pid) => this.processMs(pid));
    if (helpers.includes(null)) return null;
    // Where no process tells of another, the console is taken for one of the others: it uses a few percent of a core.
    return helpers.reduce((sum: number, ms) => sum + (ms ?? 0), own + (this.processMs(this.console) ?? 0));
  }

  /** One that is gone has used what it had when it was last seen. */
  private processMs(pid: number): number | null {
    const ms = cpuOf(fileText(`/proc/${pid}/stat`))?.ownMs ?? this.last.get(pid) ?? null;
    if (ms !== null) this.last.set(pid, ms);
    return ms;
  }
}

function fileText(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

/** CPU time in a /proc/PID/stat: the process's own, and of its children that have ended. */
export function cpuOf(stat: string | null): { readonly ownMs: number; readonly childrenMs: number } | null {
  if (stat === null) return null;
  // The name before may hold anything, brackets too. Then: state, …, utime, stime, cutime, cstime (14th to 17th of all).
  const [user, system, childUser, childSystem] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15)
    .map(Number);
  if (user === undefined || system === undefined) return null;
  return { ownMs: TICK_MS * (user + system), childrenMs: TICK_MS * ((childUser ?? 0) + (childSystem ?? 0)) };
}

/** The cores of a `Cpus_allowed_list: 0-3,8` line; null: there is none. */
export function allowedCores(status: string): ReadonlySet<number> | null {
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status)?.[1];
  if (list === undefined) return null;
  const cores = new Set<number>();
  for (const range of list.split(",")) {
    const [from = Number.NaN, to = from] = range.split("-").map(Number);
    for (let core = from; core <= to; core++) cores.add(core);
  }
  return cores;
}
