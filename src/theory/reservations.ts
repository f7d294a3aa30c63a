import { Heap } from "../kernel/heap.ts";

/**
 * When a thread that several processors share is held: each piece of work gets the first gap that is long enough once it is ready, so
 * that one which is ready late does not keep an earlier one waiting.
 */
export class Calendar {
  /** In order of time, none overlapping. */
  private readonly held: { readonly from: number; readonly to: number }[] = [];
  /** Where the gap lies that was found last. */
  private place = 0;

  /** Nothing will be ready before this instant any more. */
  forget(before: number): void {
    let past = 0;
    while (past < this.held.length && (this.held[past] as { to: number }).to <= before) past++;
    if (past > 0) this.held.splice(0, past);
  }

  /** When a piece of this length could begin that is ready at an instant. */
  gap(ready: number, length: number): number {
    let from = ready;
    this.place = 0;
    for (; this.place < this.held.length; this.place++) {
      const taken = this.held[this.place] as { from: number; to: number };
      if (taken.from >= from + length) break;
      from = Math.max(from, taken.to);
    }
    return from;
  }

  /** The same, and it is held from then on. */
  reserve(ready: number, length: number): number {
    const from = this.gap(ready, length);
    this.hold(from, length);
    return from;
  }

  /** Held from the beginning of the gap that was found last. */
  hold(from: number, length: number): void {
    this.held.splice(this.place, 0, { from, to: from + length });
  }
}

/** Cores that more threads compute on than there are: each piece gets the first that has a gap for it. */
export class Cores {
  private readonly calendars: readonly Calendar[];

  constructor(count: number) {
    this.calendars = Array.from({ length: count }, () => new Calendar());
  }

  forget(before: number): void {
    for (const calendar of this.calendars) calendar.forget(before);
  }

  reserve(ready: number, length: number): number {
    let earliest = this.calendars[0] as Calendar;
    let from = Number.POSITIVE_INFINITY;
    for (const calendar of this.calendars) {
      const gap = calendar.gap(ready, length);
      if (gap >= from) continue;
      [earliest, from] = [calendar, gap];
      if (gap === ready) break;
    }
    earliest.hold(from, length);
    return from;
  }
}

/** When the first of several processors is free: one number, or a heap. */
export class Slots {
  private one = 0;
  private readonly heap: Heap<null> | null;

  constructor(count: number) {
    this.heap = count > 1 ? new Heap<null>() : null;
    for (let i = 0; i < count && this.heap !== null; i++) this.heap.push(0, null);
  }

  get first(): number {
    return this.heap === null ? this.one : this.heap.next;
  }

  /** The first is busy until then. */
  take(until: number): void {
    if (this.heap === null) {
      this.one = until;
      return;
    }
    this.heap.pop();
    this.heap.push(until, null);
  }
}
