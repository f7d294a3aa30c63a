import type { Subprocess } from "bun";

/** A process outside of a group that waits for the end of this process, by the pipe between them, and then ends the group. */
export function guardOf(group: number): Subprocess<"pipe", "ignore", "ignore"> {
  const guard = Bun.spawn({
    cmd: ["/bin/sh", "-c", 'trap "" HUP INT TERM; read -r _; kill -KILL "-$1"', "guard", String(group)],
    env: {},
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  guard.unref();
  return guard;
}

/** Sends a signal to a process group; nothing happens where it is gone. */
export function signalGroup(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch {
    // It is gone.
  }
}
