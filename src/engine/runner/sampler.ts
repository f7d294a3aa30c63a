import { readdirSync } from "node:fs";
import type { Nanoseconds } from "../../kernel/clock.ts";
import { Histogram, Interval } from "../../kernel/histogram.ts";
import type { Offered } from "../../load/offered.ts";
import type { Throttling } from "../../telemetry/cgroup.ts";
import type { Ledger } from "../../telemetry/ledger.ts";
import { type MachineReading, type MachineUse, MachineWatch, throttledBetween, usedBetween } from "../../telemetry/machine-use.ts";
import { rssBytes } from "../../telemetry/memory.ts";
import type { Recorder } from "../../telemetry/recorder.ts";
import type { CpuLimits } from "../../telemetry/result.ts";
import type { Running, Snapshot } from "../../telemetry/sample.ts";
import type { Gauge, Sampler } from "../executor/executor.ts";

/** Time between samples: about 600 of them over a load of this length, every 100 ms to 1 s. */
export function sampleInterval(load: Nanoseconds): Nanoseconds {
  return Math.min(1e9, Math.max(100e6, Math.round(load / 600 / 1e6) * 1e6));
}

/** Shortest time a sample is about, in nanoseconds: what came at the very instant of the one before is in the series too. */
const SHORTEST: Nanoseconds = 1000;

const OPEN_FILES_EVERY = 10;
/** As often as a picture of them is drawn. */
const RUNNING_EVERY = 250e6;

export type OnSnapshot = (snapshot: Snapshot) => void;

/** Turns counters into samples and checks at each that the ledger balances. */
export class CaseSampler implements Sampler {
  nextAt: Nanoseconds;
  /** How late each sample was taken: how long something scheduled waits for its turn on the source's thread. */
  readonly lateness = new Histogram();
  peakOpenFiles: number | null = null;
  /** By how much the clock went back between two samples, at most. */
  steppedBack: Nanoseconds = 0;
  /** All is over: no sample comes any more. */
  finished = false;
  /** What the samples add up to. */
  readonly told = { offered: 0, processed: 0, dropped: 0, measured: 0 };
  /** Most items seen to have gone beyond those ever taken. */
  countedTwice = 0;
  readonly growth = new Slope();
  recorders: readonly Recorder[] = [];
  private gauge: Gauge = { waiting: () => 0, begun: () => 0, highWater: () => 0, blocked: () => 0 };
  private interval = new Interval([]);
  peakRssBytes = rssBytes();
  /** The machine as last read, what it was used for until then, and when that is to be done again. */
  private machineAt: MachineReading;
  private use: MachineUse | null = null;
  /** Numbers of the cores that the lab may run on; null: all. */
  private readonly allowed: ReadonlySet<number> | null;
  private throttled: readonly Throttling[] | null = null;
  private rssBytes = 0;
  private lookedAt = 0;
  private last = { t: 0, offered: 0, processed: 0, dropped: 0, blocked: 0, waiting: 0, inFlight: 0 };
  private samples = 0;
  /** Figures of the whole run so far, and when they are to be worked out again: that costs more than a sample. */
  private runningNow: Running = { p50: 0, p95: 0, p99: 0, throughput: 0, cpu: 0 };
  private runningAt = 0;
  private readonly merged = new Histogram();
  /** Since the start, or the end of the warm-up. */
  private cpuAtStart = process.cpuUsage();
  private machineAtStart: MachineReading;
  private cpuFrom: Nanoseconds = 0;

  constructor(
    private readonly offered: Offered,
    private readonly taken: () => number,
    private readonly warmup: Nanoseconds,
    private readonly every: Nanoseconds,
    private readonly onSnapshot: OnSnapshot,
    private readonly machine: Pick<MachineWatch, "read" | "readThrottled" | "allowance"> = new MachineWatch(),
  ) {
    this.nextAt = every;
    const { limits } = machine.allowance;
    this.allowed = limits?.cores == null ? null : new Set(limits.cores);
    this.machineAt = machine.read();
    this.machineAtStart = this.machineAt;
  }

  observe(recorders: readonly Recorder[], gauge: Gauge): void {
    this.recorders = recorders;
    this.gauge = gauge;
    this.interval = new Interval(recorders.map((recorder) => recorder.sojourn));
  }

  begin(): void {
    this.cpuAtStart = process.cpuUsage();
    this.machineAt = this.machine.read();
    this.machineAtStart = this.machineAt;
    this.throttled = this.machineAt.throttled ?? null;
  }

  /** What the machine was used for from the start (or the end of warm-up) until now. */
  machineSinceStart(): MachineUse {
    return usedBetween(this.machineAtStart, this.machine.read(), this.allowed);
  }

  /** What keeps this process from some of the machine; null: nothing. */
  get limits(): CpuLimits | null {
    return this.machine.allowance.limits;
  }

  /** CPU time of this process from the start (or the end of warm-up) until now, in milliseconds. */
  cpuMsSinceStart(): number {
    const { user, system } = process.cpuUsage(this.cpuAtStart);
    return (user + system) / 1000;
  }

  sample(now: Nanoseconds, noticed = now): void {
    this.lateness.record(noticed - this.nextAt);
    this.nextAt += this.every * Math.max(1, Math.ceil((now - this.nextAt) / this.every));
    this.take(now);
  }

  finish(now: Nanoseconds): void {
    this.finished = true;
    this.take(now);
  }

  /** Deepest the queue has been since the warm-up. */
  get highWater(): number {
    return this.gauge.highWater();
  }

  private take(instant: Nanoseconds): void {
    this.steppedBack = Math.max(this.steppedBack, this.last.t - instant);
    const now = Math.max(instant, this.last.t + SHORTEST);
    this.offered.advance(instant);
    const ledger = this.ledger();
    const dropped = ledger.dropped.newest + ledger.dropped.oldest;
    const span = now - this.last.t;
    const seconds = span / 1e9;
    const blocked = this.gauge.blocked();
    const waiting = this.gauge.waiting(now);
    const inFlight = this.gauge.begun(now) - this.recorders.reduce((sum, recorder) => sum + recorder.endedUntil(now), 0);
    const depth = Math.max(0, (waiting - this.last.waiting) / span);
    const { count, p50, p99 } = this.interval.next();
    if (this.samples++ % OPEN_FILES_EVERY === 0) this.peakOpenFiles = Math.max(this.peakOpenFiles ?? 0, openFiles() ?? 0) || null;
    if (now >= this.lookedAt) this.look(now);
    if (this.last.t < this.warmup) {
      this.machineAtStart = this.machine.read();
      this.cpuAtStart = process.cpuUsage();
      this.cpuFrom = now;
    }
    if (now >= this.runningAt) this.refreshRunning(now);
    const snapshot: Snapshot = {
      t: now / 1e6,
      offered: (this.offered.count - this.last.offered) / seconds,
      processed: (ledger.processed - this.last.processed) / seconds,
      dropped: (dropped - this.last.dropped) / seconds,
      depth,
      inFlight: Math.max(0, (inFlight - this.last.inFlight) / span),
      blockedMs: (blocked - this.last.blocked) / 1e6,
      rssBytes: this.rssBytes,
      p50: count === 0 ? null : p50 / 1e6,
      p99: count === 0 ? null : p99 / 1e6,
      cores: this.use?.utilization ?? [],
      otherCores: this.use?.otherCores ?? null,
      throttledMs: this.throttledSince(),
      ledger,
      running: this.runningNow,
    };
    this.told.measured += count;
    this.addUp(snapshot, (snapshot.t - this.last.t / 1e6) / 1000);
    this.last = { t: now, offered: this.offered.count, processed: ledger.processed, dropped, blocked, waiting, inFlight };
    if (now >= this.warmup && !this.offered.ended) this.growth.add((now - span / 2) / 1e9, depth);
    this.onSnapshot(snapshot);
  }

  /** Time integrals of what waited and of what was in flight, to the last sample. */
  get levels(): { readonly waiting: number; readonly inFlight: number } {
    return this.last;
  }

  /** Time that quotas kept threads from cores since the last sample. */
  private throttledSince(): number | null {
    const before = this.throttled;
    this.throttled = this.machine.readThrottled();
    return throttledBetween(before, this.throttled)?.throttledMs ?? null;
  }

  private addUp({ offered, processed, dropped }: Snapshot, seconds: number): void {
    this.told.offered += offered * seconds;
    this.told.processed += processed * seconds;
    this.told.dropped += dropped * seconds;
  }

  /** Asks the system: that is the dearest part of a sample. */
  private look(now: Nanoseconds): void {
    this.lookedAt = now + RUNNING_EVERY;
    const reading = this.machine.read();
    this.use = usedBetween(this.machineAt, reading, this.allowed);
    this.machineAt = reading;
    this.rssBytes = rssBytes();
    this.peakRssBytes = Math.max(this.peakRssBytes, this.rssBytes);
  }

  /** The ledger now: what is due and not accounted for otherwise is unfinished. */
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
    // While a run goes on `unfinished` is what is left over; more gone than was ever taken is an item counted twice.
    this.countedTwice = Math.max(this.countedTwice, gone - this.taken());
    return ledger;
  }

  /** Of all threads together. */
  private sojourn(): Histogram {
    const [only] = this.recorders;
    if (this.recorders.length === 1 && only !== undefined) return only.sojourn;
    this.merged.clear();
    for (const recorder of this.recorders) this.merged.merge(recorder.sojourn);
    return this.merged;
  }

  private refreshRunning(now: Nanoseconds): void {
    this.runningAt = now + RUNNING_EVERY;
    const merged = this.sojourn();
    const cpu = process.cpuUsage(this.cpuAtStart);
    const measuredSeconds = Math.max(1, now - this.warmup) / 1e9;
    const measured = this.recorders.reduce((sum, recorder) => sum + recorder.counts().measured, 0);
    this.runningNow = {
      p50: merged.percentile(0.5) / 1e6,
      p95: merged.percentile(0.95) / 1e6,
      p99: merged.percentile(0.99) / 1e6,
      throughput: measured / measuredSeconds,
      cpu: ((cpu.user + cpu.system) * 1000) / Math.max(1, now - this.cpuFrom),
    };
  }
}

/** Slope of the least-squares line through points. */
export class Slope {
  private n = 0;
  private meanX = 0;
  private meanY = 0;
  private xx = 0;
  private xy = 0;

  add(x: number, y: number): void {
    this.n++;
    const dx = x - this.meanX;
    this.meanX += dx / this.n;
    this.meanY += (y - this.meanY) / this.n;
    this.xx += dx * (x - this.meanX);
    this.xy += dx * (y - this.meanY);
  }

  get value(): number {
    return this.xx > 0 ? this.xy / this.xx : 0;
  }
}

function openFiles(): number | null {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return null;
  }
}
