import { soon, type Timers } from "../../kernel/timers.ts";
import { bytesOf } from "../bytes-of.ts";
import { type EventFilter, type FlowEvent, matches } from "./event.ts";

/**
 * The latest events of a bus, up to a number of events and of bytes. What an event weighs is found out after the turn of the event loop in
 * which it came: of a burst only what is still remembered then is looked at.
 */
export class History {
  /** A ring; `at` is the place of the next event. */
  private readonly slots: (FlowEvent | undefined)[] = [];
  private at = 0;
  /** Events that have come, that have been weighed, and that have been forgotten for their weight. */
  private came = 0;
  private weighed = 0;
  private forgotten = 0;
  /** Bytes of weighed events by their place. */
  private readonly weights: number[] = [];
  private bytes = 0;
  private scheduled = false;

  constructor(
    private readonly capacity: number,
    private readonly maxBytes: number,
    private readonly timers: Timers,
  ) {}

  add(event: FlowEvent): void {
    if (this.capacity === 0) return;
    this.slots[this.at] = event;
    if (++this.at === this.capacity) this.at = 0;
    this.came++;
    if (this.scheduled) return;
    this.scheduled = true;
    soon(this.timers, this.trim);
  }

  get size(): number {
    return Math.min(this.came - this.forgotten, this.capacity);
  }

  /** Weighs what has come, and forgets the oldest events that are too much. */
  private readonly trim = (): void => {
    this.scheduled = false;
    for (let back = Math.min(this.came - this.weighed, this.size); back > 0; back--) {
      const place = this.place(back);
      const weight = bytesOf(this.slots[place]?.data, this.maxBytes);
      // Less that of the event whose place it took.
      this.bytes += weight - (this.weights[place] ?? 0);
      this.weights[place] = weight;
    }
    this.weighed = this.came;
    for (let left = this.size; this.bytes > this.maxBytes && left > 0; left--) {
      const oldest = this.place(left);
      this.slots[oldest] = undefined;
      this.bytes -= this.weights[oldest] ?? 0;
      this.weights[oldest] = 0;
      this.forgotten = this.came - left + 1;
    }
  };

  /** Place of the event that came last (1), before that (2) … */
  private place(back: number): number {
    const { length } = this.slots;
    return (this.at - back + 2 * length) % length;
  }

  /** The events that match, oldest first; the latest `limit` of them. */
  select(filter: EventFilter, limit = Number.POSITIVE_INFINITY): FlowEvent[] {
    const found: FlowEvent[] = [];
    const { size } = this;
    // Newest first, so that a limit ends the search.
    for (let i = 1; i <= size && found.length < limit; i++) {
      const event = this.slots[this.place(i)];
      if (event !== undefined && matches(event, filter)) found.push(event);
    }
    return found.reverse();
  }
}
