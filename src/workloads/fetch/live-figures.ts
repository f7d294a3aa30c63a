import type { Nanoseconds } from "../../kernel/clock.ts";
import { type Phase, PhaseRecorder } from "../../telemetry/request-phases.ts";
import type { ItemRecord } from "./item-figures.ts";
import { NamedHosts } from "./named-hosts.ts";
import { AttemptCounts, COUNT, type FetchReport, PublishedReport, type RequestCause } from "./report.ts";
import { RequestFigures } from "./request-figures.ts";
import type { FetchSpec } from "./spec.ts";

/** Figures of one thread's requests, most of them in shared memory, where the sampler reads them as they grow. */
export class LiveFigures extends RequestFigures {
  private readonly counts: Float64Array;
  private readonly flight: Int32Array;
  private readonly attempts: AttemptCounts;
  private readonly phases: PhaseRecorder;
  private readonly published: PublishedReport;

  constructor({ shared }: Pick<FetchSpec, "shared">, thread: number) {
    super();
    this.counts = new Float64Array(shared.counts[thread] ?? new SharedArrayBuffer(COUNT.size * 8));
    this.flight = new Int32Array(shared.flight);
    this.attempts = new AttemptCounts(new NamedHosts(shared.hosts));
    this.phases = new PhaseRecorder(shared.phases[thread]);
    this.published = new PublishedReport(shared.reports[thread] ?? PublishedReport.memory());
  }

  /** The figures of an item that begins: it is counted here, at once. */
  begin(_key: number): RequestFigures {
    return this;
  }

  /** What an item that has ended is to be committed with; undefined: nothing is kept apart. */
  take(_key: number): ItemRecord | undefined {
    return undefined;
  }

  /** Rates at which a worker's limiter was refused. */
  get rateTurns(): readonly number[] {
    return [];
  }

  add(what: number, by = 1): void {
    this.counts[what] = (this.counts[what] as number) + by;
  }

  set(what: number, value: number): void {
    this.counts[what] = value;
  }

  of(what: number): number {
    return this.counts[what] as number;
  }

  get report(): FetchReport {
    return this.attempts.report;
  }

  /** Publishes the report so far to other threads. */
  publish(): void {
    this.published.write(this.report);
  }

  noteAttempt(host: string, status: number, error: string | null, cause: RequestCause): void {
    this.attempts.note(host, status, error, cause);
  }

  notePhase(phase: Phase, from: Nanoseconds, to: Nanoseconds): void {
    this.phases.note(phase, from, to);
  }

  noteReused(): void {
    this.phases.noteReused();
  }

  /** Most requests in flight at once so far, over all threads. */
  protected get peak(): number {
    return Atomics.load(this.flight, 1);
  }

  /** Counts requests in flight over all threads, and their maximum. */
  fly(change: 1 | -1): void {
    const now = Atomics.add(this.flight, 0, change) + change;
    for (let peak = Atomics.load(this.flight, 1); now > peak; peak = Atomics.load(this.flight, 1)) {
      if (Atomics.compareExchange(this.flight, 1, peak, now) === peak) break;
    }
  }
}
