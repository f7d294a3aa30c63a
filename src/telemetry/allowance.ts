import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { printable } from "../kernel/text.ts";
import { counted } from "../kernel/wording.ts";
import { type CpuQuota, coresOf, cpuGroups, fileText, tightestQuota } from "./cgroup.ts";
import { parseProcStat } from "./cores.ts";
import type { CpuLimits, Machine } from "./machine.ts";
import { mean } from "./noise.ts";
import type { CaseResult } from "./result.ts";

/** The part of a machine's cores that this process may use. */
export interface Allowance {
  /** Cores' worth of CPU time: as many as its threads can use in parallel, or as a quota pays for, which may be a fraction. */
  readonly cores: number;
  /** Cores that its threads may run on. */
  readonly places: number;
  /** A quota below those cores; null: none. */
  readonly quota: CpuQuota | null;
  /** null: it may use all of the machine. */
  readonly limits: CpuLimits | null;
}

/** Reads affinity, cpusets and quotas. `root`: root of the file system. */
export function readAllowance(root = "/"): Allowance {
  const machine = machineCores(root);
  const allowed = allowedCores(fileText(join(root, "proc/self/status")) ?? "");
  const own = machine === null ? null : coresLeft(machine, allowed);
  const places = own?.length ?? Math.max(1, availableParallelism());
  const tightest = tightestQuota(cpuGroups(root));
  const quota = tightest !== null && coresOf(tightest) < places ? tightest : null;
  const machineCount = machine?.length ?? Math.max(places, cpus().length);
  const pinned = places < machineCount;
  return {
    cores: quota === null ? places : coresOf(quota),
    places,
    quota,
    limits: pinned || quota !== null ? { machineCores: machineCount, cores: pinned ? own : null, quota } : null,
  };
}

/**
 * Number of threads that use up the allowance: a fraction of a core takes one more, which the quota then stops for the rest of each period.
 */
export function threadsFor({ cores }: Pick<Allowance, "cores">): number {
  return Math.max(1, Math.ceil(cores - 1e-9));
}

/** Numbers of the machine's cores; null: not reported here. */
function machineCores(root: string): readonly number[] | null {
  const online = parseCpuList(fileText(join(root, "sys/devices/system/cpu/online")) ?? "");
  if (online !== null) return online;
  const counted = parseProcStat(fileText(join(root, "proc/stat")) ?? "").map(({ core }) => core);
  return counted.length > 0 ? counted : null;
}

/** Affinity may name cores that do not exist; where it names no existing one, its number of cores counts. */
function coresLeft(machine: readonly number[], allowed: ReadonlySet<number> | null): readonly number[] {
  if (allowed === null) return machine;
  const places = machine.filter((core) => allowed.has(core));
  return places.length > 0 ? places : machine.slice(0, Math.max(1, allowed.size));
}

/** More cores than any kernel supports: a longer list is invalid. */
const MOST_CORES = 65_536;

/** Numbers of a list such as `0-3,8`; null: invalid. */
export function parseCpuList(text: string): readonly number[] | null {
  const list = text.trim();
  if (!/^\d{1,6}(-\d{1,6})?(,\d{1,6}(-\d{1,6})?)*$/.test(list)) return null;
  const cores = new Set<number>();
  for (const range of list.split(",")) {
    const [from = Number.NaN, to = from] = range.split("-").map(Number);
    if (to - from >= MOST_CORES) return null;
    for (let core = from; core <= to; core++) cores.add(core);
  }
  return [...cores];
}

/** The cores of a `Cpus_allowed_list: 0-3,8` line, which covers affinity and cpusets; null: there is none. */
function allowedCores(status: string): ReadonlySet<number> | null {
  const list = parseCpuList(/^Cpus_allowed_list:[ \t]*(.*)$/m.exec(status)?.[1] ?? "");
  return list === null ? null : new Set(list);
}

/** "1.5 of 64 cores: quota 150 ms per 100 ms of cgroup /a"; "2 cores" where nothing is withheld. */
export function coresText({ cores, limits }: Pick<Machine, "cores" | "limits">): string {
  return limits == null ? counted(cores, "core") : `${plain(cores)} of ${counted(limits.machineCores, "core")}: ${limitsText(limits)}`;
}

/** "1.5 of 64 cores (quota)", for little room; "2 cores" where nothing is withheld. */
export function coresInShort({ cores, limits }: Pick<Machine, "cores" | "limits">): string {
  if (limits == null) return counted(cores, "core");
  return `${plain(cores)} of ${counted(limits.machineCores, "core")} (${limits.quota === null ? "affinity" : "quota"})`;
}

/** Cores of a machine that other programs could take from a process. */
export function placesOn({ cores, limits }: Pick<Machine, "cores" | "limits">): number {
  return limits == null ? cores : (limits.cores?.length ?? limits.machineCores);
}

/** What withholds the rest of the machine, in words. */
function limitsText({ cores, quota }: CpuLimits): string {
  const pinned = cores === null ? [] : [`affinity or a cpuset leaves ${cores.length === 1 ? "core" : "cores"} ${listText(cores)}`];
  return [...(quota === null ? [] : [quotaText(quota)]), ...pinned].join(", and ");
}

export function quotaText({ quotaMs, periodMs, group }: CpuQuota): string {
  return `quota ${plain(quotaMs)} ms per ${plain(periodMs)} ms of cgroup ${printable(group, 80)}`;
}

/** With as few digits as necessary: 1.5, not 1.50. */
function plain(number: number): string {
  return String(Number(number.toPrecision(4)));
}

/** `0-3,8` */
function listText(cores: readonly number[]): string {
  const sorted = [...cores].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const core of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && core === last[1] + 1) last[1] = core;
    else ranges.push([core, core]);
  }
  return printable(ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(","), 80);
}

type Used = Pick<CaseResult, "cores" | "limits">;

/** "the machine's 2 cores"; "the 1.5 of 64 cores that it may use". */
export function theCores(used: Used): string {
  const { limits } = used;
  const cores = coresFor(used);
  if (limits == null) return `the machine's ${counted(cores, "core")}`;
  return `the ${plain(cores)} of ${counted(limits.machineCores, "core")} that it may use (${limitsText(limits)})`;
}

/** "the machine has 2 cores"; "it may use 1.5 of 64 cores". */
export function hasCores(used: Used): string {
  const { limits } = used;
  const cores = coresFor(used);
  if (limits == null) return `the machine has ${counted(cores, "core")}`;
  return `it may use ${plain(cores)} of ${counted(limits.machineCores, "core")} (${limitsText(limits)})`;
}

/** Used share of the cores' time available to a case; of a quota, by the case's own CPU time. */
export function shareUsed(used: Used & { readonly durationMs: number; readonly process: Pick<CaseResult["process"], "cpuMs"> }): number {
  if (used.limits?.quota != null && used.durationMs > 0) return used.process.cpuMs / used.durationMs / coresFor(used);
  return mean(usable(used).map(({ utilization }) => utilization));
}

/** Cores' worth of time available to a case; 0: unknown. */
export function coresFor(used: Used): number {
  const places = usable(used).length;
  const quota = used.limits?.quota ?? null;
  return quota === null ? places : Math.min(places || Number.POSITIVE_INFINITY, coresOf(quota));
}

/** The machine's cores available to a case. Where the system renumbers them (a container's view), all that it shows. */
export function usable({ cores, limits }: Used): CaseResult["cores"] {
  const own = limits?.cores == null ? null : new Set(limits.cores);
  const found = own === null ? cores : cores.filter(({ core }) => own.has(core));
  return found.length > 0 ? found : cores;
}
