import { BatchMeans } from "../../kernel/batch-means.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import { Histogram } from "../../kernel/histogram.ts";
import { HistogramInterval } from "../../kernel/histogram-interval.ts";
import type { Offered } from "../../load/offered.ts";
import { droppedTotal, type Ledger } from "../../telemetry/ledger.ts";
import { MachineWatch } from "../../telemetry/machine-use.ts";
import type { Recorder } from "../../telemetry/recorder.ts";
import type { Snapshot } from "../../telemetry/sample.ts";
import type { Gauge, Sampler } from "../executor/executor.ts";
import { ResourceUsage, type UsageSource } from "./resource-usage.ts";
import { RunningFigures } from "./running-figures.ts";
import { Slope } from "./slope.ts";

/** Time between samples: about 600 over a load of this length, every 100 ms to 1 s. */
export function sampleInterval(load: Nanoseconds): Nanoseconds {
  return Math.min(1e9, Math.max(100e6, Math.round(load / 600 / 1e6) * 1e6));
}

/** Shortest interval of a sample, in nanoseconds: arrivals at the very instant of the previous one are in the series too. */
const SHORTEST: Nanoseconds = 1000;

export type OnSnapshot = (snapshot: Snapshot) => void;

/** Turns counters into samples and checks at each that the ledger balances. */
export class CaseSampler implements Sampler {
  nextAt: Nanoseconds;
  /** Lateness of each sample: how long a scheduled task waits for its turn on the source's thread. */
  readonly lateness = new Histogram();
  /** Largest step of the clock back between two samples. */
  steppedBack: Nanoseconds = 0;
  /** True once no more samples come. */
  finished = false;
  /** Sums over the samples. */
  readonly told = { offered: 0, processed: 0, dropped: 0, measured: 0 };
  /** Largest number of departures beyond the items ever taken. */
  countedTwice = 0;
  readonly growth = new Slope();
  /** Sojourn times in nanoseconds, in parts as long as the interval, while the load lasts. */
  readonly stretches = new BatchMeans();
  readonly usage: ResourceUsage;
  recorders: readonly Recorder[] = [];
  private gauge: Gauge = { waiting: () => 0, begun: () => 0, highWater: () => 0, blocked: () => 0 };
  private interval = new HistogramInterval([]);
  /** What was told up to the last sample; `levels`: what was known then. */
  private last = {
    ...{ t: 0, offered: 0, processed: 0, dropped: 0, blocked: 0 },
    waiting: 0,
    inFlight: 0,
    levels: { waiting: 0, inFlight: 0 },
  };
  private readonly running = new RunningFigures();
  private readonly coresUsed = (now: Nanoseconds): number => this.usage.coresSinceStart(now);

  constructor(
    private readonly offered: Offered,
    private readonly taken: () => number,
    private readonly warmup: Nanoseconds,
    private readonly every: Nanoseconds,
    private readonly onSnapshot: OnSnapshot,
    machine: UsageSource = new MachineWatch(),
  ) {
    this.nextAt = every;
    this.usage = new ResourceUsage(machine);
  }

  observe(recorders: readonly Recorder[], gauge: Gauge): void {
    this.recorders = recorders;
    this.gauge = gauge;
    this.interval = new HistogramInterval(recorders.map((recorder) => recorder.sojourn));
  }

  begin(): void {
    this.usage.begin();
  }

  sample(now: Nanoseconds, noticed = now): void {
    this.lateness.record(noticed - this.nextAt);
    this.nextAt += this.every * Math.max(1, Math.ceil((now - this.nextAt) / this.every));
    this.take(now);
    if (now > this.warmup && !this.offered.ended) {
      const done = this.recorders.map(({ sojourn }) => sojourn);
      this.stretches.add(summed(done, "count"), summed(done, "sum"));
    }
  }

  finish(now: Nanoseconds): void {
    this.finished = true;
    this.take(now);
  }

  /** Largest depth of the queue since the warm-up. */
  get highWater(): number {
    return this.gauge.highWater();
  }

  private take(instant: Nanoseconds): void {
    this.steppedBack = Math.max(this.steppedBack, this.last.t - instant);
    const now = Math.max(instant, this.last.t + SHORTEST);
    this.offered.advance(instant);
    const ledger = this.ledger();
    const dropped = droppedTotal(ledger);
    const span = now - this.last.t;
    const seconds = span / 1e9;
    const blocked = this.gauge.blocked();
    const waiting = this.gauge.waiting(now);
    const inFlight = this.gauge.begun(now) - this.recorders.reduce((sum, recorder) => sum + recorder.endedUntil(now), 0);
    // What is known late of the time before, as of another thread, is made up for by what is told from now on.
    const depth = Math.max(0, (waiting - this.last.waiting) / span);
    const atWork = Math.max(0, (inFlight - this.last.inFlight) / span);
    const { count, p50, p99 } = this.interval.next();
    this.usage.sample(now);
    if (this.last.t < this.warmup) this.usage.restart(now);
    const snapshot: Snapshot = {
      t: now / 1e6,
      offered: (this.offered.count - this.last.offered) / seconds,
      processed: (ledger.processed - this.last.processed) / seconds,
      dropped: (dropped - this.last.dropped) / seconds,
      depth,
      inFlight: atWork,
      blockedMs: (blocked - this.last.blocked) / 1e6,
      rssBytes: this.usage.rssBytes,
      p50: count === 0 ? null : p50 / 1e6,
      p99: count === 0 ? null : p99 / 1e6,
      cores: this.usage.use?.utilization ?? [],
      otherCores: this.usage.use?.otherCores ?? null,
      throttledMs: this.usage.throttledMs(),
      ledger,
      running: this.running.at(now, this.warmup, this.recorders, this.coresUsed),
    };
    this.told.measured += count;
    this.addUp(snapshot, (snapshot.t - this.last.t / 1e6) / 1000);
    this.last = {
      ...{ t: now, offered: this.offered.count, processed: ledger.processed, dropped, blocked },
      ...{ waiting: this.last.waiting + depth * span, inFlight: this.last.inFlight + atWork * span },
      levels: { waiting, inFlight },
    };
    if (now >= this.warmup && !this.offered.ended) this.growth.add((now - span / 2) / 1e9, depth);
    this.onSnapshot(snapshot);
  }

  /** Time integrals of waiting items and of items in flight, up to the last sample. */
  get levels(): { readonly waiting: number; readonly inFlight: number } {
    return this.last.levels;
  }

  private addUp({ offered, processed, dropped }: Snapshot, seconds: number): void {
    this.told.offered += offered * seconds;
    this.told.processed += processed * seconds;
    this.told.dropped += dropped * seconds;
  }

  /** The present ledger: items due and not otherwise accounted for are unfinished. */
  private ledger(): Ledger {
    const sum = { processed: 0, failed: 0, rejected: 0, newest: 0, oldest: 0 };
    for (const recorder of this.recorders) {
      const counts = recorder.counts();
      sum.processed += counts.processed;
      sum.failed += counts.failed;
      sum.rejected += counts.rejected;
      sum.newest += counts.droppedNewest;
      sum.oldest += counts.droppedOldest;
    }
    const gone = sum.processed + sum.failed + sum.rejected + sum.newest + sum.oldest;
    const ledger: Ledger = {
      scheduled: this.offered.count,
      processed: sum.processed,
      failed: sum.failed,
      rejected: sum.rejected,
      dropped: { newest: sum.newest, oldest: sum.oldest },
      unfinished: Math.max(0, this.offered.count - gone),
    };
    // During a run `unfinished` is the remainder; more departures than items taken means that an item was counted twice.
    this.countedTwice = Math.max(this.countedTwice, gone - this.taken());
    return ledger;
  }
}

function summed(histograms: readonly Histogram[], of: "count" | "sum"): number {
  return histograms.reduce((sum, histogram) => sum + histogram[of], 0);
}
