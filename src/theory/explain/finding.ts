import type { Facts } from "./facts.ts";

/** What can hold a case back. */
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
  | "queue"
  | "batch"
  | "handlers"
  | "lab"
  | "none";

export interface Finding {
  readonly limit: Limit;
  readonly text: string;
}

/** Looks for one cause; null: it is not that one. */
export type Look = (facts: Facts) => Finding | null;
