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

let lastRss = 0;

/** Memory of this process that is in use, in bytes; as it was last where the system has no file left to tell it in. */
export function rssBytes(): number {
  try {
    lastRss = process.memoryUsage.rss();
  } catch {
    // Asked again at the next sample.
  }
  return lastRss;
}
