/** What theory expects: `throughput`, `sojournMean` and `sojournP99` by simulating the case's own tape. */
export interface Prediction {
  /** Servers ÷ mean service time, per second; null: no limit by the work itself. Never less than `throughput`: see `drawn`. */
  readonly capacity: number | null;
  readonly throughput: number | null;
  readonly sojournMean: number | null;
  readonly sojournP99: number | null;
  readonly utilization: number | null;
  readonly bottleneck: string;
  /** The formula that is of such a case; "simulation": none is; "capacity": nothing is known beyond that. */
  readonly model: string;
  /** What the formula gives; null: none applies, or a run of this length tells nothing of it; absent in older files. */
  readonly steadyState?: SteadyState | null;
  /** The part of the tape that was simulated; null: all of it; absent in older files. */
  readonly part?: { readonly arrivals: number; readonly of: number } | null;
  /** The mean of the work as it was drawn, in milliseconds, where more is done of that than by its mean, which `capacity` then is of; else null. */
  readonly drawn?: number | null;
}

/** A formula's sojourn time, once the line has settled. */
export interface SteadyState {
  readonly model: string;
  readonly sojournMean: number;
  /** null: there is no formula of it. */
  readonly sojournP99: number | null;
  /** Where the mean of nine runs in ten of this length lies. */
  readonly band: readonly [low: number, high: number];
}

/** Items per second; the causes sum to capacity − throughput, and one that gained is negative. */
export interface Shortfall {
  /** Threads ÷ the time that an item was to take. */
  readonly capacity: number;
  readonly throughput: number;
  readonly causes: {
    /** Work and reads that took longer than was asked. */
    readonly work: number;
    readonly reads: number;
    readonly queries: number;
    /** What the lab itself did on these threads. */
    readonly overhead: number;
    /** Nothing was there to be done. */
    readonly idle: number;
  };
}
