import { BELL_BYTES, type Bell, RINGS, ring, rings, WAITING, waitForBell } from "./bell.ts";
import { type Clock, monotonic, type Nanoseconds } from "./clock.ts";
import { Heap } from "./heap.ts";
import type { Time } from "./time.ts";

/** `Atomics.wait` wakes 0.1 to 0.2 ms late: a blocking wait stops this long before its end and spins the rest. */
const SPIN: Nanoseconds = 200_000;
/** Step by which the estimate of the usual lateness moves at each wait. */
const STEP: Nanoseconds = 2_000;
/** Waits shorter than this are not worth a system call. */
const SHORTEST_WAIT: Nanoseconds = 60_000;
/** Interval within which the event loop need not check for outside events again: a `turn` then resolves at once if nothing is due. */
const NEWS_EVERY: Nanoseconds = 200_000;
/** Longest wait before the event loop gets a turn, so that messages from the console are received. */
const LONGEST_WAIT: Nanoseconds = 100_000_000;

const DONE = Promise.resolve();

/**
 * Real time on one event loop. When nothing on the loop is ready, the thread waits in `Atomics.wait` on its bell: as an
 * event loop waits in the kernel, but to a tenth of a millisecond instead of the millisecond of a timer.
 */
export class LoopTime implements Time {
  idle: Nanoseconds = 0;
  onLate: ((late: Nanoseconds) => void) | null = null;
  private origin: Nanoseconds;
  private readonly sleepers = new Heap<() => void>();
  /** Sleepers that need only about their instant. */
  private readonly dozers = new Heap<() => void>();
  private turns: (() => void)[] = [];
  private looks: (() => boolean)[] = [];
  private scheduled = false;
  private waitingOpenly = false;
  /** Settles when the last wait that left the loop running is over. */
  private openWait: Promise<void> = DONE;
  private turnsWaited = false;
  /** Instant of the event loop's last turn. */
  private roundAt: Nanoseconds = Number.NEGATIVE_INFINITY;
  /** Usual lateness of `Atomics.wait` here: waits ask to be woken earlier by it. */
  private oversleep: Nanoseconds = 0;

  constructor(
    private readonly clock: Clock = monotonic,
    private readonly bell: Bell = new Int32Array(new SharedArrayBuffer(BELL_BYTES)),
    /** True when the event loop has work of its own (sockets, other timers): waits do not block it then. */
    private readonly open = false,
  ) {
    this.origin = clock.now();
  }

  /** Makes an instant of the clock t = 0. */
  startAt(origin: Nanoseconds): void {
    this.origin = origin;
    this.idle = 0;
    this.looks = [];
    this.roundAt = Number.NEGATIVE_INFINITY;
  }

  /** Shuts the clock down. Pending sleeps never resolve; they are dropped, so that they can be collected. */
  async close(): Promise<void> {
    this.sleepers.clear();
    this.dozers.clear();
    this.turns = [];
    this.looks = [];
    if (this.waitingOpenly) ring(this.bell);
    await this.openWait;
  }

  now(): Nanoseconds {
    return this.clock.now() - this.origin;
  }

  blockUntil(at: Nanoseconds): void {
    this.block(at, never);
  }

  rest(at: Nanoseconds, early: () => boolean, about: Nanoseconds = Number.POSITIVE_INFINITY): void {
    const from = this.now();
    this.idle += Math.max(0, this.block(at, early, about) - from);
  }

  /** Blocks; returns the instant at which it ended. */
  private block(at: Nanoseconds, early: () => boolean, about: Nanoseconds = Number.POSITIVE_INFINITY): Nanoseconds {
    const asleep = Math.min(at - SPIN, about);
    let now = this.now();
    let seen = rings(this.bell);
    let ended = early();
    while (now < asleep && !ended) {
      waitForBell(this.bell, seen, (asleep - now) / 1e6);
      seen = rings(this.bell);
      ended = early();
      now = this.now();
    }
    while (now < at && now < about && !ended) now = this.now();
    return now;
  }

  sleepUntil(at: Nanoseconds): Promise<void> {
    return new Promise((resolve) => {
      this.sleepers.push(at, resolve);
      this.schedule();
    });
  }

  sleepAbout(at: Nanoseconds): Promise<void> {
    return new Promise((resolve) => {
      this.dozers.push(at, resolve);
      this.schedule();
    });
  }

  watch(look: () => boolean): void {
    this.looks.push(look);
  }

  turn(): Promise<void> {
    const now = this.now();
    if (now - this.roundAt < NEWS_EVERY && !this.wakeDue(now)) return DONE;
    return new Promise((resolve) => {
      this.turns.push(resolve);
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.waitingOpenly) ring(this.bell);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.step);
  }

  private readonly step = (): void => {
    this.scheduled = false;
    const seen = rings(this.bell);
    this.roundAt = this.now();
    const ran = this.runReady();
    if (this.sleepers.size === 0 && this.dozers.size === 0 && this.turns.length === 0) return;
    if (!ran && this.open) {
      this.openWait = this.waitOpenly(seen);
      return;
    }
    if (!ran) {
      this.wait(seen);
      this.runReady();
    }
    this.schedule();
  };

  /**
   * Wakes those whose sleep is over, then those that asked for a turn: a turn comes after everything that the others set off, so not in the
   * same step, but no later than in the next.
   */
  private runReady(): boolean {
    const ran = this.wakeDue(this.now());
    if (this.turns.length === 0) return ran;
    if (ran && !this.turnsWaited) {
      this.turnsWaited = true;
      return true;
    }
    this.turnsWaited = false;
    const turns = this.turns;
    this.turns = [];
    for (const resolve of turns) resolve();
    return true;
  }

  /** Wakes those whose sleep is over, and checks for changes by other threads; true when anything came of it. */
  private wakeDue(now: Nanoseconds): boolean {
    let woke = false;
    while (this.sleepers.next <= now) {
      this.onLate?.(now - this.sleepers.next);
      this.sleepers.pop()?.();
      woke = true;
    }
    while (this.dozers.next <= now) {
      this.dozers.pop()?.();
      woke = true;
    }
    for (const look of this.looks) if (look()) woke = true;
    return woke;
  }

  /** As `wait`, without blocking the event loop. */
  private async waitOpenly(seen: number): Promise<void> {
    const from = this.now();
    const left = Math.min(this.sleepers.next - from, this.dozers.next - from, LONGEST_WAIT);
    if (left > SHORTEST_WAIT) {
      this.scheduled = true;
      this.waitingOpenly = true;
      Atomics.store(this.bell, WAITING, 1);
      await Atomics.waitAsync(this.bell, RINGS, seen, left / 1e6).value;
      Atomics.store(this.bell, WAITING, 0);
      this.waitingOpenly = false;
      this.scheduled = false;
    }
    this.idle += this.now() - from;
    this.runReady();
    this.schedule();
  }

  private wait(seen: number): void {
    const from = this.now();
    const exactly = this.sleepers.next;
    const about = Math.min(this.dozers.next, from + LONGEST_WAIT);
    const asked = Math.min(exactly - this.oversleep, about);
    let now = from;
    if (asked - from > SHORTEST_WAIT) {
      waitForBell(this.bell, seen, (asked - from) / 1e6);
      now = this.now();
      // A step up or down, whatever the error: settles at the median.
      if (rings(this.bell) === seen)
        this.oversleep = Math.max(0, Math.min(SPIN, this.oversleep + (now - asked > this.oversleep ? STEP : -STEP)));
    }
    while (now < exactly && now < about && rings(this.bell) === seen) now = this.now();
    this.idle += now - from;
  }
}

const never = () => false;
