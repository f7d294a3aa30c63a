import type { Nanoseconds } from "../kernel/clock.ts";

/** Index of each figure in a recorder's tally. */
export const PROCESSED = 0;
export const MEASURED = 1;
export const FAILED = 2;
export const REJECTED = 3;
export const DROPPED_NEWEST = 4;
export const DROPPED_OLDEST = 5;
export const ABANDONED = 6;
export const DISORDER = 7;
export const BUSY_TIME = 8;
export const BATCHES = 9;
export const BATCHED = 10;
export const FIRST_DUE = 11;
export const LAST_DONE = 12;
export const ENDED = 13;
export const ENDED_INSTANTS = 14;
export const UNBEGUN = 15;
export const UNBEGUN_INSTANTS = 16;
export const STRAYED = 17;
export const MEASURED_BATCHES = 18;
export const EARLY = 19;
export const EARLY_INSTANTS = 20;
export const OTHERS = 21;
export const OTHERS_INSIDE = 22;
export const MEASURED_FAILED = 23;

/** Counts of a recorder. */
export interface Counts {
  /** Since t = 0. */
  readonly processed: number;
  readonly failed: number;
  readonly rejected: number;
  readonly droppedNewest: number;
  readonly droppedOldest: number;
  readonly abandoned: number;
  readonly orderViolations: number;
  /** Processing time, nanoseconds. */
  readonly busy: Nanoseconds;
  readonly batches: number;
  /** From here on only items due after warm-up. */
  readonly measuredBatches: number;
  readonly batched: number;
  readonly measured: number;
  /** Failed; in the histograms, as the processed ones are. */
  readonly measuredFailed: number;
  readonly firstDue: Nanoseconds;
  readonly lastDone: Nanoseconds;
  /** Departures: the number of items that left, and the sum of the instants at which they did. */
  readonly left: number;
  readonly leftInstants: number;
  /** Departures that are in no histogram, and their total time inside. */
  readonly others: number;
  readonly othersInside: Nanoseconds;
  /** Measured as processed, then failed. */
  readonly strayed: number;
}

/** Reads a tally. */
export function countsOf(t: Float64Array): Counts {
  const at = (i: number) => t[i] ?? 0;
  return {
    processed: at(PROCESSED),
    failed: at(FAILED),
    rejected: at(REJECTED),
    droppedNewest: at(DROPPED_NEWEST),
    droppedOldest: at(DROPPED_OLDEST),
    abandoned: at(ABANDONED),
    orderViolations: at(DISORDER),
    busy: at(BUSY_TIME),
    batches: at(BATCHES),
    measuredBatches: at(MEASURED_BATCHES),
    batched: at(BATCHED),
    measured: at(MEASURED),
    measuredFailed: at(MEASURED_FAILED),
    firstDue: at(FIRST_DUE),
    lastDone: at(LAST_DONE),
    left: at(ENDED) + at(UNBEGUN) - at(EARLY),
    leftInstants: at(ENDED_INSTANTS) + at(UNBEGUN_INSTANTS) - at(EARLY_INSTANTS),
    others: at(OTHERS),
    othersInside: at(OTHERS_INSIDE),
    strayed: at(STRAYED),
  };
}

/** The counts of several recorders together. */
export function addedUp(all: readonly Counts[]): Counts {
  const sum = (pick: (counts: Counts) => number) => all.reduce((total, counts) => total + pick(counts), 0);
  const firstDue = Math.min(...all.map((counts) => counts.firstDue));
  return {
    processed: sum((c) => c.processed),
    failed: sum((c) => c.failed),
    rejected: sum((c) => c.rejected),
    droppedNewest: sum((c) => c.droppedNewest),
    droppedOldest: sum((c) => c.droppedOldest),
    abandoned: sum((c) => c.abandoned),
    orderViolations: sum((c) => c.orderViolations),
    busy: sum((c) => c.busy),
    batches: sum((c) => c.batches),
    measuredBatches: sum((c) => c.measuredBatches),
    batched: sum((c) => c.batched),
    measured: sum((c) => c.measured),
    measuredFailed: sum((c) => c.measuredFailed),
    firstDue: Number.isFinite(firstDue) ? firstDue : 0,
    lastDone: Math.max(...all.map((counts) => counts.lastDone)),
    left: sum((c) => c.left),
    leftInstants: sum((c) => c.leftInstants),
    others: sum((c) => c.others),
    othersInside: sum((c) => c.othersInside),
    strayed: sum((c) => c.strayed),
  };
}
