import { Deque } from "../../kernel/deque.ts";
import { type CallerContext, callerContext } from "../async-context.ts";
import type { DeliveryCount } from "./delivery.ts";
import type { FlowEvent } from "./event.ts";
import type { SubscriptionRule } from "./rule.ts";

/** An event that waits for a handler. */
export interface WaitingEvent {
  readonly event: FlowEvent;
  /** null: it was emitted, and nothing awaits it. */
  readonly tally: DeliveryCount | null;
  readonly caller: CallerContext;
}

/** The buffer of a subscription: emitted events up to its size, by its overflow rule; published ones always. */
export class WaitingEvents {
  private readonly events = new Deque<WaitingEvent>(2);

  constructor(private readonly rule: Pick<SubscriptionRule, "buffer" | "overflow">) {}

  get length(): number {
    return this.events.length;
  }

  /** Adds an event at the end; false if it, or an older one in its place, was dropped. */
  offer(event: FlowEvent, tally: DeliveryCount | null): boolean {
    const full = tally === null && this.events.length >= this.rule.buffer;
    if (!full || (this.rule.overflow !== "drop-newest" && this.dropOldest())) this.events.push({ event, tally, caller: callerContext() });
    return !full;
  }

  /** Drops the oldest emitted event; false when only published ones wait. */
  private dropOldest(): boolean {
    if (this.events.peek()?.tally === null) return this.events.shift() !== undefined;
    let found = false;
    this.events.take(({ tally }) => {
      const oldest = !found && tally === null;
      found ||= oldest;
      return oldest;
    });
    return found;
  }

  /** Takes the first; undefined if none waits. */
  shift(): WaitingEvent | undefined {
    return this.events.shift();
  }

  /** Takes those of one published event. */
  take(tally: DeliveryCount): WaitingEvent[] {
    return this.events.take((waiting) => waiting.tally === tally);
  }
}
