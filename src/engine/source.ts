import type { Nanoseconds } from "../kernel/clock.ts";
import type { Time } from "../kernel/time.ts";
import type { Offered } from "../load/offered.ts";
import { Arrival, type Tape } from "../load/tape.ts";
import { type Item, ItemPool } from "../queueing/item.ts";
import { CountIntegral } from "../telemetry/integral.ts";
import type { Recorder } from "../telemetry/recorder.ts";
import type { Intake } from "../workloads/workload.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Most items of one read. */
const READ_SIZE = 256;
/** Longest sleep before the source looks whether it was told to stop. */
const PATIENCE: Nanoseconds = 50e6;

/** Takes what falls due from the tape, in order and never early. */
export class Source {
  readonly pool = new ItemPool();
  /** Items taken that were due after warm-up. */
  readonly taken: CountIntegral;
  /** All items taken. */
  takenTotal = 0;
  /** Taken more than 10 ms after they were due. */
  lateTotal = 0;
  /** What was due waited because the thread was processing. */
  blockedByProcessing: Nanoseconds = 0;
  /** What was due waited because the queue was full. */
  blockedByQueue: Nanoseconds = 0;
  private readonly arrival = new Arrival();
  private pending: Nanoseconds;

  constructor(
    private readonly tape: Tape,
    private readonly intake: Intake,
    readonly offered: Offered,
    private readonly recorder: Recorder,
    private readonly warmup: Nanoseconds,
    /** True when taking an item costs next to nothing (it is not parsed). */
    readonly instant: boolean,
  ) {
    this.taken = new CountIntegral(warmup);
    this.pending = this.read();
  }

  /** When the next item falls due; Infinity when there is none. */
  get nextDue(): Nanoseconds {
    return this.pending;
  }

  /** Takes the next item, which must be due; null when it was refused. */
  take(now: Nanoseconds): Item | null {
    // Kept small enough for the compiler to inline whole: what is rare has a method of its own.
    const item = this.pool.take();
    item.index = this.takenTotal++;
    item.due = this.pending;
    item.taken = now;
    if (item.due >= this.warmup) this.taken.increment(now);
    if (now - item.due > 10e6) this.lateTotal++;
    const reason = this.intake.accept(this.arrival, item);
    this.pending = this.read();
    return reason === null ? item : this.reject(item, now);
  }

  private reject(item: Item, now: Nanoseconds): null {
    this.recorder.rejected(item, now);
    this.pool.give(item);
    return null;
  }

  /** Yields what is due, as it falls due, until the tape ends or the run stops. */
  async *reads(time: Time, lifecycle: Lifecycle, busy: () => Nanoseconds): AsyncGenerator<readonly Item[]> {
    const read: Item[] = [];
    while (this.pending !== Number.POSITIVE_INFINITY && lifecycle.taking) {
      let now = time.now();
      if (lifecycle.expired(now)) return;
      if (this.pending > now) {
        const busyBefore = busy();
        await time.sleepUntil(Math.min(this.pending, now + PATIENCE));
        now = time.now();
        const late = now - this.pending;
        if (late > 0) this.blockedByProcessing += Math.min(late, Math.max(0, busy() - busyBefore));
        if (late < 0 || !lifecycle.taking) continue;
      }
      this.takeDue(read, now);
      if (read.length > 0) yield read;
    }
  }

  /** Fills `read` with what is due. Not in the generator itself, so that the compiler sees a loop without waits. */
  private takeDue(read: Item[], now: Nanoseconds): void {
    read.length = 0;
    let refused = 0;
    while (this.pending <= now && read.length + refused < READ_SIZE) {
      const item = this.take(now);
      if (item !== null) read.push(item);
      else refused++;
    }
  }

  /** Accounts for everything that was due and is not going to be taken. */
  abandonRest(now: Nanoseconds): void {
    while (this.pending <= this.offered.last && this.takenTotal < this.offered.count) {
      const item = this.pool.take();
      item.index = this.takenTotal++;
      item.due = this.pending;
      this.recorder.abandoned(item, now);
      this.pool.give(item);
      this.pending = this.read();
    }
    this.tape.close();
  }

  private read(): Nanoseconds {
    return this.tape.next(this.arrival) ? this.arrival.dueMicros * 1000 : Number.POSITIVE_INFINITY;
  }
}
