import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * CPU limits from the control groups of a process, of either version or both: cgroups(7), the kernel's
 * Documentation/scheduler/sched-bwc.rst and Documentation/admin-guide/cgroup-v2.rst. Whatever cannot be read or parsed sets no limit.
 */

/** A control group and how its files are read. */
export interface CpuGroup {
  /** Name in the system. */
  readonly name: string;
  readonly folder: string;
  readonly version: 1 | 2;
}

/** CPU time per period for all threads of a group and of the groups below it. */
export interface CpuQuota {
  readonly quotaMs: number;
  readonly periodMs: number;
  readonly group: string;
}

/** Time for which a group's threads were withheld from cores since it was created, summed over cores. */
export interface Throttling {
  readonly group: string;
  readonly throttledMs: number;
}

/** The groups that limit CPU time of this process: its own and those above. `root`: root of the file system. */
export function cpuGroups(root = "/"): CpuGroup[] {
  const mounts = parseMounts(fileText(join(root, "proc/self/mountinfo")) ?? "");
  return parseMembership(fileText(join(root, "proc/self/cgroup")) ?? "").flatMap(({ version, path }) =>
    mounts.filter((mount) => mount.version === version).flatMap((mount) => upwards(root, mount, path)),
  );
}

/** Cores' worth of time that a quota allows. */
export function coresOf({ quotaMs, periodMs }: Pick<CpuQuota, "quotaMs" | "periodMs">): number {
  return quotaMs / periodMs;
}

/** The tightest quota; null: there is none. */
export function tightestQuota(groups: readonly CpuGroup[]): CpuQuota | null {
  const quotas = groups.map(quotaOf).filter((quota) => quota !== null);
  return quotas.reduce<CpuQuota | null>((least, quota) => (least === null || coresOf(quota) < coresOf(least) ? quota : least), null);
}

/** Default period of a group, in microseconds. */
const DEFAULT_PERIOD = "100000";

function quotaOf({ name, folder, version }: CpuGroup): CpuQuota | null {
  const [quota, period = DEFAULT_PERIOD] =
    version === 2
      ? (fileText(join(folder, "cpu.max")) ?? "").trim().split(/\s+/)
      : ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map((file) => fileText(join(folder, file))?.trim());
  // "max" and -1 are no limit.
  const [quotaMs, periodMs] = [quota, period].map((micros) => (/^\d{1,15}$/.test(micros ?? "") ? Number(micros) / 1000 : 0));
  return quotaMs && periodMs ? { quotaMs, periodMs, group: name } : null;
}

/** Parses a `cpu.stat`; null: it has no throttling figures. */
export function parseThrottling(text: string, { name, version }: Pick<CpuGroup, "name" | "version">): Throttling | null {
  const [key, perMs] = version === 2 ? ["throttled_usec", 1e3] : ["throttled_time", 1e6];
  const count = new RegExp(`^${key} (\\d{1,19})$`, "m").exec(text)?.[1];
  return count === undefined ? null : { group: name, throttledMs: Number(count) / Number(perMs) };
}

/** Text of a system file; null: there is none. Files that would block a reader are not read. */
export function fileText(path: string): string | null {
  try {
    return statSync(path).isFile() ? readFileSync(path, "latin1") : null;
  } catch {
    return null;
  }
}

interface Mount {
  readonly version: 1 | 2;
  /** The group visible at the mount point. */
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

/** Spaces and similar characters are written in octal. */
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

/** A group and those above it, as far as a mount shows them: in a container not all are visible, and its own may have another name. */
function upwards(root: string, { version, top, at }: Mount, path: string): CpuGroup[] {
  const inside = path === top || path.startsWith(top === "/" ? "/" : `${top}/`) ? path.slice(top === "/" ? 1 : top.length + 1) : "";
  const names = inside.split("/").filter((name) => name !== "");
  // Paths outside the namespace are written as if reachable by `..`.
  const steps = names.includes("..") ? [] : names;
  const groups: CpuGroup[] = [];
  for (let depth = steps.length; depth >= 0; depth--) {
    const below = steps.slice(0, depth).join("/");
    groups.push({ name: join(top, below), folder: join(root, at, below), version });
  }
  return groups;
}
