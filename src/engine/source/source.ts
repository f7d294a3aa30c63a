import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Time } from "../../kernel/time.ts";
import { nextLook, Wakeup } from "../../kernel/wakeup.ts";
import type { Clients } from "../../load/clients.ts";
import type { Offered } from "../../load/offered.ts";
import type { ReadLatency } from "../../load/read-latency.ts";
import { Arrival, type Steering, type Tape } from "../../load/tape.ts";
import { type Item, ItemPool } from "../../queueing/item.ts";
import { CountIntegral } from "../../telemetry/integral.ts";
import type { Recorder } from "../../telemetry/recorder.ts";
import type { Intake } from "../../workloads/workload.ts";
import type { Connections } from "./connections.ts";
import { SourceStalls } from "./stalls.ts";

/** The inputs of a source. */
export interface Arrivals {
  readonly tape: Tape;
  /** The clients of a closed loop; null: an open loop. */
  readonly clients: Clients | null;
  /** Durations of reads that block the thread; null: reading takes no time. */
  readonly latency: ReadLatency | null;
  /** Overlapping reads, in the modes that wait without blocking; null: reading takes no time. */
  readonly connections: Connections | null;
}

/** Most items of one read. */
const READ_SIZE = 256;
/** Time before an arrival at which the source is awake, however long it has slept. */
const AHEAD: Nanoseconds = 1e6;

/** Takes due items from the tape, in order and never early. */
export class Source {
  readonly pool = new ItemPool();
  /** Items taken; those due during warm-up; and of all, those refused. */
  readonly taken = new CountIntegral();
  readonly takenEarly = new CountIntegral();
  readonly refused = new CountIntegral();
  /** All items taken. */
  takenTotal = 0;
  /** Taken more than 10 ms after they were due. */
  lateTotal = 0;
  readonly blocked: SourceStalls;
  private readonly arrival = new Arrival();
  private readonly read: Item[] = [];
  private pending: Nanoseconds;
  private readonly sent: Wakeup;
  private answeredTotal = 0;
  /** Lateness from which an item counts as taken late; slow reads are no lateness of the lab's. */
  private readonly lateAfter: Nanoseconds;

  constructor(
    private readonly arrivals: Arrivals,
    private readonly intake: Intake,
    readonly offered: Offered,
    private readonly recorder: Recorder,
    private readonly warmup: Nanoseconds,
    private readonly time: Time,
    /** True when taking an item costs next to nothing: it is not parsed, no client waits for it and reading takes no time. */
    readonly instant: boolean,
  ) {
    this.blocked = new SourceStalls(warmup);
    this.sent = new Wakeup(time);
    this.lateAfter = arrivals.latency === null ? 10e6 : Number.POSITIVE_INFINITY;
    this.pending = this.readTape();
  }

  /** When the next item falls due; Infinity when there is none, or none yet. */
  get nextDue(): Nanoseconds {
    return this.pending;
  }

  /** When the next item may be taken: it is due and, as far as known now, has been read. */
  get nextRead(): Nanoseconds {
    return Math.max(this.pending, this.arrivals.connections?.nextRead ?? 0);
  }

  /** True when nothing more will fall due. */
  ended(now: Nanoseconds): boolean {
    return this.pending === Number.POSITIVE_INFINITY && (this.arrivals.clients?.ended(now) ?? true);
  }

  /** True when items fall due because others are done. */
  get closedLoop(): boolean {
    return this.arrivals.clients !== null;
  }

  /** Items taken whose clients still wait, in a closed loop. */
  get unanswered(): number {
    return this.takenTotal - this.answeredTotal;
  }

  /** The means to change the load of all that read it; one that is null cannot be changed. */
  get steerings(): readonly (Steering | null)[] {
    const { tape, connections } = this.arrivals;
    return [tape.steering ?? null, this.offered.steering, ...(connections === null ? [] : [connections.steering])];
  }

  /** Takes back a finished item for reuse; a client that waited for it sends again. */
  release(item: Item): void {
    this.pool.give(item);
    if (this.arrivals.clients !== null) this.answered(1);
  }

  /** To be called when `count` clients were answered just now. */
  answered(count: number): void {
    this.answeredTotal += count;
    this.arrivals.clients?.answered(count, this.time.now());
    if (this.pending === Number.POSITIVE_INFINITY) this.pending = this.readTape();
    this.sent.notify();
  }

  /** Reads the next item, blocking the thread. Returns the instant at which it is there. */
  readBlocking(now: Nanoseconds): Nanoseconds {
    const { latency } = this.arrivals;
    if (latency === null) return now;
    this.time.blockUntil(now + latency.next());
    const ended = this.time.now();
    this.blocked.add("reading", now, ended);
    return ended;
  }

  /** Takes the next item, which must be due; null when it was refused. */
  take(now: Nanoseconds): Item | null {
    // Small enough for the compiler to inline whole: rare cases have methods of their own. The due time is read once: read again from the
    // item, its number representation may differ, which deoptimizes this code permanently.
    const due = this.pending;
    const item = this.pool.take();
    item.index = this.takenTotal++;
    item.due = due;
    item.taken = now;
    this.taken.add(now);
    if (due < this.warmup) this.takenEarly.add(now);
    if (now - due > this.lateAfter) this.lateTotal++;
    const reason = this.intake.accept(this.arrival, item);
    this.pending = this.readTape();
    return reason === null ? item : this.reject(item, now);
  }

  private reject(item: Item, now: Nanoseconds): null {
    this.recorder.rejected(item, now);
    this.refused.add(now);
    // Its client has its answer, and sends again.
    this.release(item);
    return null;
  }

  /** When the next item has been read; Infinity when that is not known yet. */
  readAt(now: Nanoseconds): Nanoseconds {
    const { connections } = this.arrivals;
    if (connections === null) return this.pending;
    return connections.advance(now, this.blocked);
  }

  /** Resolves when something may have been read, after a while at the latest. */
  change(now: Nanoseconds): Promise<void> {
    const at = this.arrivals.connections?.nextChange ?? this.pending;
    if (this.closedLoop) return this.sent.wait(at);
    const look = nextLook(now);
    return at - AHEAD > look ? this.time.sleepAbout(look) : this.time.sleepUntil(at);
  }

  /** To be called after a wait: something may have been ready before, while the thread was processing for that long. */
  noteWoken(now: Nanoseconds, processing: Nanoseconds): void {
    const late = now - this.readAt(now);
    if (late > 0) this.blocked.add("processing", now - Math.min(late, Math.max(0, processing)), now);
  }

  /** Takes what is due and read, in tape order; always the same list. A loop without waits, for the compiler. */
  takeDue(now: Nanoseconds): readonly Item[] {
    const { read } = this;
    const { connections } = this.arrivals;
    read.length = 0;
    let refused = 0;
    while (this.pending <= now && read.length + refused < READ_SIZE) {
      if (connections !== null) {
        if (connections.advance(now, this.blocked) > now) break;
        connections.delivered();
      }
      const item = this.take(now);
      if (item !== null) read.push(item);
      else refused++;
    }
    return read;
  }

  /** Accounts for everything that was due and will not be taken. */
  abandonRest(now: Nanoseconds): void {
    if (this.closedLoop && this.pending === Number.POSITIVE_INFINITY) this.pending = this.readTape();
    while (this.pending <= this.offered.last && this.takenTotal < this.offered.count) {
      const item = this.pool.take();
      item.index = this.takenTotal++;
      item.due = this.pending;
      this.recorder.leftWaiting(item, now);
      this.pool.give(item);
      this.pending = this.readTape();
    }
    this.arrivals.tape.close();
  }

  private readTape(): Nanoseconds {
    return this.arrivals.tape.next(this.arrival) ? this.arrival.dueMicros * 1000 : Number.POSITIVE_INFINITY;
  }
}
