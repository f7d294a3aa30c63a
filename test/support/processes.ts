import { existsSync, readFileSync } from "node:fs";

/** Ids of the processes that a process has started; where the system has no /proc, `pgrep` tells. */
export function childrenOf(pid: number): number[] {
  const list = (of: number) => `/proc/${of}/task/${of}/children`;
  const text = existsSync(list(process.pid)) ? contentOf(list(pid)) : Bun.spawnSync(["pgrep", "-P", String(pid)]).stdout.toString();
  return text.trim().split(/\s+/).filter(Boolean).map(Number);
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** "" for the children of a process that has ended. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
