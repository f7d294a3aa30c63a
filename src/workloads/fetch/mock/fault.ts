import { hashOf } from "../../../kernel/hash.ts";
import type { MockSettings } from "../../../scenario/schema.ts";

export type FaultKind = "answer" | "error" | "stall" | "reset" | "truncate" | "slow";

/** The planned treatment of one request. */
export interface Fault {
  readonly kind: FaultKind;
  /** Delay before it, in milliseconds. */
  readonly delayMs: number;
}

/**
 * Chooses a request's treatment: a pure function of seed and request, so that it is the same in every mode, whatever came before.
 * `request`: the address, and what distinguishes its attempts.
 */
export function faultFor(settings: MockSettings, seed: number, request: string): Fault {
  const { latency, resetRate, stallRate, truncateRate, slowRate, errorRate } = settings;
  const draw = unitOf(seed, request, "fate");
  const delayMs = (latency.min + (latency.max - latency.min) * unitOf(seed, request, "latency")) / 1000;
  let reached = 0;
  const befalls = (share: number) => {
    reached += share;
    return draw < reached;
  };
  const kind: FaultKind = befalls(resetRate)
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

/** A number in [0, 1). */
function unitOf(seed: number, request: string, what: string): number {
  return hashOf(`${what}/${seed}/${request}`) / 2 ** 32;
}
