import type { Facts } from "./facts.ts";

/** Everything that can limit a case. */
export type Limit =
  | "arrivals"
  | "clients"
  | "queries"
  | "source"
  | "thread"
  | "workers"
  | "cores"
  | "processors"
  | "keys"
  | "programs"
  | "queue"
  | "batch"
  | "handlers"
  | "redis"
  | "runner"
  | "partitions"
  | "round trips"
  | "lab"
  | "none";

export interface Finding {
  readonly limit: Limit;
  readonly text: string;
}

/** Searches for one cause; null: it does not apply. */
export type Look = (facts: Facts) => Finding | null;
