import type { Nanoseconds } from "../../kernel/clock.ts";

/** Numbered events in order of time, first in first out within one instant. */
export class Agenda {
  size = 0;
  /** When the next event occurs; Infinity: there is none. */
  next: Nanoseconds = Number.POSITIVE_INFINITY;
  private at = new Float64Array(64);
  private order = new Float64Array(64);
  private events = new Int32Array(64);
  private pushed = 0;

  push(at: Nanoseconds, event: number): void {
    if (this.size === this.at.length) this.grow();
    const order = this.pushed++;
    let i = this.size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((this.at[parent] as number) <= at) break;
      this.move(parent, i);
      i = parent;
    }
    this.place(i, at, order, event);
    this.next = this.at[0] as number;
  }

  /** Removes and returns the next event; there must be one. */
  pop(): number {
    const top = this.events[0] as number;
    const last = --this.size;
    if (last === 0) {
      this.next = Number.POSITIVE_INFINITY;
      return top;
    }
    const at = this.at[last] as number;
    const order = this.order[last] as number;
    let i = 0;
    for (let child = 1; child < last; child = 2 * i + 1) {
      if (child + 1 < last && this.before(child + 1, this.at[child] as number, this.order[child] as number)) child++;
      if (!this.before(child, at, order)) break;
      this.move(child, i);
      i = child;
    }
    this.place(i, at, order, this.events[last] as number);
    this.next = this.at[0] as number;
    return top;
  }

  private before(i: number, at: number, order: number): boolean {
    const own = this.at[i] as number;
    return own < at || (own === at && (this.order[i] as number) < order);
  }

  private move(from: number, to: number): void {
    this.place(to, this.at[from] as number, this.order[from] as number, this.events[from] as number);
  }

  private place(i: number, at: number, order: number, event: number): void {
    this.at[i] = at;
    this.order[i] = order;
    this.events[i] = event;
  }

  private grow(): void {
    const { at, order, events } = this;
    this.at = new Float64Array(this.size * 2);
    this.at.set(at);
    this.order = new Float64Array(this.size * 2);
    this.order.set(order);
    this.events = new Int32Array(this.size * 2);
    this.events.set(events);
  }
}
