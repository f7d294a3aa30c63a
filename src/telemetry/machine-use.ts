import { monotonic } from "../kernel/clock.ts";
import { type Allowance, readAllowance } from "./allowance.ts";
import { fileText, type Throttling } from "./cgroup.ts";
import { type CoreTimes, coreTimes, TICK_MS, tickNoiseMs, utilization } from "./cores.ts";
import { throttlings } from "./throttling.ts";

/** Counters of the machine at one instant. */
export interface MachineReading {
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
  readonly cores: readonly CoreTimes[];
  /** CPU time of the lab so far in milliseconds: this process, its console and its helpers. null: unknown here. */
  readonly labMs: number | null;
  /** For each control group of the lab; null: unknown here. */
  readonly throttled?: readonly Throttling[] | null;
}

/** Use of a machine between two readings. */
export interface MachineUse {
  readonly spanMs: number;
  /** Busy share of every core, 0…1, and its number in the system. */
  readonly utilization: readonly number[];
  readonly numbers: readonly number[];
  /** Number of cores that the lab may use: the figures below are of those. */
  readonly cores: number;
  /** Cores used by programs other than the lab; null: unknown here. */
  readonly otherCores: number | null;
  /** Time taken by the host, summed over cores; null: not reported here. */
  readonly stealMs: number | null;
  /** Time that the cores were wanted: used, or withheld. */
  readonly wantedMs: number;
  /** CPU time used by the lab; null: unknown here. */
  readonly labMs: number | null;
  /** Time for which quotas withheld cores, summed over cores and groups, and the group that did most of it; null: not reported here. */
  readonly throttled: Throttling | null;
  /** Uncertainty of the times above, which the system counts in ticks. */
  readonly noiseMs: number;
}

/**
 * Use between two readings. A core was used whenever it did not idle: systems know idle time to the microsecond, but its use only from
 * sampling at each tick. `allowed`: numbers of the cores that the lab may use; null: all. Use of the other cores does not affect the lab.
 */
export function usedBetween(before: MachineReading, after: MachineReading, allowed: ReadonlySet<number> | null = null): MachineUse {
  const spanMs = after.at - before.at;
  const first = new Map(before.cores.map((times) => [times.core, times]));
  // A container's view may renumber them: then all that it shows are its own.
  const mayUse = allowed === null || !after.cores.some(({ core }) => allowed.has(core)) ? null : allowed;
  let programs = 0;
  let stolen: number | null = null;
  let cores = 0;
  for (const now of after.cores) {
    const then = first.get(now.core);
    if (then === undefined || (mayUse !== null && !mayUse.has(now.core))) continue;
    cores++;
    const kept = (now.stolen ?? 0) - (then.stolen ?? 0);
    if (now.stolen !== null) stolen = (stolen ?? 0) + kept;
    programs += spanMs - (now.idle - then.idle) - (now.interrupts - then.interrupts) - kept;
  }
  const lab = after.labMs === null || before.labMs === null ? null : after.labMs - before.labMs;
  return {
    spanMs,
    utilization: after.cores.map((now) => utilization(first.get(now.core), now)),
    numbers: after.cores.map(({ core }) => core),
    cores,
    // A clock that steps, or counters that go back, must not make more of it than there is.
    otherCores: lab === null || spanMs <= 0 || cores === 0 ? null : Math.min(cores, Math.max(0, programs - lab) / spanMs),
    stealMs: stolen,
    wantedMs: Math.max(0, programs) + (stolen ?? 0),
    labMs: lab,
    throttled: throttledBetween(before.throttled ?? null, after.throttled ?? null),
    noiseMs: tickNoiseMs(cores + 1),
  };
}

/** Throttling of groups between two readings; a group missing from the first is left out. */
export function throttledBetween(before: readonly Throttling[] | null, after: readonly Throttling[] | null): Throttling | null {
  if (before === null || after === null) return null;
  const then = new Map(before.map(({ group, throttledMs }) => [group, throttledMs]));
  const spans = after.map(({ group, throttledMs }) => ({
    group,
    throttledMs: Math.max(0, throttledMs - (then.get(group) ?? throttledMs)),
  }));
  const most = spans.reduce<Throttling | null>((a, b) => (a === null || b.throttledMs > a.throttledMs ? b : a), null);
  return most === null ? null : { group: most.group, throttledMs: spans.reduce((sum, { throttledMs }) => sum + throttledMs, 0) };
}

/** Reads the counters that `usedBetween` compares. */
export class MachineWatch {
  private readonly last = new Map<number, number>();

  /** `helpers`: ids of processes that the lab has started for this case; `console`: id of the one that shows it. */
  constructor(
    private readonly helpers: readonly number[] | (() => readonly number[]) = [],
    private readonly console: number = process.ppid,
    readonly allowance: Allowance = readAllowance(),
  ) {}

  read(): MachineReading {
    return { at: monotonic.now() / 1e6, cores: coreTimes(), labMs: this.labMs(), throttled: throttlings() };
  }

  /** Throttling of each control group alone, which is cheap to read. */
  readThrottled(): readonly Throttling[] | null {
    return throttlings();
  }

  /** Processes that this one started and waited for (a handler's) count as its own work, and so do its helpers. */
  private labMs(): number | null {
    const { user, system } = process.cpuUsage();
    const own = (user + system) / 1000 + (cpuOf(fileText("/proc/self/stat"))?.childrenMs ?? 0);
    // Of programs that come and go, one that is gone counts among the processes waited for.
    const helpers = typeof this.helpers === "function" ? this.helpers().map(treeMs) : this.helpers.map((pid) => this.processMs(pid));
    if (helpers.includes(null)) return null;
    // Where a process's use is unknown, the console counts among the other programs: it uses a few percent of a core.
    return helpers.reduce((sum: number, ms) => sum + (ms ?? 0), own + (this.processMs(this.console) ?? 0));
  }

  /** A process that has ended keeps its last reading. */
  private processMs(pid: number): number | null {
    const ms = cpuOf(fileText(`/proc/${pid}/stat`))?.ownMs ?? this.last.get(pid) ?? null;
    if (ms !== null) this.last.set(pid, ms);
    return ms;
  }
}

/** CPU time of a process and of those that it waited for; 0: it is gone. */
function treeMs(pid: number): number {
  const used = cpuOf(fileText(`/proc/${pid}/stat`));
  return used === null ? 0 : used.ownMs + used.childrenMs;
}

/** CPU time from a /proc/PID/stat: the process's own, and that of its ended children. */
export function cpuOf(stat: string | null): { readonly ownMs: number; readonly childrenMs: number } | null {
  if (stat === null) return null;
  // The name before may contain anything, brackets included. Then: state, …, utime, stime, cutime, cstime (14th to 17th of all).
  const [user, system, childUser, childSystem] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15)
    .map(Number);
  if (user === undefined || system === undefined) return null;
  return { ownMs: TICK_MS * (user + system), childrenMs: TICK_MS * ((childUser ?? 0) + (childSystem ?? 0)) };
}
