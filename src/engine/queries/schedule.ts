import type { Nanoseconds } from "../../kernel/clock.ts";
import { Random } from "../../kernel/random.ts";

/** Parameters of the query schedule; plain data, so that it crosses threads. */
export interface QueryPlan {
  /** Time between two queries, in nanoseconds. */
  readonly gap: Nanoseconds;
  /** No query falls due after this instant. */
  readonly until: Nanoseconds;
  /** Queries are spread evenly over machines 0 … keys − 1. */
  readonly keys: number;
  readonly seed: number;
  readonly warmup: Nanoseconds;
}

/** Due times of queries (query i at i · gap, whether or not the one before is answered) and their machines. */
export class QuerySchedule {
  private asked = 0;
  private ended = false;
  private readonly random: Random;

  constructor(private readonly plan: QueryPlan) {
    this.random = new Random(plan.seed, "queries");
  }

  /** When the next one falls due; Infinity when there is none. */
  get nextDue(): Nanoseconds {
    const due = this.asked * this.plan.gap;
    return this.ended || due > this.plan.until ? Number.POSITIVE_INFINITY : due;
  }

  /** Takes the next one; returns its machine's number. */
  take(): number {
    this.asked++;
    return this.random.below(this.plan.keys);
  }

  /** Stops the schedule. */
  stop(): void {
    this.ended = true;
  }
}
