import type { Nanoseconds } from "../../kernel/clock.ts";
import { AdaptiveLimit } from "../../resilience/adaptive-limit.ts";
import type { FetchSettings } from "../../scenario/schema.ts";

type ConcurrencyRule = FetchSettings["concurrency"];

/**
 * Limit on the items of one thread in progress: fixed, adaptive (AIMD), or waves of a fixed number.
 *
 * With `window: waves`:
 *
 * | state   | event                              | next    |
 * |---------|------------------------------------|---------|
 * | filling | an item begins, fewer than `max`   | filling |
 * | filling | an item begins, the last of `max`  | full    |
 * | filling | the last one in progress ends      | filling |
 * | full    | an item ends, others are left      | full    |
 * | full    | the last one in progress ends      | filling |
 */
export class RequestWindow {
  /** Items in progress. */
  running = 0;
  private readonly adaptive: AdaptiveLimit | null;
  private readonly inWaves: boolean;
  /** Items of this wave so far, and whether it is full. */
  private inWave = 0;
  private full = false;

  constructor(
    { adaptive, min, decrease, targetLatency, window }: ConcurrencyRule,
    /** Most items of this thread, and the number of threads that share the scenario's lower limit. */
    private readonly max: number,
    threads: number,
  ) {
    const least = Math.min(max, Math.max(1, Math.round(min / threads)));
    const latency = (targetLatency ?? Number.POSITIVE_INFINITY) * 1000;
    this.adaptive = adaptive === "aimd" ? new AdaptiveLimit({ min: least, max, decrease, targetLatency: latency }) : null;
    // Copied, since it is read for every item: settings have many shapes, and reads from all of them are not optimized.
    this.inWaves = window === "waves";
  }

  /** Items that may be in progress now; Infinity: no limit but the executor's. */
  get limit(): number {
    return this.full ? 0 : (this.adaptive?.limit ?? Number.POSITIVE_INFINITY);
  }

  /** The limit as a finite number, whether or not a wave is full. */
  get shown(): number {
    return Math.min(this.max, this.adaptive?.limit ?? this.max);
  }

  get adapts(): boolean {
    return this.adaptive !== null;
  }

  begin(): void {
    this.running++;
    if (this.inWaves && ++this.inWave >= this.max) this.full = true;
  }

  end(): void {
    this.running--;
    if (this.running > 0) return;
    this.full = false;
    this.inWave = 0;
  }

  /** Adapts the limit after a request that the server could not serve. */
  overloaded(started: Nanoseconds, ended: Nanoseconds): void {
    this.adaptive?.overloaded(started, ended);
  }

  succeeded(started: Nanoseconds, ended: Nanoseconds): void {
    this.adaptive?.succeeded(started, ended, this.running);
  }
}
