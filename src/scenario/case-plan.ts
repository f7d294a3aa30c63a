import type { Mode, Scenario } from "./schema.ts";

/** A case: one mode at one point of the sweep, with everything a runner needs, as plain data. */
export interface CasePlan {
  readonly mode: Mode;
  /** Swept fields and their values at this point. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly scenario: Scenario;
  /** Which of several repeats of the case it is, from 0; absent: it runs once. */
  readonly repeat?: number;
  /** Threads that process; in `distributed` the worker processes that are started with `redis: auto`. */
  readonly workers: number;
  /** Batches processed at once, per processing thread; of requests in `distributed` per worker. */
  readonly slots: readonly number[];
}
