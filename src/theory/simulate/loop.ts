import type { Nanoseconds } from "../../kernel/clock.ts";
import { Agenda } from "./agenda.ts";
import { type Batch, Batches } from "./batches.ts";
import { Cores } from "./cores.ts";
import { drop, type FeedConsumer, SimulatedFeed } from "./feed.ts";
import { Gatherer } from "./gatherer.ts";
import { overlaps, type SimulatedMachine } from "./machine.ts";
import type { Measures } from "./measures.ts";
import { type Messages, NONE } from "./messages.ts";
import { Shards } from "./shards.ts";
import { SimulatedKeyOrder } from "./simulated-key-order.ts";
import type { SimulatedSource } from "./source.ts";
import { Turns } from "./turns.ts";
import { Wait } from "./wait.ts";

/** Events that are no batch's, and tasks that are ready. */
const FEED = -1;
const SENT = -2;
const ROOM = -3;
const ARRIVED = -4;
const DONE = -5;
const COLLECT = -6;
/** A batch continues when its turn with a key has come: this less its number. */
const TURN = -16;

/**
 * One event loop on which source, collector and work take turns (`async`): what holds the loop advances its clock, what waits returns
 * later. Ready tasks continue in the order in which they became ready, as the loop's microtasks do.
 */
export class Loop implements FeedConsumer {
  private now: Nanoseconds = 0;
  private readonly agenda = new Agenda();
  private readonly tasks = new Turns();
  private readonly batches = new Batches();
  private readonly queue: Shards;
  private readonly feed: SimulatedFeed;
  private readonly gatherer: Gatherer;
  private readonly turns: SimulatedKeyOrder | null;
  private readonly arrivals: Wait;
  private readonly batchDone: Wait;
  /** Work holds the loop, so the loop gets a turn before the collector continues. */
  private readonly yields: boolean;
  private readonly slots: number;
  /** The ration of its computing; null: it has a core. */
  private readonly cores: Cores | null;
  private spare: number[] = [];
  private active = 0;
  private over = false;

  constructor(
    private readonly machine: SimulatedMachine,
    private readonly source: SimulatedSource,
    private readonly messages: Messages,
    private readonly measures: Measures,
    keys: number,
  ) {
    this.queue = new Shards(messages, machine);
    this.feed = new SimulatedFeed(machine, source, this.queue, this, this.agenda, { room: ROOM, sent: SENT });
    this.gatherer = new Gatherer(machine, this.queue, 0);
    this.arrivals = new Wait(this.agenda, ARRIVED);
    this.batchDone = new Wait(this.agenda, DONE);
    // Batches are interleaved where messages wait, or the loop has turns within a batch.
    const interleaved = overlaps(machine) || (machine.slots > 1 && machine.yieldEvery < Number.POSITIVE_INFINITY);
    this.turns = interleaved && machine.ordered ? new SimulatedKeyOrder(messages, keys) : null;
    this.slots = machine.slots;
    this.cores = machine.ration === null ? null : new Cores(1, machine.ration);
    this.yields = machine.shares.wait === 1 && machine.perBatch === 0;
  }

  run(): void {
    this.stepFeed();
    this.collect();
    while (!this.over) {
      for (let task = this.tasks.next(); task !== undefined; task = this.tasks.next()) this.goOn(task);
      if (this.over) return;
      if (this.tasks.anyLater) this.takeTurn();
      else if (this.agenda.size > 0) {
        if (this.agenda.next > this.now) this.now = this.agenda.next;
        this.wakeDue();
      } else return;
    }
  }

  arrived(): void {
    if (this.arrivals.notify()) this.tasks.push(COLLECT);
  }

  dropped(id: number, now: Nanoseconds): void {
    drop(id, now, this.messages, this.measures, this.source);
    this.heard();
  }

  shardOf(): number {
    return 0;
  }

  queued(): void {}

  /** A turn comes after what is due, and no later than in the next step. */
  private takeTurn(): void {
    if (!this.tasks.turn(this.agenda.next <= this.now)) this.wakeDue();
  }

  private wakeDue(): void {
    while (this.agenda.next <= this.now) this.wake(this.agenda.pop());
  }

  private wake(event: number): void {
    if (event >= 0) this.tasks.push(event);
    // Nothing comes between its alarm and the source, which continues before waiting messages are answered.
    else if (event === FEED) this.stepFeed();
    else if (event === SENT ? this.feed.sent.alarm(this.now) : event === ROOM && this.feed.room.alarm(this.now)) this.tasks.push(FEED);
    else if (event === ARRIVED ? this.arrivals.alarm(this.now) : event === DONE && this.batchDone.alarm(this.now)) this.tasks.push(COLLECT);
  }

  private goOn(task: number): void {
    if (task === COLLECT) this.collect();
    else if (task === FEED) this.stepFeed();
    else if (task <= TURN) this.continue(this.batches.of(TURN - task));
    else {
      const batch = this.batches.of(task);
      this.endItem(batch);
      this.continue(batch);
    }
  }

  private stepFeed(): void {
    const next = this.feed.step(this.now);
    if (next === "turn") this.tasks.push(FEED);
    else if (next === "change" && !this.source.closedLoop) this.agenda.push(this.source.nextChange, FEED);
  }

  /** A client may have sent. */
  private heard(): void {
    if (this.source.closedLoop && this.feed.sent.notify()) this.tasks.push(FEED);
  }

  private freed(): void {
    if (this.feed.room.notify()) this.tasks.push(FEED);
  }

  /** Makes batches and works them off, as many at a time as there are slots. */
  private collect(): void {
    for (;;) {
      if (this.active >= this.slots && !this.expired()) {
        this.batchDone.beginLooking(this.now, Number.POSITIVE_INFINITY);
        return;
      }
      const ready = this.gathered();
      if (ready === null) {
        this.freed();
        this.arrivals.begin(this.gatherer.dueAt);
        return;
      }
      if (!ready) break;
      const batch = this.batches.begin(this.gatherer.release(this.spare), 0);
      this.spare = [];
      this.freed();
      this.work(batch);
      if (!this.yields) {
        this.tasks.later(COLLECT);
        return;
      }
    }
    if (this.active > 0 && !this.expired()) this.batchDone.beginLooking(this.now, Number.POSITIVE_INFINITY);
    else this.over = true;
  }

  /** Whether there is a batch; null: not yet. */
  private gathered(): boolean | null {
    if (this.expired()) return false;
    if (this.gatherer.collect(this.now, this.feed.ended) || this.feed.stalled(this.gatherer.items.length)) return true;
    return this.feed.ended ? false : null;
  }

  private expired(): boolean {
    return this.source.expired(this.now, this.machine.grace);
  }

  private work(batch: Batch): void {
    this.active++;
    if (this.turns !== null) for (const id of batch.items) this.turns.join(id);
    if (this.workOn(batch)) this.finish(batch);
  }

  private continue(batch: Batch): void {
    if (!this.workOn(batch)) return;
    this.finish(batch);
    if (this.batchDone.notify()) this.tasks.push(COLLECT);
  }

  private finish(batch: Batch): void {
    this.active--;
    this.spare = this.batches.end(batch);
  }

  /** Works a batch until one of its messages has to wait: then returns false. */
  private workOn(batch: Batch): boolean {
    const { machine, messages, measures } = this;
    const { shares, stretch } = machine;
    while (batch.done < batch.items.length) {
      const id = batch.items[batch.done] as number;
      if (this.turns !== null && !this.turns.mayStart(id)) {
        this.turns.wait(id, batch.no);
        return false;
      }
      if (this.expired()) return true;
      const demand = messages.demand[id] as number;
      const opening = batch.done === 0 ? machine.perBatch * stretch : 0;
      const held = demand * (shares.cpu + shares.hold) * stretch;
      // Summed one after the other, as the thread does: what is due at the same instant depends on the last digit.
      if (this.cores === null) {
        this.now += opening;
        this.now += held;
      } else {
        const compute = opening + demand * shares.cpu * stretch;
        this.now = this.cores.alone(compute, this.now) + opening + held - compute;
      }
      const wait = demand * shares.wait;
      measures.busy += opening + held + wait;
      if (wait > 0) {
        this.agenda.push(this.now + wait, batch.no);
        return false;
      }
      this.endItem(batch);
      if (batch.done % machine.yieldEvery === 0 && batch.done < batch.items.length) {
        this.tasks.later(TURN - batch.no);
        return false;
      }
    }
    return true;
  }

  private endItem(batch: Batch): void {
    const { messages, source, now } = this;
    const id = batch.items[batch.done++] as number;
    this.measures.done(messages.due[id] as number, now);
    const next = this.turns === null ? NONE : this.turns.end(id);
    if (next !== NONE) this.tasks.push(TURN - next);
    messages.remove(id);
    if (!source.closedLoop) return;
    source.answered(1, now);
    this.heard();
  }
}
