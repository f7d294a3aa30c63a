import type { Nanoseconds } from "../../../kernel/clock.ts";
import type { HostFigures, HostSample, HostSilence, HostStatus } from "../../../telemetry/distributed-figures.ts";
import type { Offset } from "./clock-comparison.ts";
import { BEAT_MS, type Beat, type HostAnswer, type HostReport, type ListedWorker, LOST_MS, SILENT_MS } from "./protocol.ts";

/** One worker of a run, as the runner sees it. */
export class RunHost {
  answer: HostAnswer | null = null;
  report: HostReport | null = null;
  /** Items that it has committed. */
  processed = 0;
  /** It joined after t = 0, or came back after a silence. */
  late = false;
  /** It is silent. */
  silent = false;
  private before: Offset | null = null;
  private coresUsed: number | null = null;
  private cpuAtStart: number | null = null;
  /** Between these signs of life, in milliseconds of Redis's clock, others are missing. */
  private gaps: { readonly from: number; readonly to: number }[] = [];

  /** Redis's clock at the last look. */
  private lookedAt = 0;

  constructor(
    readonly id: string,
    private listed: ListedWorker,
  ) {}

  get beat(): Beat {
    return this.listed.beat;
  }

  /** It took part, or does. */
  get ready(): boolean {
    return this.answer?.type === "ready" || this.before !== null;
  }

  /** Takes in what it has to say of the run; a later word counts. */
  answered(answer: HostAnswer): void {
    this.answer = answer;
    if (answer.type === "ready") this.before ??= answer;
  }

  get status(): HostStatus {
    if (this.silent) return "lost";
    return this.late ? "late" : "ok";
  }

  /** Takes in its last sign of life. `now`: milliseconds of Redis's clock. */
  heard(listed: ListedWorker, now: number): void {
    const spanMs = listed.at - this.listed.at;
    // Between looks that are far apart one sign takes the place of another.
    const missing = now - this.lookedAt > BEAT_MS ? this.lookedAt - this.listed.at : spanMs;
    this.lookedAt = now;
    if (spanMs > 0 && missing > SILENT_MS) this.gaps.push({ from: this.listed.at, to: listed.at });
    if (spanMs > 0) this.coresUsed = Math.max(0, (listed.beat.cpuMs - this.listed.beat.cpuMs) / spanMs);
    this.listed = listed;
    const silent = now - listed.at > LOST_MS;
    if (this.silent && !silent) this.late = true;
    this.silent = silent;
  }

  /** CPU time from here on is the case's. */
  begin(): void {
    this.cpuAtStart = this.beat.cpuMs;
    this.processed = 0;
    this.gaps = [];
  }

  get sample(): HostSample {
    const { name, cores, slots } = this.beat;
    return { name, cores, slots, processed: this.processed, coresUsed: this.silent ? null : this.coresUsed, status: this.status };
  }

  /** Its figures at the end. */
  figures(own: OwnClock): HostFigures {
    const { name, cores, slots } = this.beat;
    const { report, before } = this;
    const first = before === null ? null : ms(own.before.offset - before.offset);
    const last = report === null || own.after === null ? null : ms(own.after.offset - report.offset);
    const errors = [before, report, own, report === null ? null : own.after].flatMap((one) => (one === null ? [] : [one.error]));
    return {
      name,
      cores,
      slots,
      processed: this.processed,
      clockOffsetMs: first,
      clockErrorMs: before === null ? null : ms(Math.max(...errors) * 2),
      clockDriftMs: first === null || last === null ? null : last - first,
      startSkewMs: report?.startSkew == null ? null : ms(report.startSkew),
      cpuMs: report === null || this.cpuAtStart === null ? null : Math.max(0, report.cpuMs - this.cpuAtStart),
      status: report === null ? "lost" : this.late ? "late" : "ok",
      silences: this.silences(own.startMs),
    };
  }

  /** The times since t = 0 without its signs of life. `startMs`: t = 0 by the clock of Redis. */
  private silences(startMs: number): HostSilence[] {
    const since = (at: number) => Math.max(0, at - startMs);
    const over = this.gaps.filter(({ to }) => to > startMs).map(({ from, to }) => ({ fromMs: since(from), toMs: since(to) }));
    return this.report === null ? [...over, { fromMs: since(this.listed.at), toMs: null }] : over;
  }
}

/** Redis's clock against the runner's, as compared from there: before the case, after it, and the largest error meanwhile. */
export interface OwnClock {
  readonly before: Offset;
  readonly after: Offset | null;
  readonly error: Nanoseconds;
  /** What it showed at t = 0, in milliseconds. */
  readonly startMs: number;
}

function ms(span: Nanoseconds): number {
  return span / 1e6;
}
