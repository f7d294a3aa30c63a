import type { Nanoseconds } from "../kernel/clock.ts";
import { hashOf } from "../kernel/hash.ts";
import { SharedCells } from "./cells.ts";

export interface BreakerRule {
  /** Consecutive failures that open it. */
  readonly failureThreshold: number;
  /** How long it stays open before one trial call. */
  readonly openFor: Nanoseconds;
}

export const CLOSED = 0;
export const OPEN = 1;
export const HALF_OPEN = 2;
export type BreakerState = typeof CLOSED | typeof OPEN | typeof HALF_OPEN;
export const BREAKER_STATES = ["closed", "open", "half-open"] as const;

/** Verdict on a call: pass; pass as the trial whose outcome decides; refuse. */
export type CircuitVerdict = "call" | "probe" | "refused";

/** Indices of one breaker's numbers. */
const STATE = 0;
const FAILURES = 1;
/** Open: when a trial call may pass. Half-open: when another may, should the trial never end. */
const UNTIL = 2;
const NAME = 3;
/** When it last opened or let a trial pass: calls begun earlier do not count for the present state. 0: never. */
const SINCE = 4;
const FIELDS = 5;

/** Hosts with a breaker of their own, by default; further ones go unguarded. */
const HOSTS = 1024;

/**
 * Circuit breakers (M. Nygard, Release It!, 2007), one per host, shared by all threads that are given the same memory: closed → open after
 * a number of consecutive failures → half-open after a while, when a single trial call passes → closed or open again. Only calls that began
 * in the present state count.
 */
export class CircuitBreakers {
  private readonly cells: SharedCells;
  private readonly places = new Map<string, number>();
  private readonly hosts: number;
  /** How often any breaker opened. */
  opened = 0;

  constructor(
    private readonly rule: BreakerRule,
    memory: SharedArrayBuffer = CircuitBreakers.memory(),
  ) {
    this.cells = new SharedCells(memory);
    this.hosts = this.cells.values.length / FIELDS;
  }

  static memory(hosts = HOSTS): SharedArrayBuffer {
    return SharedCells.of(hosts * FIELDS).memory;
  }

  /** True when a call would be refused now; changes nothing. */
  refuses(host: string, now: Nanoseconds): boolean {
    const at = this.placeOf(host);
    const { values } = this.cells;
    return at >= 0 && values[at + STATE] !== CLOSED && now < (values[at + UNTIL] as number);
  }

  admit(host: string, now: Nanoseconds): CircuitVerdict {
    const at = this.placeOf(host);
    const { values } = this.cells;
    if (at < 0 || values[at + STATE] === CLOSED) return "call";
    this.cells.lock();
    const waiting = now < (values[at + UNTIL] as number);
    const admission: CircuitVerdict = values[at + STATE] === CLOSED ? "call" : waiting ? "refused" : "probe";
    if (admission === "probe") {
      values[at + STATE] = HALF_OPEN;
      values[at + UNTIL] = now + this.rule.openFor;
      values[at + SINCE] = now;
    }
    this.cells.unlock();
    return admission;
  }

  /** Records the success of a call that began at `started`. Only the trial call closes a breaker. */
  succeeded(host: string, admission: CircuitVerdict, started: Nanoseconds = Number.POSITIVE_INFINITY): void {
    const at = this.placeOf(host);
    const { values } = this.cells;
    if (at < 0 || (values[at + STATE] === CLOSED && values[at + FAILURES] === 0)) return;
    this.cells.lock();
    const counts = values[at + STATE] === CLOSED || admission === "probe";
    if (counts && !this.isLate(at, admission, started)) {
      values[at + STATE] = CLOSED;
      values[at + FAILURES] = 0;
    }
    this.cells.unlock();
  }

  /** Records the failure of a call that began at `started`. */
  failed(host: string, admission: CircuitVerdict, now: Nanoseconds, started: Nanoseconds = Number.POSITIVE_INFINITY): void {
    const at = this.placeOf(host);
    if (at < 0) return;
    this.cells.lock();
    if (!this.isLate(at, admission, started)) this.noteFailure(at, admission, now);
    this.cells.unlock();
  }

  private noteFailure(at: number, admission: CircuitVerdict, now: Nanoseconds): void {
    const { values } = this.cells;
    const state = values[at + STATE];
    if (state === CLOSED) values[at + FAILURES] = (values[at + FAILURES] as number) + 1;
    const worn = state === CLOSED && (values[at + FAILURES] as number) >= this.rule.failureThreshold;
    if (!worn && !(state === HALF_OPEN && admission === "probe")) return;
    values[at + STATE] = OPEN;
    values[at + UNTIL] = now + this.rule.openFor;
    values[at + SINCE] = now;
    this.opened++;
  }

  /** True for a call that began before the breaker entered its present state; while open or half-open, only the trial begins. */
  private isLate(at: number, admission: CircuitVerdict, started: Nanoseconds): boolean {
    const since = this.cells.values[at + SINCE] as number;
    return since > 0 && (admission === "probe" ? started < since : started <= since);
  }

  /** Records an end that says nothing about the host's health. After a trial the next call may try. */
  ignored(host: string, admission: CircuitVerdict, now: Nanoseconds, started: Nanoseconds = Number.POSITIVE_INFINITY): void {
    const at = this.placeOf(host);
    if (at < 0 || admission !== "probe") return;
    this.cells.lock();
    if (this.cells.values[at + STATE] === HALF_OPEN && !this.isLate(at, admission, started)) this.cells.values[at + UNTIL] = now;
    this.cells.unlock();
  }

  stateOf(host: string): BreakerState {
    const at = this.placeOf(host);
    return at < 0 ? CLOSED : (this.cells.values[at + STATE] as BreakerState);
  }

  /** The state furthest from closed, over all hosts. */
  get worst(): BreakerState {
    let worst: BreakerState = CLOSED;
    const { values } = this.cells;
    for (let at = 0; at < values.length; at += FIELDS) {
      if (values[at + STATE] === OPEN) return OPEN;
      if (values[at + STATE] === HALF_OPEN) worst = HALF_OPEN;
    }
    return worst;
  }

  /** Index of a host's numbers; −1 when there is no room for more hosts. */
  private placeOf(host: string): number {
    const known = this.places.get(host);
    if (known !== undefined) return known;
    if (this.places.size >= this.hosts) return -1;
    const place = this.claim(host);
    this.places.set(host, place);
    return place;
  }

  /** Finds or claims a host's entry; every thread finds it by the same two hashes of its name. */
  private claim(host: string): number {
    const name = hashOf(host) * 2 ** 20 + (hashOf(`${host}/`) & 0xfffff) + 1;
    const { values } = this.cells;
    this.cells.lock();
    try {
      for (let tried = 0; tried < this.hosts; tried++) {
        const at = ((hashOf(host) + tried) % this.hosts) * FIELDS;
        if (values[at + NAME] !== 0 && values[at + NAME] !== name) continue;
        values[at + NAME] = name;
        return at;
      }
      return -1;
    } finally {
      this.cells.unlock();
    }
  }
}
