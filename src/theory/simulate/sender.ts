import type { Nanoseconds } from "../../kernel/clock.ts";
import { Deque } from "../../kernel/deque.ts";
import type { Trips } from "./trips.ts";

/** Most calls of the runner that are on their way at once, and most messages of one: as in the engine. */
const SENDINGS = 4;
const SENT_AT_ONCE = 512;

/** What the runner's thread sends to the streams, and records of results. */
export class SimulatedSender {
  /** Partitions of messages that are about to be sent. */
  private readonly outgoing = new Deque<number>();
  private sendings = 0;
  /** When the thread has done all that it has begun. */
  private free: Nanoseconds = 0;

  constructor(
    private readonly trips: Trips,
    /** Time to Redis, and of the thread for an item that is sent or recorded. */
    private readonly way: Nanoseconds,
    private readonly each: Nanoseconds,
  ) {}

  queue(partition: number): void {
    this.outgoing.push(partition);
  }

  /** Sends what was queued, as far as it may. */
  pump(now: Nanoseconds): void {
    while (this.sendings < SENDINGS && this.outgoing.length > 0) {
      const items: number[] = [];
      this.outgoing.shiftInto(items, Math.min(SENT_AT_ONCE, this.outgoing.length));
      this.trips.send(this.busy(items.length, now) + this.way, { kind: "add", items });
      this.sendings++;
    }
  }

  /** Results of as many messages are read. */
  read(count: number, now: Nanoseconds): void {
    this.trips.send(this.busy(count, now), { kind: "recorded", count });
  }

  private busy(count: number, now: Nanoseconds): Nanoseconds {
    this.free = Math.max(this.free, now) + count * this.each;
    return this.free;
  }

  /** One call was answered. */
  answered(now: Nanoseconds): void {
    this.sendings--;
    this.pump(now);
  }
}
