import { Deque } from "../../../kernel/deque.ts";
import { Heap } from "../../../kernel/heap.ts";
import { DELAYED, LEASED } from "../state.ts";
import type { Entry, LeaseGrant } from "./entry.ts";

/** Actions on messages whose time has come. */
export interface OnDue {
  /** The delay is over. */
  delayed(entry: Entry): void;
  /** The lease has run out. */
  ranOut(entry: Entry): void;
}

/** The times at which messages expire: ends of leases, which mostly come in order, and ends of delays. */
export class Expirations {
  /** Delayed entries by time, and leased ones out of order; entries changed since are skipped. */
  private readonly timed = new Heap<Entry>();
  /** In the order of their ends. */
  private readonly grants = new Deque<LeaseGrant>(16);
  private lastUntil = 0;

  /** Records the messages of one lease call. */
  grant(grant: LeaseGrant): void {
    grant.left = grant.entries.length;
    if (grant.until < this.lastUntil) for (const entry of grant.entries) this.timed.push(grant.until, entry);
    else if (grant.left > 0) {
      this.grants.push(grant);
      this.lastUntil = grant.until;
    }
  }

  /** Records that a message is delayed until `at`. */
  delay(entry: Entry, at: number): void {
    this.timed.push(at, entry);
  }

  /** Ends the lease of a message. */
  end(entry: Entry): void {
    const { lease } = entry;
    entry.lease = null;
    if (lease !== null && --lease.left === 0) lease.entries = [];
  }

  /** Calls `on` with everything that is due. */
  wake(now: number, on: OnDue): void {
    this.drop(now, on);
    while (this.timed.next <= now) {
      const due = this.timed.next;
      const entry = this.timed.pop();
      if (entry === undefined || (entry.state !== DELAYED && entry.state !== LEASED)) continue;
      if (entry.at > now) {
        if (entry.at > due) this.timed.push(entry.at, entry);
      } else if (entry.state === DELAYED) on.delayed(entry);
      else on.ranOut(entry);
    }
  }

  /** When something is due next, in milliseconds since 1970; null: nothing is. */
  nextAt(on: OnDue): number | null {
    this.drop(0, on);
    for (let first = this.timed.peek(); first !== undefined && first.state !== DELAYED && first.state !== LEASED; first = this.timed.peek())
      this.timed.pop();
    const next = Math.min(this.timed.next, this.grants.peek()?.until ?? Number.POSITIVE_INFINITY);
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  /** Drops grants that are settled or have run out. */
  private drop(now: number, on: OnDue): void {
    for (let grant = this.grants.peek(); grant !== undefined && (grant.left === 0 || grant.until <= now); grant = this.grants.peek()) {
      this.grants.shift();
      for (const entry of grant.entries) {
        if (entry.lease !== grant || entry.state !== LEASED) continue;
        // Extended meanwhile.
        if (entry.at > now) this.timed.push(entry.at, entry);
        else on.ranOut(entry);
      }
    }
  }
}
