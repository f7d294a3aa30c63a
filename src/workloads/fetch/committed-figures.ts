import type { Nanoseconds } from "../../kernel/clock.ts";
import { type BreakerState, CLOSED, HALF_OPEN, OPEN } from "../../resilience/circuit-breaker.ts";
import { PHASES, type Phase } from "../../telemetry/request-phases.ts";
import type { CommittedBook, CommittedItem } from "../stage.ts";
import { type ItemRecord, readItemRecord, type WorkerLevels } from "./item-figures.ts";
import type { LiveFigures } from "./live-figures.ts";
import type { Records } from "./records.ts";
import { CAUSES, COUNT, type FetchReport, type RequestCause } from "./report.ts";

/**
 * Figures of requests that workers on other hosts have sent, from what they committed with each item: an item that another worker has to
 * fetch again counts once. Levels are those at each worker's last commit.
 */
export class CommittedFigures implements CommittedBook {
  /** Items whose figures could not be read. */
  unread = 0;
  /** Attempts that are not in the log, though there is one. */
  unlogged = 0;
  private readonly levels = new Map<string, WorkerLevels>();

  constructor(
    /** Where they add up, as those of one thread. */
    private readonly live: LiveFigures,
    /** Int32: requests in flight, and their maximum. */
    private readonly flight: Int32Array,
    private readonly records: Records,
  ) {}

  add({ item, host, reason, took, ago, figures }: CommittedItem): void {
    const record = readItemRecord(figures);
    if (record === null) {
      this.unread++;
      this.live.add(reason === null ? COUNT.ok : COUNT.failed);
      return;
    }
    this.count(record);
    this.show(host, record.levels);
    const { outcome, error, status, attempts } = record;
    this.log(record, item.key, ago);
    const request = { url: item.payload as string, index: item.key, status, attempts };
    if (outcome === "failed" && this.records.gaveUp(request, error ?? "")) this.live.add(COUNT.deadLettered);
    this.records.ended(request, outcome, error, took);
  }

  private count({ counts, by, phases, reused }: ItemRecord): void {
    const { live } = this;
    for (const [what, more] of counts) live.add(what, more);
    for (const [host, status, error, cause] of by) live.noteAttempt(host, status, error, CAUSES[cause] as RequestCause);
    for (const [phase, span] of phases) live.notePhase(PHASES[phase] as Phase, 0, span);
    for (let i = 0; i < reused; i++) live.noteReused();
  }

  /** Writes the attempts of an item that had begun so long ago. */
  private log({ by, log = [] }: ItemRecord, index: number, ago: Nanoseconds): void {
    if (!this.records.logs) return;
    this.unlogged += by.length - log.length;
    const began = Date.now() - ago / 1e6;
    for (const [i, [attempts, address, bytes, took, endedAfter]] of log.entries()) {
      const [, status, error, cause] = by[i] as ItemRecord["by"][number];
      const request = { index, attempts, cause: CAUSES[cause] as RequestCause, at: address };
      const at = new Date(began + Math.min(Math.max(0, endedAfter), ago) / 1e6);
      this.records.attempted(request, { status, error, unmet: null, bytes }, took, at);
    }
  }

  /** Writes what waits to be written. */
  flush(): void {
    this.records.flush();
  }

  lost(host: string): void {
    const levels = this.levels.get(host);
    if (levels !== undefined) this.show(host, { ...levels, inFlight: 0, waiting: 0, limit: 0, breaker: CLOSED, rate: null });
  }

  private show(host: string, levels: WorkerLevels): void {
    this.levels.set(host, levels);
    this.live.set(COUNT.inFlight, this.total("inFlight"));
    this.live.set(COUNT.waiting, this.total("waiting"));
    this.live.set(COUNT.limit, this.total("limit"));
    Atomics.store(this.flight, 1, this.total("peak"));
  }

  private total(level: "inFlight" | "waiting" | "limit" | "peak"): number {
    let sum = 0;
    for (const levels of this.levels.values()) sum += levels[level];
    return sum;
  }

  /** The state furthest from closed of any circuit of any worker. */
  get breaker(): BreakerState {
    const states = Array.from(this.levels.values(), ({ breaker }) => breaker);
    return states.includes(OPEN) ? OPEN : states.includes(HALF_OPEN) ? HALF_OPEN : CLOSED;
  }

  /** Requests per second that the limiters of all workers allow; null: none has any, or none has committed yet. */
  get rate(): number | null {
    const rates = Array.from(this.levels.values()).flatMap(({ rate }) => rate ?? []);
    return rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0);
  }

  get report(): FetchReport {
    this.records.flush();
    return { ...this.live.report, problems: this.records.problems };
  }
}
