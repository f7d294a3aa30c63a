import type { Nanoseconds } from "../../kernel/clock.ts";
import { Deque } from "../../kernel/deque.ts";
import type { Agenda } from "./agenda.ts";
import { type Batch, Batches } from "./batches.ts";
import type { Cores } from "./cores.ts";
import { overlaps, type SimulatedMachine } from "./machine.ts";
import type { Measures } from "./measures.ts";
import { type Messages, NONE } from "./messages.ts";
import { SimulatedKeyOrder } from "./simulated-key-order.ts";

/** Parts of a message: it computes, holds its thread otherwise, waits outside, and is done; its kind of work may skip some. */
const COMPUTE = 0;
const HOLD = 1;
const WAIT = 2;
const DONE = 3;

/** State shared by all threads of a machine. */
export interface Shop {
  readonly machine: SimulatedMachine;
  readonly messages: Messages;
  readonly measures: Measures;
  readonly agenda: Agenda;
  readonly batches: Batches;
  /** null: each thread has a core. */
  readonly cores: Cores | null;
  /** Order of messages of one key; null: no two batches with messages of one key are at work at once. */
  readonly turns: SimulatedKeyOrder | null;
  /** The run is over: current work is ended, and none begins. */
  halted: boolean;
  /** The event at the end of a computation on a thread, and that at the end of a message's wait. */
  readonly pieceEnd: (thread: number) => number;
  readonly waitEnd: (batch: number) => number;
  /** Called with each batch that is done. */
  readonly batchEnded?: (batch: Batch) => void;
}

export function openShop(
  machine: SimulatedMachine,
  messages: Messages,
  measures: Measures,
  agenda: Agenda,
  cores: Cores | null,
  keys: number,
) {
  return {
    machine,
    messages,
    measures,
    agenda,
    batches: new Batches(),
    cores,
    turns: overlaps(machine) && machine.ordered ? new SimulatedKeyOrder(messages, keys) : null,
  };
}

/**
 * One Worker: takes batches in order, as many at a time as it has slots where messages wait outside, and one where they hold its thread.
 */
export class Thread {
  /** Batches sent and not begun. */
  private readonly frames = new Deque<number[]>();
  /** Batches that may continue once the thread is free: first those whose turn with a key came, then those that have waited. */
  private readonly turned = new Deque<number>();
  private readonly waited = new Deque<number>();
  private readonly atOnce: number;
  /** The batch whose message holds the thread, and the part of that message that does. */
  private holding: Batch | null = null;
  private part = COMPUTE;
  private active = 0;
  /** Messages whose wait is over that continue before batches are taken again; and whether batches are being taken. */
  private round = 0;
  private taking = false;
  private takesNext = false;
  /** When the current part began to hold the thread, and the current message of each batch. */
  private heldFrom: Nanoseconds = 0;
  private readonly began: Nanoseconds[] = [];
  /** Messages done, batches done, time held, and the sum and number of measured service times, for the dealer. */
  itemsDone = 0;
  batchesDone = 0;
  busy: Nanoseconds = 0;
  service: Nanoseconds = 0;
  served = 0;

  constructor(
    private readonly shop: Shop,
    private readonly no: number,
  ) {
    this.atOnce = overlaps(shop.machine) ? shop.machine.slots : 1;
  }

  hand(items: number[], now: Nanoseconds): void {
    this.frames.push(items);
    this.run(now);
  }

  /** The part that held the thread has ended: the next part of its message may hold it further. */
  pieceEnded(now: Nanoseconds): void {
    const batch = this.holding;
    if (batch === null) return;
    this.busy += now - this.heldFrom;
    this.holding = null;
    this.part++;
    if (this.workItem(batch, now)) {
      this.endItem(batch, now);
      this.goOn(batch, now);
    }
    this.run(now);
  }

  /** A message's wait has ended. */
  waitEnded(batch: number, now: Nanoseconds): void {
    this.waited.push(batch);
    this.run(now);
  }

  /**
   * Continues with whatever is ready until the thread is held or there is nothing: all messages that have waited by now, then as many
   * batches as there are slots, in turns.
   */
  private run(now: Nanoseconds): void {
    const { batches } = this.shop;
    while (this.holding === null && !this.shop.halted) {
      if (this.taking) {
        if (this.mayTake) this.begin(now);
        else this.taking = false;
      } else if (this.turned.length > 0) this.goOn(batches.of(this.turned.shift() as number), now);
      else if (this.takesNext) {
        this.takesNext = false;
        this.taking = true;
      } else if (this.round > 0) {
        const batch = batches.of(this.waited.shift() as number);
        this.takesNext = --this.round === 0;
        this.endItem(batch, now);
        this.goOn(batch, now);
      } else if (this.waited.length > 0) this.round = this.waited.length;
      else if (this.mayTake) this.taking = true;
      else return;
    }
  }

  private get mayTake(): boolean {
    return this.active < this.atOnce && this.frames.length > 0;
  }

  private begin(now: Nanoseconds): void {
    const { batches, turns } = this.shop;
    const batch = batches.begin(this.frames.shift() as number[], this.no);
    this.active++;
    if (turns !== null) for (const id of batch.items) turns.join(id);
    this.goOn(batch, now);
  }

  /** Works a batch until it holds the thread, or waits for a key or outside. */
  private goOn(batch: Batch, now: Nanoseconds): void {
    const { shop } = this;
    const { turns } = shop;
    while (batch.done < batch.items.length) {
      const id = batch.items[batch.done] as number;
      if (turns !== null && !turns.mayStart(id)) {
        turns.wait(id, batch.no);
        return;
      }
      if (shop.halted) return;
      this.began[batch.no] = now;
      this.part = COMPUTE;
      if (!this.workItem(batch, now)) return;
      this.endItem(batch, now);
    }
    this.active--;
    this.batchesDone++;
    shop.batchEnded?.(batch);
    shop.batches.end(batch);
  }

  /** Goes through the remaining parts of a message; false once one takes time. */
  private workItem(batch: Batch, now: Nanoseconds): boolean {
    const { machine, messages, cores, agenda, pieceEnd, waitEnd } = this.shop;
    const { shares, stretch } = machine;
    const demand = messages.demand[batch.items[batch.done] as number] as number;
    if (this.part === COMPUTE) {
      const compute = (demand * shares.cpu + (batch.done === 0 ? machine.perBatch : 0) + machine.perItem) * stretch;
      if (compute > 0) {
        this.hold(batch, compute, now);
        if (cores === null) agenda.push(now + compute, pieceEnd(this.no));
        else cores.begin(this.no, compute, now);
        return false;
      }
      this.part = HOLD;
    }
    const wait = demand * shares.wait;
    const span = this.part === WAIT ? 0 : demand * shares.hold * stretch;
    if (this.part === HOLD && span > 0) {
      this.hold(batch, span, now);
      agenda.push(now + span, pieceEnd(this.no));
      return false;
    }
    if (this.part === DONE || wait === 0) return true;
    if (this.atOnce === 1) {
      this.part = WAIT;
      this.hold(batch, wait, now);
      agenda.push(now + wait, pieceEnd(this.no));
    } else {
      this.shop.measures.busy += wait;
      agenda.push(now + wait, waitEnd(batch.no));
    }
    return false;
  }

  private hold(batch: Batch, span: Nanoseconds, now: Nanoseconds): void {
    this.holding = batch;
    this.heldFrom = now;
    this.shop.measures.busy += span;
  }

  private endItem(batch: Batch, now: Nanoseconds): void {
    const { messages, measures, turns } = this.shop;
    const id = batch.items[batch.done++] as number;
    const due = messages.due[id] as number;
    measures.done(due, now);
    this.itemsDone++;
    if (due >= this.shop.machine.warmup) {
      this.service += now - (this.began[batch.no] as number);
      this.served++;
    }
    const next = turns === null ? NONE : turns.end(id);
    if (next !== NONE) this.turned.push(next);
    messages.remove(id);
  }
}
