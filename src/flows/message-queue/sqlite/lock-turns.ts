import type { Database } from "bun:sqlite";
import { sqliteTrouble } from "../../../kernel/sqlite.ts";
import { chance, pause, type Timers } from "../../../kernel/timers.ts";
import type { StoreAnswer } from "../store.ts";

/** Longest that the thread is held by another process's lock, in milliseconds: most are over sooner. */
const HELD_MS = 10;
/** Work that takes longer than this, in milliseconds, is as another's lock for those who wait. */
const LONG_MS = 100;
/** Longest wait between two tries, in milliseconds. */
const PAUSE_MS = 20;

/**
 * Work on a database that other processes lock at times: what finds it locked is tried again between other tasks of this thread, until it
 * has waited too long.
 */
export class LockTurns {
  /** Tasks waiting for the lock. */
  private waiting = 0;
  /** When the lock that was last waited for was noticed, and when it was gone; by `timers.now()`. */
  private lastLock = { from: 0, to: Number.NEGATIVE_INFINITY };

  constructor(
    private readonly database: Database,
    private readonly timers: Timers,
    private readonly busyMs: number,
  ) {
    this.hold(HELD_MS);
  }

  /** Runs work that begins with the lock, or throws before it changes anything. */
  run<R>(work: () => R): StoreAnswer<R> {
    const from = this.timers.now();
    try {
      const result = work();
      const to = this.timers.now();
      // As where this process was suspended in the middle of it: then it was others who waited.
      if (to - from > LONG_MS) this.lastLock = { from, to };
      return result;
    } catch (error) {
      if (sqliteTrouble(error) !== "locked") throw error;
      return this.runLater(work, error);
    }
  }

  /**
   * For how long the file was locked, in milliseconds, when that ended less than `ms` ago; 0 otherwise. Those who had to wait, in other
   * processes too, may not have had their turn yet.
   */
  lockedFor(ms: number): number {
    const { from, to } = this.lastLock;
    return this.timers.now() - to < ms ? to - from : 0;
  }

  private async runLater<R>(work: () => R, first: unknown): Promise<R> {
    const from = this.timers.now();
    // The others that wait have already let the thread be held once.
    if (this.waiting++ === 0) this.hold(0);
    try {
      let error = first;
      for (let ms = 1; this.timers.now() - from < this.busyMs; ms = Math.min(PAUSE_MS, 2 * ms)) {
        await pause(this.timers, ms * (0.5 + chance(this.timers) / 2));
        try {
          const result = work();
          this.lastLock = { from, to: this.timers.now() };
          return result;
        } catch (again) {
          if (sqliteTrouble(again) !== "locked") throw again;
          error = again;
        }
      }
      throw error;
    } finally {
      if (--this.waiting === 0) this.hold(HELD_MS);
    }
  }

  private hold(ms: number): void {
    try {
      this.database.run(`PRAGMA busy_timeout = ${Math.min(ms, Math.ceil(this.busyMs))}`);
    } catch {
      // Closed meanwhile.
    }
  }
}
