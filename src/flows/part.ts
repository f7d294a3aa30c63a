import type { OnFailure } from "./failures.ts";

/** How a part of a flow fares. */
export interface Health {
  readonly status: "up" | "degraded" | "down";
  /** Why, in a few words. */
  readonly detail?: string;
}

export interface StopOptions {
  /** Longest that what is under way may take to end, in milliseconds; what is left then is abandoned. Default 10 000. */
  readonly deadlineMs?: number;
}

export const STOP_MS = 10_000;

/** Figures of a part: numbers by name, and lists of the same for what it is made of. */
export interface PartStats {
  readonly [figure: string]: number | string | boolean | null | readonly PartStats[] | PartStats;
}

/** What an orchestrator can start, watch and stop. Every part is started at most once at a time and may start again after a stop. */
export interface Part {
  readonly name: string;
  /** Taken under the care of who will start it: it does nothing by itself until then. */
  adopt?(): void;
  start?(): void | Promise<void>;
  /** Takes nothing more, drains, and returns by the deadline whatever its handlers do. */
  stop(options?: StopOptions): Promise<void>;
  stats(): PartStats;
  health(): Health;
  /** Calls the listener with every failure inside. Returns a function that removes it. */
  onFailure?(listener: OnFailure): () => void;
  /** Calls the listener when the part as a whole can no longer work. Returns a function that removes it. */
  onDown?(listener: (error: unknown) => void): () => void;
}

/** A handler that takes longer than this, in milliseconds, makes its part `degraded`. */
const STUCK_MS = 30_000;

/** `degraded` when one of these (`name`, `oldestMs`) has been at one thing for too long. `what`: the thing, in a word. */
export function stuckHealth(members: readonly PartStats[], what: string): Health {
  for (const { name, oldestMs } of members) {
    if (typeof oldestMs === "number" && oldestMs > STUCK_MS)
      return { status: "degraded", detail: `${name} has been at one ${what} for ${Math.round(oldestMs / 1000)} s` };
  }
  return { status: "up" };
}

/** What became of what handlers were given. */
export interface HandlingStats extends PartStats {
  readonly handled: number;
  readonly failed: number;
  /** Thrown away by an overflow rule. */
  readonly dropped: number;
  /** Its subscription, or the part, ended first. */
  readonly abandoned: number;
  readonly waiting: number;
  readonly inFlight: number;
}
