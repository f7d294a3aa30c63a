import type { Nanoseconds } from "./clock.ts";
import { Heap } from "./heap.ts";
import type { Time } from "./time.ts";

/** A clock that stands still until everything ready has run, then jumps to the next instant that something waits for. */
export class VirtualTime implements Time {
  idle: Nanoseconds = 0;
  onLate: ((late: Nanoseconds) => void) | null = null;
  private at: Nanoseconds = 0;
  private readonly sleepers = new Heap<() => void>();
  private turns: (() => void)[] = [];
  private turnsWaited = false;
  private readonly looks: (() => boolean)[] = [];

  now(): Nanoseconds {
    return this.at;
  }

  blockUntil(at: Nanoseconds): void {
    if (at > this.at) this.at = at;
  }

  rest(at: Nanoseconds, _early: () => boolean, about: Nanoseconds = Number.POSITIVE_INFINITY): void {
    const until = Math.min(at, about);
    this.idle += Math.max(0, until - this.at);
    this.blockUntil(until);
  }

  /** Stands in for computation that takes this long. */
  spend(span: Nanoseconds): void {
    this.at += span;
  }

  sleepUntil(at: Nanoseconds): Promise<void> {
    return new Promise((resolve) => this.sleepers.push(at, resolve));
  }

  sleepAbout(at: Nanoseconds): Promise<void> {
    return this.sleepUntil(at);
  }

  watch(look: () => boolean): void {
    this.looks.push(look);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => this.turns.push(resolve));
  }

  /** Runs until the promise settles. Throws when it waits for something that can no longer happen. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    work.then(settle, settle);
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve)); // all microtasks first
      if (settled) return work;
      if (!this.advance()) throw new Error("virtual time: everything waits and nothing is due");
    }
  }

  private advance(): boolean {
    // As on a real loop: a turn comes after what is due, and not later than in the next step.
    if (this.turns.length > 0 && this.sleepers.next <= this.at && !this.turnsWaited) {
      this.wakeDue();
      this.turnsWaited = true;
      return true;
    }
    if (this.turns.length > 0) {
      const turns = this.turns;
      this.turns = [];
      this.turnsWaited = false;
      for (const resolve of turns) resolve();
      return true;
    }
    if (this.lookAround()) return true;
    if (this.sleepers.size === 0) return false;
    const next = this.sleepers.next;
    if (next > this.at) {
      this.idle += next - this.at;
      this.at = next;
    }
    this.wakeDue();
    return true;
  }

  /** Calls the looks, the latest first: a thread woken by others looks after them. True when one woke something. */
  private lookAround(): boolean {
    for (let i = this.looks.length - 1; i >= 0; i--) if (this.looks[i]?.() === true) return true;
    return false;
  }

  /** Wakes all whose sleep is over, together. */
  private wakeDue(): void {
    while (this.sleepers.next <= this.at) {
      this.onLate?.(this.at - this.sleepers.next);
      this.sleepers.pop()?.();
    }
  }
}
