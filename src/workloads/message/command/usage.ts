import { readdirSync, readFileSync } from "node:fs";
import { cpuOf } from "../../../telemetry/machine-use.ts";

/**
 * CPU time in milliseconds of the live processes of a group so far, with their ended children; null where the system does not report it.
 */
export function groupCpuMs(group: number): number | null {
  let total: number | null = null;
  for (const pid of entriesOf("/proc")) {
    const stat = /^\d+$/.test(pid) ? textOf(`/proc/${pid}/stat`) : null;
    const used = stat !== null && groupOf(stat) === group ? cpuOf(stat) : null;
    if (used !== null) total = (total ?? 0) + used.ownMs + used.childrenMs;
  }
  return total;
}

/** Peak resident memory of one process in bytes; null where the system does not report it. */
export function peakBytesOf(pid: number): number | null {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`) ?? "");
  return match === null ? null : Number(match[1]) * 1024;
}

/** System calls that read, by number: read(2) on x86-64 and on arm64. */
const READS: Readonly<Record<string, string | undefined>> = { x64: "0", arm64: "63" };

/** True when a thread of the process is blocked reading its standard input; false: it is not, or the system does not say. */
export function readsInput(pid: number): boolean {
  const read = READS[process.arch];
  if (read === undefined) return false;
  return entriesOf(`/proc/${pid}/task`).some((thread) => {
    const [call, descriptor] = (textOf(`/proc/${pid}/task/${thread}/syscall`) ?? "").split(" ");
    return call === read && descriptor === "0x0";
  });
}

function groupOf(stat: string): number {
  // The name before may contain anything, brackets included. Then: state, parent, group.
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
