import type { Database } from "bun:sqlite";
import { readFileSync } from "node:fs";
import { monotonic } from "../../../kernel/clock.ts";
import { realTimers, type SteadyClock, steadyClock, type Timers } from "../../../kernel/timers.ts";

const monotonicMs = () => monotonic.now() / 1e6;

/** Identifies this start of the system, within which the monotonic clock of all processes is one; null: not known. */
const boot = (() => {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null;
  }
})();

/**
 * The time of a queue's file, on which all processes agree that have it open, whatever the wall clock was set to before or after they
 * opened it: the monotonic clock of the system, from an anchor that the first of them writes into the file.
 */
export function readFileClock(database: Database, timers: Timers): SteadyClock | null {
  if (timers !== realTimers || boot === null) return steadyClock(timers);
  const row = database.query<{ boot: string; anchor: number }, []>("SELECT boot, anchor FROM clock").get();
  return row?.boot === boot ? steadyClock(timers, row.anchor + monotonicMs() - timers.now()) : null;
}

/** Writes the anchor, where it is missing or of an earlier start of the system. */
export function writeFileClock(database: Database, timers: Timers): void {
  if (readFileClock(database, timers) !== null) return;
  const anchor = timers.wall() - monotonicMs();
  database.query("INSERT OR REPLACE INTO clock (id, boot, anchor) VALUES (0, ?, ?)").run(boot, anchor);
}
