import type { Leased, Terms } from "../store.ts";

/**
 * Where a message stands in its group; numbers, because each is counted three times in its life.
 *
 *     READY    may be leased                         lease ▶ LEASED
 *     DELAYED  not before its time                   due ▶ READY
 *     LEASED   with a consumer, until its lease ends acknowledged, dead ▶ GONE; again ▶ DELAYED; released, lease over ▶ READY
 *     BEHIND   another of its key comes first        that one leaves ▶ READY or DELAYED
 *     GONE     settled, or dead
 *
 * What would become READY or DELAYED while another of its key is before it is BEHIND instead.
 */
export const READY = 0;
export const DELAYED = 1;
export const LEASED = 2;
export const BEHIND = 3;
export const GONE = 4;

/** A message as one group sees it. */
export class Entry implements Leased {
  state = GONE;
  attempt = 0;
  /** delayed: when it is due; leased: when the lease runs out. */
  at = 0;
  lease: LeaseGrant | null = null;

  constructor(
    readonly id: number,
    readonly value: unknown,
    private readonly terms: Terms,
    readonly sentAt: number,
  ) {}

  get key(): string | null {
    return this.terms.key;
  }
  get priority(): number {
    return this.terms.priority;
  }
  get idempotencyKey(): string | null {
    return this.terms.idempotencyKey;
  }
}

/** What one call has leased. */
export interface LeaseGrant {
  readonly token: number;
  /** When it runs out, in milliseconds since 1970. */
  readonly until: number;
  /** Empty once all are settled. */
  entries: Entry[];
  left: number;
}
