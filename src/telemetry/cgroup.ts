import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * What the control groups of a process allow it, in either version of them and in both at once: cgroups(7), the kernel's
 * Documentation/scheduler/sched-bwc.rst and Documentation/admin-guide/cgroup-v2.rst. Whatever cannot be read or understood sets no limit.
 */

/** A group and how its files are read. */
export interface CpuGroup {
  /** As the system names it. */
  readonly name: string;
  readonly folder: string;
  readonly version: 1 | 2;
}

/** So much CPU time in each period, of all threads in a group and of the groups below it. */
export interface CpuQuota {
  readonly quotaMs: number;
  readonly periodMs: number;
  readonly group: string;
}

/** How long a group's threads were kept from cores since it was made, added up over cores. */
export interface Throttling {
  readonly group: string;
  readonly throttledMs: number;
}

/** The groups that hand out CPU time to this process, its own and those around it. `root`: of the file system. */
export function cpuGroups(root = "/"): CpuGroup[] {
  const mounts = parseMounts(fileText(join(root, "proc/self/mountinfo")) ?? "");
  return parseMembership(fileText(join(root, "proc/self/cgroup")) ?? "").flatMap(({ version, path }) =>
    mounts.filter((mount) => mount.version === version).flatMap((mount) => upwards(root, mount, path)),
  );
}

/** Cores' worth of time that a quota gives. */
export function coresOf({ quotaMs, periodMs }: Pick<CpuQuota, "quotaMs" | "periodMs">): number {
  return quotaMs / periodMs;
}

/** The quota that gives least; null: there is none. */
export function tightestQuota(groups: readonly CpuGroup[]): CpuQuota | null {
  const quotas = groups.map(quotaOf).filter((quota) => quota !== null);
  return quotas.reduce<CpuQuota | null>((least, quota) => (least === null || coresOf(quota) < coresOf(least) ? quota : least), null);
}

/** The period of a group that names none, in microseconds. */
const DEFAULT_PERIOD = "100000";

export function quotaOf({ name, folder, version }: CpuGroup): CpuQuota | null {
  const [quota, period = DEFAULT_PERIOD] =
    version === 2
      ? (fileText(join(folder, "cpu.max")) ?? "").trim().split(/\s+/)
      : ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map((file) => fileText(join(folder, file))?.trim());
  // "max" and -1 are no limit.
  const [quotaMs, periodMs] = [quota, period].map((micros) => (/^\d{1,15}$/.test(micros ?? "") ? Number(micros) / 1000 : 0));
  return quotaMs && periodMs ? { quotaMs, periodMs, group: name } : null;
}

/** What a `cpu.stat` tells; null: of throttling nothing. */
export function parseThrottling(text: string, { name, version }: Pick<CpuGroup, "name" | "version">): Throttling | null {
  const [key, perMs] = version === 2 ? ["throttled_usec", 1e3] : ["throttled_time", 1e6];
  const count = new RegExp(`^${key} (\\d{1,19})$`, "m").exec(text)?.[1];
  return count === undefined ? null : { group: name, throttledMs: Number(count) / Number(perMs) };
}

/** Text of a file as the system makes them; null: there is none. Of what would keep a reader waiting nothing is read. */
export function fileText(path: string): string | null {
  try {
    return statSync(path).isFile() ? readFileSync(path, "latin1") : null;
  } catch {
    return null;
  }
}

interface Mount {
  readonly version: 1 | 2;
  /** The group that is seen at the mount's place. */
  readonly top: string;
  readonly at: string;
}

/** Lines of /proc/self/mountinfo: `id parent device ROOT PLACE options [fields…] - TYPE source OPTIONS` (proc_pid_mountinfo(5)). */
function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line): Mount[] => {
    const [before, after] = line.split(" - ");
    const [, , , top, at] = (before ?? "").split(" ");
    const [type, , options = ""] = (after ?? "").split(" ");
    if (top === undefined || at === undefined) return [];
    const named = { top: unescaped(top), at: unescaped(at) };
    if (type === "cgroup2") return [{ version: 2, ...named }];
    return type === "cgroup" && options.split(",").includes("cpu") ? [{ version: 1, ...named }] : [];
  });
}

/** Spaces and their like are written in octal. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Lines of /proc/self/cgroup: `0::PATH` of version 2, `N:cpu,cpuacct:PATH` of version 1. */
function parseMembership(text: string): { readonly version: 1 | 2; readonly path: string }[] {
  return text.split("\n").flatMap((line) => {
    const [id, controllers, ...path] = line.split(":");
    if (controllers === undefined || path.length === 0) return [];
    const version = id === "0" && controllers === "" ? 2 : controllers.split(",").includes("cpu") ? 1 : null;
    return version === null ? [] : [{ version, path: path.join(":") }];
  });
}

/** A group and those around it, as far as a mount shows them: not all of a container's are there, and it may not even see its own by name. */
function upwards(root: string, { version, top, at }: Mount, path: string): CpuGroup[] {
  const inside = path === top || path.startsWith(top === "/" ? "/" : `${top}/`) ? path.slice(top === "/" ? 1 : top.length + 1) : "";
  const names = inside.split("/").filter((name) => name !== "");
  // What lies outside of a namespace is written as if one could climb to it.
  const steps = names.includes("..") ? [] : names;
  const groups: CpuGroup[] = [];
  for (let depth = steps.length; depth >= 0; depth--) {
    const below = steps.slice(0, depth).join("/");
    groups.push({ name: join(top, below), folder: join(root, at, below), version });
  }
  return groups;
}
