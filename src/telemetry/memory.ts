import { readFileSync } from "node:fs";

/**
 * Peak memory of this process, in bytes; null where the system does not report it. Not from `getrusage`, whose figure for a child begins at
 * its parent's size.
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

/** Resident memory of this process, in bytes; the last known value where the system has no file descriptor left to read it. */
export function rssBytes(): number {
  try {
    lastRss = process.memoryUsage.rss();
  } catch {
    // Read again at the next sample.
  }
  return lastRss;
}
