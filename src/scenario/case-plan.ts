import type { Mode, Scenario } from "./schema.ts";

/** One mode at one sweep point: everything a runner needs, as plain data. */
export interface CasePlan {
  readonly mode: Mode;
  /** The swept fields and their values here. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly scenario: Scenario;
  readonly workers: number;
  /** Batches at work at once on each thread that processes. */
  readonly slots: readonly number[];
}
