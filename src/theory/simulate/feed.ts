import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Agenda } from "./agenda.ts";
import type { SimulatedMachine } from "./machine.ts";
import type { Measures } from "./measures.ts";
import { type Messages, NONE } from "./messages.ts";
import type { Shards } from "./shards.ts";
import type { SimulatedSource } from "./source.ts";
import { Wait } from "./wait.ts";

/** Most messages of one read, and most offered before the consumer gets its turn: as in the engine. */
const READ_SIZE = 256;
const LONGEST_RUSH = 65_536;
/** The consumer of a feed. */
export interface FeedConsumer {
  /** There is more in the queue, or nothing more will come. */
  arrived(): void;
  /** A message leaves by being dropped at `now`. */
  dropped(id: number, now: Nanoseconds): void;
  shardOf(id: number): number;
  /** A message entered a shard. */
  queued(shard: number): void;
}

/** What the feed waits for after a step. */
export type Next = "change" | "room" | "turn" | "nothing";

/** Moves messages from the source into the queue, applying the overflow rule. */
export class SimulatedFeed {
  /** True when nothing more will come. */
  ended = false;
  /** Waits for room in the queue, or for a client to send. */
  readonly room: Wait;
  readonly sent: Wait;
  private readonly held = new Int32Array(READ_SIZE);
  private at = 0;
  private count = 0;
  private rush = 0;
  /** The message that waits for room. */
  private waitsFor = NONE;

  constructor(
    private readonly machine: SimulatedMachine,
    private readonly source: SimulatedSource,
    private readonly queue: Shards,
    private readonly consumer: FeedConsumer,
    agenda: Agenda,
    events: { readonly room: number; readonly sent: number },
  ) {
    this.room = new Wait(agenda, events.room);
    this.sent = new Wait(agenda, events.sent);
  }

  /** Continues until it has to wait. */
  step(now: Nanoseconds): Next {
    const { source, machine } = this;
    while (!this.ended) {
      if (this.count > 0) {
        // At the end of the run nothing waits for room any longer.
        if (this.waitsFor !== NONE && source.expired(now, machine.grace)) break;
        if (!this.offer(now)) return "room";
        if (this.rushEnds(now)) return "turn";
      }
      if (source.ended(now) || source.expired(now, machine.grace)) break;
      if (source.readAt(now) > now) {
        if (source.closedLoop) this.sent.beginLooking(now, source.nextChange);
        return "change";
      }
      while (this.count < READ_SIZE && source.pending <= now && source.readAt(now) <= now) this.held[this.count++] = source.take();
    }
    if (!this.ended) {
      this.ended = true;
      this.consumer.arrived();
    }
    return "nothing";
  }

  /** True when every client of a closed loop waits for the `held` messages of an incomplete batch. */
  stalled(held: number): boolean {
    const { source } = this;
    if (!source.closedLoop || held === 0 || source.unanswered !== held) return false;
    return this.queue.depth === 0 && source.pending === Number.POSITIVE_INFINITY;
  }

  /** Offers the messages taken; false when one has to wait for room. */
  private offer(now: Nanoseconds): boolean {
    const { queue, consumer } = this;
    for (; this.at < this.count; this.at++) {
      const id = this.held[this.at] as number;
      const shard = consumer.shardOf(id);
      const outcome = queue.offer(id, shard, consumer.shardOf);
      if (outcome === "full") {
        if (this.waitsFor !== id) consumer.arrived();
        this.waitsFor = id;
        this.room.beginLooking(now, Number.POSITIVE_INFINITY);
        return false;
      }
      this.waitsFor = NONE;
      if (outcome === "dropped") consumer.dropped(id, now);
      else consumer.queued(shard);
      if (outcome === "displaced") consumer.dropped(queue.displaced, now);
    }
    return true;
  }

  /** Under a drop rule, all messages due together compete for the queue. True when the consumer has a turn before more come. */
  private rushEnds(now: Nanoseconds): boolean {
    this.rush += this.count;
    this.at = 0;
    this.count = 0;
    const { nextRead } = this.source;
    if (this.machine.overflow !== "block" && nextRead <= now && this.rush <= LONGEST_RUSH) return false;
    this.rush = 0;
    this.consumer.arrived();
    return nextRead <= now;
  }
}

/** Counts a dropped message, and answers its client. */
export function drop(id: number, now: Nanoseconds, messages: Messages, measures: Measures, source: SimulatedSource): void {
  measures.dropped++;
  messages.remove(id);
  source.answered(1, now);
}
