import { dlopen } from "bun:ffi";
import { readFileSync } from "node:fs";

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/** Has the system end this process when its parent dies, even while it is blocked (Linux; elsewhere it notices at its next turn). */
export function dieWithParent(): void {
  if (process.platform !== "linux") return;
  try {
    const { symbols } = dlopen("libc.so.6", { prctl: { args: ["int", "u64", "u64", "u64", "u64"], returns: "int" } });
    symbols.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  } catch {
    // Without it the runner ends when it finds the channel to its parent closed.
  }
}

/**
 * Stands still, as at Ctrl-Z, until the shell says to go on. Whoever started this process in the same job (`bun run`, `npx`) stands still
 * with it, or the shell would go on waiting; its own children go on.
 */
export function suspendJob(): void {
  const group = familyOf(process.pid)?.group;
  for (let pid = process.ppid; group !== undefined; ) {
    const family = familyOf(pid);
    if (family?.group !== group) break;
    process.kill(pid, "SIGSTOP");
    pid = family.parent;
  }
  process.kill(process.pid, "SIGSTOP");
}

/** False for a job that the shell runs behind: the terminal is somebody else's, and who touches it is stopped. */
export function inForeground(): boolean {
  const family = familyOf(process.pid);
  return family === null || family.foreground === family.group || family.foreground < 0;
}

/** Parent, process group, and the group that has the terminal (-1: there is none); null when the system does not tell. */
function familyOf(pid: number): { readonly parent: number; readonly group: number; readonly foreground: number } | null {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The name before may hold anything, brackets too.
      const [, parent, group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return { parent: Number(parent), group: Number(group), foreground: Number(foreground) };
    }
    const [parent, group, foreground] = Bun.spawnSync(["ps", "-o", "ppid=,pgid=,tpgid=", "-p", String(pid)])
      .stdout.toString()
      .trim()
      .split(/\s+/);
    if (parent === undefined || group === undefined) return null;
    return { parent: Number(parent), group: Number(group), foreground: Number(foreground ?? -1) };
  } catch {
    return null;
  }
}
