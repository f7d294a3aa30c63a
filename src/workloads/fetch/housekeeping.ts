import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Effort } from "../workload.ts";
import type { Collector } from "./collector.ts";
import type { LiveFigures } from "./live-figures.ts";
import type { Records } from "./records.ts";
import { COUNT } from "./report.ts";
import type { AttemptSender } from "./sender.ts";
import type { RequestWindow } from "./window.ts";

/** Interval of checking requests for timeouts: a share of the timeout, within bounds. */
const CHECK_SHARE = 20;
const CHECK_LEAST: Nanoseconds = 1e6;
const CHECK_MOST: Nanoseconds = 20e6;

/** Longest time before records of items are flushed to their file. */
const FLUSH_EVERY: Nanoseconds = 1e9;
/** Interval of publishing a thread's report. */
const PUBLISH_EVERY: Nanoseconds = 250e6;

/** Periodic tasks of one thread: aborts requests that time out, collects garbage, writes records, publishes figures. */
export class Housekeeping {
  private readonly every: Nanoseconds;
  private watching = false;
  private halted = false;
  /** An ended item has not been written yet. */
  private unwritten = false;
  private flushedAt: Nanoseconds = 0;
  private publishedAt: Nanoseconds = 0;

  constructor(
    private readonly effort: Effort,
    private readonly window: RequestWindow,
    private readonly sender: AttemptSender,
    private readonly records: Records,
    private readonly figures: LiveFigures,
    private readonly collector: Collector,
    timeout: Nanoseconds,
  ) {
    this.every = Math.min(CHECK_MOST, Math.max(CHECK_LEAST, timeout / CHECK_SHARE));
  }

  /** To be called when an item has begun. */
  onBegin(): void {
    if (!this.watching) void this.watch();
  }

  /** To be called when an item has ended and been recorded. */
  onEnd(): void {
    this.unwritten = true;
    if (!this.watching) void this.watch();
  }

  private async watch(): Promise<void> {
    this.watching = true;
    while (!this.halted && (this.window.running > 0 || this.unwritten)) {
      await this.effort.pause(this.every);
      const now = this.effort.now();
      this.sender.abortLate(now);
      this.collector.after(this.figures.of(COUNT.fetched));
      if (now - this.flushedAt > FLUSH_EVERY) this.flush(now);
      else if (now - this.publishedAt > PUBLISH_EVERY) this.publish(now);
    }
    this.watching = false;
  }

  /** Writes pending records, and publishes the figures. */
  flush(now = this.effort.now()): void {
    this.flushedAt = now;
    this.unwritten = false;
    this.records.flush();
    this.publish(now);
  }

  private publish(now: Nanoseconds): void {
    this.publishedAt = now;
    this.figures.publish();
  }

  halt(): void {
    this.halted = true;
    this.flush();
  }
}
