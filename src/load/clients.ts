import type { Nanoseconds } from "../kernel/clock.ts";
import { Deque } from "../kernel/deque.ts";
import type { KeySource } from "./keys.ts";
import type { Arrival, DueTimes, Tape } from "./tape.ts";

/**
 * A closed loop: every client sends, waits for the answer, and sends again at once. Due times are not known in advance; the keys, in order
 * of sending, are.
 */
export class Clients {
  private sent = 0;
  private stopped = false;
  /** Due times sent and not yet read, per reader. */
  private readonly readers: Deque<number>[] = [];

  constructor(
    private readonly vus: number,
    private readonly keys: KeySource,
    /** Most messages in all; Infinity: no limit but time. */
    private readonly limit: number,
    /** Nothing is sent from this instant on. */
    private readonly until: Nanoseconds,
  ) {
    this.sent = Math.min(vus, limit);
  }

  /** To be called when `count` clients were answered at `now`. */
  answered(count: number, now: Nanoseconds): void {
    for (let i = 0; i < count; i++) this.send(now);
  }

  /** Makes the remaining messages due at once; returns their number. For loops limited in number. */
  sendRest(now: Nanoseconds): number {
    if (!Number.isFinite(this.limit)) return 0;
    const left = Math.max(0, this.limit - this.sent);
    for (let i = 0; i < left; i++) this.send(now);
    return left;
  }

  /** Ends all sending. */
  stop(): void {
    this.stopped = true;
  }

  /** True when nothing more will be sent. */
  ended(now: Nanoseconds): boolean {
    return this.stopped || this.sent >= this.limit || now >= this.until;
  }

  /** The messages sent; `next` is false while no client has anything to send. To be opened before the first answer. */
  tape(): Tape {
    const sent = this.reader();
    return {
      next: (arrival: Arrival): boolean => {
        const due = sent.shift();
        if (due === undefined) return false;
        arrival.dueMicros = due;
        arrival.key = this.keys.next();
        return true;
      },
      close: () => {},
    };
  }

  /** The due times of the messages sent. To be opened before the first answer. */
  dueTimes(): DueTimes {
    const sent = this.reader();
    return {
      next: (now) => sent.shift() ?? (this.ended(now) ? Number.POSITIVE_INFINITY : Number.NaN),
      together: 1,
      close: () => this.stop(),
    };
  }

  private send(now: Nanoseconds): void {
    if (this.ended(now)) return;
    this.sent++;
    for (const reader of this.readers) reader.push(Math.floor(now / 1000));
  }

  /** A reader's queue, with every client's first message at t = 0. */
  private reader(): Deque<number> {
    const reader = new Deque<number>();
    for (let i = Math.min(this.vus, this.limit); i > 0; i--) reader.push(0);
    this.readers.push(reader);
    return reader;
  }
}
