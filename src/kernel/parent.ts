import { dlopen } from "bun:ffi";
import { readFileSync } from "node:fs";

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/**
 * Has the system kill this process when its parent dies, even while it is blocked (Linux; elsewhere the process notices at its next turn).
 */
export function dieWithParent(): void {
  if (process.platform !== "linux") return;
  try {
    const { symbols } = dlopen("libc.so.6", { prctl: { args: ["int", "u64", "u64", "u64", "u64"], returns: "int" } });
    symbols.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  } catch {
    // Without it the runner ends when its channel to the parent closes.
  }
}

/**
 * Suspends the job, as Ctrl-Z does, until the shell resumes it; does nothing where no shell could (setpgid(2): an orphaned process group,
 * such as a container's only program). Launchers in the same job (`bun run`, `npx`) are suspended with it, or the shell would go on
 * waiting; its own children continue.
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

/** False for a background job: the terminal belongs to another job, and a process that touches it is stopped. */
export function inForeground(): boolean {
  const family = familyOf(process.pid);
  return family === null || family.foreground === family.group || family.foreground < 0;
}

/** Parent, group and session of a process. */
interface Family {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Foreground group of the terminal; -1: no terminal. */
  readonly foreground: number;
}

/** null where the system does not report it. */
function familyOf(pid: number): Family | null {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The name before may contain anything, brackets included.
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
