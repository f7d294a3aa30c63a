import type { Nanoseconds } from "../../kernel/clock.ts";
import { LOOK_EVERY } from "../../kernel/wakeup.ts";
import { arrange } from "../../queueing/arrange.ts";
import { Agenda } from "./agenda.ts";
import type { Batch } from "./batches.ts";
import { drop, type FeedConsumer, SimulatedFeed } from "./feed.ts";
import { SimulatedHosts } from "./hosts.ts";
import { KeyLanes } from "./key-lanes.ts";
import { overlaps, type SimulatedMachine, type Streams } from "./machine.ts";
import type { Measures } from "./measures.ts";
import type { Messages } from "./messages.ts";
import { PlacesAhead } from "./places.ts";
import { SimulatedRedis } from "./redis.ts";
import { SimulatedSender } from "./sender.ts";
import { Shards } from "./shards.ts";
import { SlotStates } from "./slot-states.ts";
import type { SimulatedSource } from "./source.ts";
import { type Trip, Trips } from "./trips.ts";

/** Events: of a thread (twice its number), a trip (twice its number, and one), a batch (`WAITED` less its number), and these. */
const FEED = -1;
const SENT = -2;
const ROOM = -3;
const OVER = -4;
const WAITED = -16;

/**
 * A runner that appends messages to streams in Redis, and threads on several hosts that take batches of them: `distributed`. Each exchange
 * takes a round trip; a slot commits a batch and takes another in one, and reads the states that it does not have in one more.
 */
export class Distributed implements FeedConsumer {
  private now: Nanoseconds = 0;
  private readonly agenda = new Agenda();
  private readonly trips = new Trips(this.agenda, (no) => 2 * no + 1);
  private readonly queue: Shards;
  private readonly feed: SimulatedFeed;
  private readonly redis: SimulatedRedis;
  private readonly sender: SimulatedSender;
  private readonly partitions: KeyLanes;
  private readonly states: SlotStates | null;
  private readonly places: PlacesAhead;
  private readonly hosts: SimulatedHosts;
  private readonly half: Nanoseconds;
  private feedReady = true;
  private halted = false;

  constructor(
    private readonly machine: SimulatedMachine,
    private readonly streams: Streams,
    private readonly source: SimulatedSource,
    private readonly messages: Messages,
    private readonly measures: Measures,
    keys: number,
  ) {
    this.half = streams.costs.roundTrip / 2;
    this.sender = new SimulatedSender(this.trips, this.half, streams.costs.runner / 2);
    this.queue = new Shards(messages, machine, streams.partitions);
    this.feed = new SimulatedFeed(machine, source, this.queue, this, this.agenda, { room: ROOM, sent: SENT });
    this.partitions = new KeyLanes(keys, streams.partitions);
    this.places = new PlacesAhead(machine.threads, streams.partitions, streams.ahead);
    this.states = streams.states ? new SlotStates(messages, streams.partitions, keys) : null;
    // A notified slot asks again.
    this.redis = new SimulatedRedis(streams, this.queue, machine.threads, (slot, places, at) => {
      for (let i = 0; i < places; i++) this.trips.send(at + 2 * this.half, { kind: "take", slot });
    });
    this.hosts = new SimulatedHosts(machine, streams.hosts, {
      ...{ messages, measures, agenda: this.agenda },
      pieceEnd: (thread) => 2 * thread,
      waitEnd: (batch) => WAITED - batch,
      batchEnded: (batch) => this.commit(batch),
    });
  }

  run(): void {
    const { threads, slots } = this.machine;
    const each = overlaps(this.machine) ? Math.min(slots, this.streams.partitions) : 1;
    for (let i = 0; i < each; i++) for (let slot = 0; slot < threads; slot++) this.redis.wait(slot);
    this.settle();
    while (!this.halted) {
      const at = Math.min(this.hosts.next, this.agenda.next);
      if (at === Number.POSITIVE_INFINITY) return;
      if (at > this.now) this.now = at;
      this.hosts.endComputed(this.now);
      while (this.agenda.next <= this.now) this.happen(this.agenda.pop());
      this.settle();
    }
  }

  arrived(): void {
    this.sender.pump(this.now);
  }

  dropped(id: number, now: Nanoseconds): void {
    if (id === this.queue.displaced) this.redis.dropped(this.shardOf(id));
    drop(id, now, this.messages, this.measures, this.source);
    this.answered();
  }

  readonly shardOf = (id: number): number => this.partitions.of(this.messages.key[id] as number);

  queued(partition: number): void {
    this.sender.queue(partition);
  }

  /** A batch is done: it is committed, and another may be taken ahead. */
  private commit({ items, thread: slot }: Batch): void {
    const partition = this.shardOf(items[items.length - 1] as number);
    const ahead = this.places.done(slot, partition);
    if (this.places.may(slot) && this.places.fill(slot)) this.trips.send(this.now + this.half, { kind: "take", slot, ahead: true });
    this.trips.send(this.now + this.half, { kind: "commit", slot, ahead, partition, count: items.length });
  }

  private happen(event: number): void {
    if (event <= WAITED) this.hosts.waitEnded(WAITED - event, this.now);
    else if (event === FEED) this.feedReady = true;
    else if (event === SENT) this.feedReady = this.feed.sent.alarm(this.now) || this.feedReady;
    else if (event === ROOM) this.feedReady = this.feed.room.alarm(this.now) || this.feedReady;
    else if (event === OVER) this.end();
    else if (event % 2 === 0) this.hosts.pieceEnded(event / 2, this.now);
    else this.arrive(this.trips.arrived((event - 1) / 2));
  }

  private arrive({ kind, slot, ahead, partition, count, items }: Readonly<Trip>): void {
    switch (kind) {
      case "add":
        this.trips.send(this.redis.add(items, this.now) + this.half, { kind: "added" });
        return;
      case "added":
        this.sender.answered(this.now);
        return;
      case "commit":
        this.committed(slot, ahead, partition, count);
        return;
      case "take":
        this.take(slot, ahead);
        return;
      case "taken":
        this.taken(slot, items);
        return;
      case "read":
        this.trips.send(this.redis.read(count, this.now) + this.half, { kind: "states", slot, items });
        return;
      case "states":
        this.hosts.hand(slot, items, this.now);
        return;
      case "results":
        this.sender.read(count, this.now);
        return;
      case "recorded":
        this.queue.giveBack(count);
        if (this.feed.room.notify()) this.feedReady = true;
        this.source.answered(count, this.now);
        this.answered();
        return;
      default:
        kind satisfies never;
    }
  }

  private committed(slot: number, ahead: boolean, partition: number, count: number): void {
    const takes = !ahead || this.places.may(slot);
    this.states?.commit(partition);
    const at = this.redis.commit(partition, count, takes, this.now);
    this.trips.send(at + this.half, { kind: "results", count });
    if (!takes) this.places.leave(slot);
    else if (this.grant(slot, ahead)) return;
    else if (ahead) this.places.leave(slot);
    // It asks once more before it waits.
    else this.trips.send(at + 2 * this.half, { kind: "take", slot });
  }

  private take(slot: number, ahead: boolean): void {
    if (this.grant(slot, ahead)) return;
    if (ahead) this.places.leave(slot);
    else this.redis.wait(slot);
  }

  /** Sends a slot the next batch; false: there is none. */
  private grant(slot: number, ahead: boolean): boolean {
    const { partition, items, at } = this.redis.take(this.now);
    if (items.length === 0) return false;
    const { order = "arrival" } = this.machine.batch;
    if (order !== "arrival") arrange(items, (id) => this.queue.keyOf(id), order);
    this.places.taken(partition, ahead, this.workOf(items));
    this.trips.send(at + this.half, { kind: "taken", slot, items });
    return true;
  }

  private workOf(items: readonly number[]): Nanoseconds {
    return items.reduce((sum, id) => sum + (this.messages.demand[id] as number), this.machine.perBatch);
  }

  /** A batch has come to a slot, which may have to read states for it. */
  private taken(slot: number, items: number[]): void {
    const missing = this.states?.take(slot, this.shardOf(items[0] as number), items) ?? 0;
    if (missing > 0) this.trips.send(this.now + this.half, { kind: "read", slot, items, count: missing });
    else this.hosts.hand(slot, items, this.now);
  }

  /** A client may have been answered. */
  private answered(): void {
    if (this.source.closedLoop && this.feed.sent.notify()) this.feedReady = true;
  }

  /** Lets the source continue until it waits. */
  private settle(): void {
    while (!this.halted && this.feedReady) {
      const wasEnded = this.feed.ended;
      const next = this.feed.step(this.now);
      this.feedReady = next === "turn";
      if (next === "change" && !this.source.closedLoop) this.agenda.push(this.source.nextChange, FEED);
      if (this.feed.ended && !wasEnded) this.feedEnded();
    }
  }

  /** The run is over `grace` after the last arrival. */
  private feedEnded(): void {
    const over = this.source.expiry(this.now, this.machine.grace);
    if (over < Number.POSITIVE_INFINITY) this.agenda.push(Math.ceil(over / LOOK_EVERY) * LOOK_EVERY, OVER);
  }

  private end(): void {
    this.halted = true;
    this.hosts.halt();
  }
}
