import { readFileSync } from "node:fs";

/**
 * Most memory this process ever held, in bytes; null where the system does not tell. Not `getrusage`: what it gives a child begins at
 * the size of the process that started it.
 */
export function peakMemory(): number | null {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
    return match === null ? null : Number(match[1]) * 1024;
  } catch {
    return null;
  }
}
