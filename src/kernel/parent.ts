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
 * Stands still, as at Ctrl-Z, until the shell says to go on; not where there is no shell that could (setpgid(2): an orphaned process group,
 * such as a container's only program). Whoever started this process in the same job (`bun run`, `npx`) stands still
 * with it, or the shell would go on waiting; its own children go on.
 */
export function suspendJob(): void {
  const own = familyOf(process.pid);
  const job: number[] = [];
  let above = own === null ? null : familyOf(own.parent);
  for (let pid = own?.parent ?? 0; above !== null && above.group === own?.group; above = familyOf(pid)) {
    job.push(pid);
    pid = above.parent;
  }
  if (own !== null && above?.session !== own.session) return;
  for (const pid of job) process.kill(pid, "SIGSTOP");
  process.kill(process.pid, "SIGSTOP");
}

/** False for a job that the shell runs behind: the terminal belongs to another job, and a process that touches it is stopped. */
export function inForeground(): boolean {
  const family = familyOf(process.pid);
  return family === null || family.foreground === family.group || family.foreground < 0;
}

/** Who a process belongs to. */
interface Family {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** The group that has the terminal; -1: there is none. */
  readonly foreground: number;
}

/** null when the system does not tell. */
function familyOf(pid: number): Family | null {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The name before may hold anything, brackets too.
      const [, parent, group, session, , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return { parent: Number(parent), group: Number(group), session: Number(session), foreground: Number(foreground) };
    }
    const [parent, group, session, foreground] = Bun.spawnSync(["ps", "-o", "ppid=,pgid=,sess=,tpgid=", "-p", String(pid)])
      .stdout.toString()
      .trim()
      .split(/\s+/);
    if (parent === undefined || group === undefined) return null;
    return { parent: Number(parent), group: Number(group), session: Number(session), foreground: Number(foreground ?? -1) };
  } catch {
    return null;
  }
}
