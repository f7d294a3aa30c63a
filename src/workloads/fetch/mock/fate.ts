import { hashOf } from "../../../kernel/hash.ts";
import type { MockSettings } from "../../../scenario/schema.ts";

export type Kind = "answer" | "error" | "stall" | "reset" | "truncate" | "slow";

/** What is to become of one request. */
export interface Fate {
  readonly kind: Kind;
  /** How long the server takes before it does it, in milliseconds. */
  readonly delayMs: number;
}

/**
 * A request's fate: a pure function of seed and request, so that it is the same in every mode and whatever came before.
 * `request`: the address, and what tells one attempt from another.
 */
export function fateOf(settings: MockSettings, seed: number, request: string): Fate {
  const { latency, resetRate, stallRate, truncateRate, slowRate, errorRate } = settings;
  const draw = unitOf(seed, request, "fate");
  const delayMs = (latency.min + (latency.max - latency.min) * unitOf(seed, request, "latency")) / 1000;
  let reached = 0;
  const befalls = (share: number) => {
    reached += share;
    return draw < reached;
  };
  const kind: Kind = befalls(resetRate)
    ? "reset"
    : befalls(stallRate)
      ? "stall"
      : befalls(truncateRate)
        ? "truncate"
        : befalls(slowRate)
          ? "slow"
          : befalls(errorRate)
            ? "error"
            : "answer";
  return { kind, delayMs };
}

/** In [0, 1). */
function unitOf(seed: number, request: string, what: string): number {
  return hashOf(`${what}/${seed}/${request}`) / 2 ** 32;
}

/**
 * A server's limit of requests per second: each has a place in a line that moves at the rate, and may come ahead of it by a
 * little, but not more (generic cell rate algorithm, ITU-T I.371; nginx's limit_req without a burst).
 */
export class RateGate {
  private nextAt = 0;
  private readonly gap: number;
  private readonly tolerance: number;

  constructor(perSecond: number) {
    this.gap = 1000 / perSecond;
    this.tolerance = Math.max(1, 0.3 * this.gap);
  }

  /** True when a request at this instant (milliseconds) is within the limit. */
  admits(now: number): boolean {
    if (now < this.nextAt - this.tolerance) return false;
    this.nextAt = Math.max(now, this.nextAt) + this.gap;
    return true;
  }
}
