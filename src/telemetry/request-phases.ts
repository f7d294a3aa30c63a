import type { Nanoseconds } from "../kernel/clock.ts";
import { HISTOGRAM_BYTES, Histogram } from "../kernel/histogram.ts";
import { type KeptSummary, kept } from "./percentiles.ts";

/**
 * The parts of a request's way. `connect`: name resolved and connection made. `tls`: agreed with the server. `firstByte`: from all of the
 * request sent to the first byte of its answer. `body`: from there to the last. `attempt`: all of it, however it ended.
 */
export const PHASES = ["connect", "tls", "firstByte", "body", "attempt"] as const;
export type Phase = (typeof PHASES)[number];

/** How long each part took, of the requests that came to its end. */
export type PhaseFigures = Readonly<Record<Phase, KeptSummary>> & {
  /** Requests that went over a connection that was there already: they have no `connect` and no `tls`. */
  readonly reused: number;
};

const STEP = Math.ceil(HISTOGRAM_BYTES / 8) * 8;
const REUSED_BYTES = 8;

/** What one thread has seen of them, in shared memory. One thread writes. */
export class PhaseBook {
  private readonly reusedCell: Float64Array;
  private readonly histograms: Readonly<Record<Phase, Histogram>>;

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(REUSED_BYTES + PHASES.length * STEP);
  }

  constructor(memory: SharedArrayBuffer = PhaseBook.memory()) {
    this.reusedCell = new Float64Array(memory, 0, 1);
    const at = (phase: Phase) => new Histogram(memory, REUSED_BYTES + PHASES.indexOf(phase) * STEP);
    this.histograms = {
      connect: at("connect"),
      tls: at("tls"),
      firstByte: at("firstByte"),
      body: at("body"),
      attempt: at("attempt"),
    };
  }

  /** A phase that took from one instant to another; NaN: it did not come to that, and is not counted. */
  note(phase: Phase, from: Nanoseconds, to: Nanoseconds): void {
    const took = to - from;
    if (!Number.isNaN(took)) this.histograms[phase].record(took);
  }

  noteReused(): void {
    this.reusedCell[0] = (this.reusedCell[0] as number) + 1;
  }

  of(phase: Phase): Histogram {
    return this.histograms[phase];
  }

  get reused(): number {
    return this.reusedCell[0] ?? 0;
  }
}

/** A phase as all threads have seen it. */
export function phaseOf(books: readonly PhaseBook[], phase: Phase): Histogram {
  const merged = new Histogram();
  for (const book of books) merged.merge(book.of(phase));
  return merged;
}

export function phaseFigures(books: readonly PhaseBook[]): PhaseFigures {
  const summary = (phase: Phase) => kept(phaseOf(books, phase).summary());
  return {
    connect: summary("connect"),
    tls: summary("tls"),
    firstByte: summary("firstByte"),
    body: summary("body"),
    attempt: summary("attempt"),
    reused: books.reduce((total, { reused }) => total + reused, 0),
  };
}
