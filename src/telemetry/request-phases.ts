import type { Nanoseconds } from "../kernel/clock.ts";
import { HISTOGRAM_BYTES, Histogram } from "../kernel/histogram.ts";
import { type KeptSummary, kept } from "./percentiles.ts";

/**
 * The phases of a request. `connect`: name resolution and connection. `tls`: handshake. `firstByte`: from the request sent in full to the
 * first byte of its response. `body`: from there to the last byte. `attempt`: all of it, whatever its outcome.
 */
export const PHASES = ["connect", "tls", "firstByte", "body", "attempt"] as const;
export type Phase = (typeof PHASES)[number];

/** Durations of each phase, of the requests that completed it. */
export type PhaseFigures = Readonly<Record<Phase, KeptSummary>> & {
  /** Requests on an existing connection, without `connect` and `tls`. */
  readonly reused: number;
};

const STEP = Math.ceil(HISTOGRAM_BYTES / 8) * 8;
const REUSED_BYTES = 8;

/** Phases measured by one thread, in shared memory. One thread writes. */
export class PhaseRecorder {
  private readonly reusedCell: Float64Array;
  private readonly histograms: Readonly<Record<Phase, Histogram>>;

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(REUSED_BYTES + PHASES.length * STEP);
  }

  constructor(memory: SharedArrayBuffer = PhaseRecorder.memory()) {
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

  /** Records a phase between two instants; NaN: not reached, and not counted. */
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

/** One phase merged over all threads. */
export function phaseOf(books: readonly PhaseRecorder[], phase: Phase): Histogram {
  const merged = new Histogram();
  for (const book of books) merged.merge(book.of(phase));
  return merged;
}

export function phaseFigures(books: readonly PhaseRecorder[]): PhaseFigures {
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
