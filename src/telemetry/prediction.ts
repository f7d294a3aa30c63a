/** Predicted figures: `throughput`, `sojournMean` and `sojournP99` from simulating the case's own tape. */
export interface Prediction {
  /** Servers ÷ mean service time, per second; null: the work itself sets no limit. Never less than `throughput`: see `drawn`. */
  readonly capacity: number | null;
  readonly throughput: number | null;
  readonly sojournMean: number | null;
  readonly sojournP99: number | null;
  readonly utilization: number | null;
  readonly bottleneck: string;
  /** The formula for such a case; "simulation": there is none; "capacity": nothing else is known. */
  readonly model: string;
  /** Results of the formula; null: none applies, or a run of this length is too short for it; absent from older files. */
  readonly steadyState?: SteadyState | null;
  /** The part of the tape that was simulated; null: all of it; absent from older files. */
  readonly part?: { readonly arrivals: number; readonly of: number } | null;
  /**
   * Mean of the drawn service times, in milliseconds, where they allow more than their nominal mean; `capacity` is then based on it. Else
   * null.
   */
  readonly drawn?: number | null;
}

/** Nothing is predicted. */
export const UNPREDICTED: Prediction = {
  capacity: null,
  throughput: null,
  sojournMean: null,
  sojournP99: null,
  utilization: null,
  bottleneck: "",
  model: "capacity",
};

/** Sojourn time by a formula, in the steady state. */
export interface SteadyState {
  readonly model: string;
  readonly sojournMean: number;
  /** null: there is no formula for it. */
  readonly sojournP99: number | null;
  /** Interval that contains the mean of nine in ten runs of this length. */
  readonly band: readonly [low: number, high: number];
}

/** Losses in items per second; the causes sum to capacity − throughput, and a gain is negative. */
export interface Shortfall {
  /** Threads ÷ nominal time per item. */
  readonly capacity: number;
  readonly throughput: number;
  readonly causes: {
    /** Work and reads took longer than nominal. */
    readonly work: number;
    readonly reads: number;
    readonly queries: number;
    /** Overhead of the lab itself on these threads. */
    readonly overhead: number;
    /** Nothing was available to do. */
    readonly idle: number;
  };
}
