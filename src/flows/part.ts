import type { OnFailure } from "./failures.ts";
import { checkNames } from "./options.ts";

/** Health of a part. */
export interface Health {
  readonly status: "up" | "degraded" | "down";
  /** The reason, in a few words. */
  readonly detail?: string;
}

/** Options of a stop. */
export interface StopOptions {
  /** Longest that running work may take to end, in milliseconds; the rest is abandoned. Default 10 000. */
  readonly deadlineMs?: number;
}

const STOP_MS = 10_000;

/** The deadline of a stop, in milliseconds, Infinity allowed. Throws a sentence for options that are none. */
export function deadlineOf(options: StopOptions): number {
  checkNames(options, { deadlineMs: true });
  const { deadlineMs = STOP_MS } = options;
  if (typeof deadlineMs === "number" && deadlineMs >= 0) return deadlineMs;
  throw new RangeError(`deadlineMs: must be a number of milliseconds, 0 or more, got ${String(deadlineMs)}`);
}

/** Figures of a part: numbers by name, and lists of such figures for its members. */
export interface PartStats {
  readonly [figure: string]: number | string | boolean | null | readonly PartStats[] | PartStats;
}

/** How long one member of a part takes over one thing. */
export interface Durations {
  /** Name of the list that the member is in, in the part's statistics: `stages`. */
  readonly list: string;
  /** Name of the member. */
  readonly name: string;
  /** In nanoseconds. */
  readonly times: DurationCounts;
}

/** Counts of durations, in nanoseconds. */
export interface DurationCounts {
  readonly count: number;
  readonly sum: number;
  /** How many are at most this long. */
  ranksAt(value: number): { readonly through: number };
}

/**
 * A component that an orchestrator can start, watch and stop. Every part is started at most once at a time and may be started again after a
 * stop.
 */
export interface Part {
  readonly name: string;
  /** Hands the part over to an orchestrator: until `start` it does nothing by itself. */
  adopt?(): void;
  start?(): void | Promise<void>;
  /** Accepts nothing more, drains, and returns by the deadline whatever its handlers do. */
  stop(options?: StopOptions): Promise<void>;
  stats(): PartStats;
  health(): Health;
  /** How long its members take over one thing each. */
  durations?(): readonly Durations[];
  /** Calls the listener with every failure inside. Returns a function that removes it. */
  onFailure?(listener: OnFailure): () => void;
  /** Calls the listener when the part as a whole can no longer work. Returns a function that removes it. */
  onDown?(listener: (error: unknown) => void): () => void;
}

/** A handler that takes longer than this, in milliseconds, makes its part `degraded`. */
const STUCK_MS = 30_000;

/** `degraded` when a member (`name`, `oldestMs`) has spent too long on one thing. `what`: the thing, in a word. */
export function stuckHealth(members: readonly PartStats[], what: string): Health {
  for (const { name, oldestMs } of members) {
    if (typeof oldestMs === "number" && oldestMs > STUCK_MS)
      return { status: "degraded", detail: `${name} has been at one ${what} for ${Math.round(oldestMs / 1000)} s` };
  }
  return { status: "up" };
}

/** Outcomes of everything that was given to handlers. */
export interface HandlingStats extends PartStats {
  readonly handled: number;
  readonly failed: number;
  /** Dropped by overflow. */
  readonly dropped: number;
  /** Its subscription, or the part, ended first. */
  readonly abandoned: number;
  readonly waiting: number;
  readonly inFlight: number;
}
