import { type EventFilter, type FlowEvent, matches } from "./event.ts";

/** The latest events of a bus, up to a fixed number. */
export class History {
  private readonly slots: (FlowEvent | undefined)[] = [];
  private at = 0;

  constructor(private readonly capacity: number) {}

  add(event: FlowEvent): void {
    if (this.capacity === 0) return;
    this.slots[this.at] = event;
    if (++this.at === this.capacity) this.at = 0;
  }

  get size(): number {
    return this.slots.length;
  }

  /** The events that match, oldest first; the latest `limit` of them. */
  select(filter: EventFilter, limit = Number.POSITIVE_INFINITY): FlowEvent[] {
    const found: FlowEvent[] = [];
    const { length } = this.slots;
    // Newest first, so that a limit ends the search.
    for (let i = 1; i <= length && found.length < limit; i++) {
      const event = this.slots[(this.at - i + 2 * length) % length];
      if (event !== undefined && matches(event, filter)) found.push(event);
    }
    return found.reverse();
  }
}
