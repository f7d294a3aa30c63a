import { checkCount, checkGiven, checkNames, checkOneOf, checkSpan, LONGEST_MS } from "../options.ts";

/** How many messages of a group handlers may begin: those of all processes that share the queue, each with this limit. */
export interface RateLimit {
  readonly max: number;
  /** Length of the period in which `max` may begin, in milliseconds. */
  readonly perMs: number;
  /** `group`: of the whole group. `key`: of each key; those without one count as one key. Default `group`. */
  readonly by?: "group" | "key";
}

/** Largest `max`: faster than this is no limit. */
const MOST_PER_SPAN = 1e9;
/** Keys that are remembered with the time for which a message was promised. */
const MOST_PROMISES = 10_000;

/** What messages that may begin are taken from: 0, or the wait until one may, in milliseconds. */
export interface Buckets {
  take(name: string, now: number): number;
  /** True while the answer is awaited: the wait is not one for a place. */
  isAsked?(name: string): boolean;
}

/** Lets messages of one group begin no faster than its limit. */
export class GroupLimit {
  readonly byKey: boolean;
  /** By key: when the next message that is put back may come. */
  private readonly promised = new Map<string, number>();
  private readonly spacingMs: number;

  constructor(
    { max, perMs, by = "group" }: RateLimit,
    private readonly buckets: Buckets,
  ) {
    this.byKey = by === "key";
    this.spacingMs = perMs / max;
  }

  static check(what: string, limit: RateLimit | undefined): void {
    if (limit === undefined) return;
    checkNames(limit, { max: true, perMs: true, by: true }, `${what}.`);
    checkGiven(`${what}.max`, limit.max);
    checkGiven(`${what}.perMs`, limit.perMs);
    checkCount(`${what}.max`, limit.max, 1, MOST_PER_SPAN);
    checkSpan(`${what}.perMs`, limit.perMs, LONGEST_MS);
    checkOneOf(`${what}.by`, limit.by, ["group", "key"]);
  }

  /** 0 when a message may begin, which counts then; else the wait until one may, in milliseconds. */
  take(key: string | null, now: number): number {
    return this.buckets.take(this.nameOf(key), now);
  }

  /** The delay of a message that is put back: one after another, so that they do not all come again at once. */
  delay(key: string | null, wait: number, now: number): number {
    const name = this.nameOf(key);
    if (this.buckets.isAsked?.(name) === true) return Math.ceil(wait);
    const at = Math.max(this.promised.get(name) ?? 0, now + wait);
    if (this.promised.size >= MOST_PROMISES) this.forget(now);
    this.promised.set(name, at + this.spacingMs);
    return Math.ceil(at - now);
  }

  private forget(now: number): void {
    for (const [name, at] of this.promised) if (at <= now) this.promised.delete(name);
  }

  private nameOf(key: string | null): string {
    if (!this.byKey) return "group";
    return key === null ? "none" : `key ${key}`;
  }
}
