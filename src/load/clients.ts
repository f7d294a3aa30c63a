import type { Nanoseconds } from "../kernel/clock.ts";
import { Deque } from "../kernel/deque.ts";
import type { KeySource } from "./keys.ts";
import type { Arrival, DueTimes, Tape } from "./tape.ts";

/**
 * A closed loop: every client sends, waits until it is answered, and sends again at once. What falls due when is not known
 * beforehand; the keys, in order of sending, are.
 */
export class Clients {
  private sent = 0;
  private stopped = false;
  /** What was sent and not yet read, per reader. */
  private readonly readers: Deque<number>[] = [];

  constructor(
    private readonly vus: number,
    private readonly keys: KeySource,
    /** Most messages in all; Infinity: as many as the time allows. */
    private readonly limit: number,
    /** Nothing is sent from this instant on. */
    private readonly until: Nanoseconds,
  ) {
    this.sent = Math.min(vus, limit);
  }

  /** `count` clients were answered at this instant. */
  answered(count: number, now: Nanoseconds): void {
    for (let i = 0; i < count; i++) this.send(now);
  }

  /** Everything that was still to be sent falls due at once; returns how much that was. For what has a limit in number. */
  sendRest(now: Nanoseconds): number {
    if (!Number.isFinite(this.limit)) return 0;
    const left = Math.max(0, this.limit - this.sent);
    for (let i = 0; i < left; i++) this.send(now);
    return left;
  }

  /** Nobody sends any more. */
  stop(): void {
    this.stopped = true;
  }

  /** True when nothing more will be sent. */
  ended(now: Nanoseconds): boolean {
    return this.stopped || this.sent >= this.limit || now >= this.until;
  }

  /** What is sent; `next` is false while no client has anything to send. To be opened before the first answer. */
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

  /** When it is sent. To be opened before anyone is answered. */
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

  /** Everyone sends once at t = 0. */
  private reader(): Deque<number> {
    const reader = new Deque<number>();
    for (let i = Math.min(this.vus, this.limit); i > 0; i--) reader.push(0);
    this.readers.push(reader);
    return reader;
  }
}
