import type { Nanoseconds } from "../../kernel/clock.ts";
import { PhaseRecorder } from "../../telemetry/request-phases.ts";
import { NamedHosts } from "./named-hosts.ts";
import { AttemptCounts, COUNT, type FetchReport, PublishedReport } from "./report.ts";
import type { Answer, RequestSlot } from "./request-slot.ts";
import type { RequestState } from "./request-state.ts";
import type { FetchSpec } from "./spec.ts";

/** Figures of one thread's requests, most of them in shared memory, where the sampler reads them as they grow. */
export class LiveFigures {
  private readonly counts: Float64Array;
  private readonly flight: Int32Array;
  private readonly attempts: AttemptCounts;
  private readonly phases: PhaseRecorder;
  private readonly published: PublishedReport;

  constructor({ shared }: Pick<FetchSpec, "shared">, thread: number) {
    this.counts = new Float64Array(shared.counts[thread] ?? new SharedArrayBuffer(COUNT.size * 8));
    this.flight = new Int32Array(shared.flight);
    this.attempts = new AttemptCounts(new NamedHosts(shared.hosts));
    this.phases = new PhaseRecorder(shared.phases[thread]);
    this.published = new PublishedReport(shared.reports[thread] ?? PublishedReport.memory());
  }

  /** Adds to a count; `what` is one of `COUNT`. */
  add(what: number, by = 1): void {
    this.counts[what] = (this.counts[what] as number) + by;
  }

  set(what: number, value: number): void {
    this.counts[what] = value;
  }

  of(what: number): number {
    return this.counts[what] as number;
  }

  /** Counts a request sent. */
  sent({ attempts, cause }: RequestState): void {
    if (attempts === 1 && cause === "first") this.add(COUNT.sent);
    if (cause === "retries") this.add(COUNT.retries);
    this.add(COUNT.attempts);
    this.add(COUNT.inFlight);
    this.fly(1);
  }

  /** Counts a request that has ended, whatever the outcome. */
  landed(): void {
    this.fly(-1);
    this.add(COUNT.inFlight, -1);
  }

  /** Takes back an attempt that no server has read. */
  unread(): void {
    this.add(COUNT.attempts, -1);
    this.add(COUNT.unread);
  }

  /** Counts an attempt by its response. `error`: the failure, including an expectation; null: none. */
  attempted({ host, cause }: RequestState, { status, bytes }: Answer, error: string | null): void {
    this.add(COUNT.bytes, bytes);
    this.add(error !== null ? COUNT.none : kindOf(status));
    this.attempts.note(host, status, error, cause);
  }

  /** Records the phases of an attempt. */
  timed({ instants, startedAt }: RequestSlot<RequestState>, ended: Nanoseconds): void {
    const { phases } = this;
    phases.note("attempt", startedAt, ended);
    if (instants === null) return;
    if (instants.reused) phases.noteReused();
    else {
      phases.note("connect", instants.begun, instants.connected);
      phases.note("tls", instants.connected, instants.agreed);
    }
    phases.note("firstByte", instants.sent, instants.first);
    phases.note("body", instants.first, instants.whole);
  }

  get report(): FetchReport {
    return this.attempts.report;
  }

  /** Publishes the report so far to other threads. */
  publish(): void {
    this.published.write(this.report);
  }

  /** Counts requests in flight over all threads, and their maximum. */
  private fly(change: 1 | -1): void {
    const now = Atomics.add(this.flight, 0, change) + change;
    for (let peak = Atomics.load(this.flight, 1); now > peak; peak = Atomics.load(this.flight, 1)) {
      if (Atomics.compareExchange(this.flight, 1, peak, now) === peak) break;
    }
  }
}

function kindOf(status: number): number {
  if (status === 429) return COUNT.tooMany;
  if (status >= 500) return COUNT.serverError;
  if (status >= 400) return COUNT.clientError;
  return status >= 200 && status < 300 ? COUNT.success : COUNT.other;
}
