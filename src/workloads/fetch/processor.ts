import type { Nanoseconds } from "../../kernel/clock.ts";
import { divided } from "../../kernel/divide.ts";
import { hashOf } from "../../kernel/hash.ts";
import type { WordReader } from "../../kernel/words.ts";
import type { Item } from "../../queueing/item.ts";
import { AdaptiveLimit } from "../../resilience/adaptive-limit.ts";
import { backoffDelay, isIllStatus, LONGEST_RETRY_AFTER, retryAfterMs } from "../../resilience/backoff.ts";
import { type Admission, CircuitBreakers } from "../../resilience/circuit-breaker.ts";
import { RateLimiter } from "../../resilience/rate-limiter.ts";
import type { FetchSettings } from "../../scenario/schema.ts";
import type { Effort, Outcome, Processor, StateSlice, WorkloadReport } from "../workload.ts";
import { type Answer, Line, NOT_SAVED, OUT_OF_FILES } from "./attempt.ts";
import { Collector } from "./collector.ts";
import { LinePool } from "./line-pool.ts";
import { Pace } from "./pace.ts";
import { type FetchFiles, type Pursuit, Records } from "./records.ts";
import { AttemptBook, COUNT, PublishedReport } from "./report.ts";
import { Saver } from "./save.ts";
import { parentOf, tileOf, tileUrl } from "./tiles.ts";
import type { Fetch } from "./wire/fetch-wire.ts";
import { Wires } from "./wire/wires.ts";

/** What the threads of one case share; plain data, so that it crosses threads. */
export interface FetchSpec {
  readonly settings: FetchSettings;
  /** Where tiles are asked for; null: the list holds whole addresses. */
  readonly base: string | null;
  readonly allowedHosts: readonly string[];
  readonly seed: number;
  /** Begins every correlation id of the case. */
  readonly runId: string;
  /** Requests in flight of each thread at most. */
  readonly concurrency: readonly number[];
  readonly shared: FetchMemory;
  readonly files: FetchFiles;
}

export interface FetchMemory {
  readonly breakers: SharedArrayBuffer;
  readonly limiter: SharedArrayBuffer;
  /** Int32: requests in flight of all threads, and the most there were. */
  readonly flight: SharedArrayBuffer;
  /** One for each thread. */
  readonly counts: readonly SharedArrayBuffer[];
  readonly reports: readonly SharedArrayBuffer[];
}

/** How often it is looked whether a request has taken too long, as a share of the timeout, and within bounds. */
const LOOK_SHARE = 20;
const LOOK_LEAST: Nanoseconds = 1e6;
const LOOK_MOST: Nanoseconds = 20e6;

/** What is written for every item goes to its file at least this often. */
const FLUSH_EVERY: Nanoseconds = 1e9;
/** What a thread has to report is shown to others as often. */
const PUBLISH_EVERY: Nanoseconds = 250e6;

/** Requests, each with all its attempts: timeout, retry, breaker, rate, fallback. */
export class FetchProcessor implements Processor {
  readonly instant = false;
  readonly yields = true;
  readonly ordered = false;
  private readonly counts: Float64Array;
  private readonly flight: Int32Array;
  private readonly breakers: CircuitBreakers | null;
  private readonly limiter: RateLimiter | null;
  private readonly adaptive: AdaptiveLimit | null;
  private readonly book = new AttemptBook();
  private readonly published: PublishedReport;
  private readonly saver: Saver | null;
  private readonly records: Records;
  private readonly wires: Wires;
  private readonly lines: LinePool;
  private readonly pace: Pace | null;
  private readonly timeout: Nanoseconds;
  private readonly deadline: Nanoseconds;
  private readonly resumes: boolean;
  private readonly inWaves: boolean;
  private watching = false;
  /** Something has ended that has not been written down. */
  private untold = false;
  private readonly collector: Collector;
  private flushedAt: Nanoseconds = 0;
  private publishedAt: Nanoseconds = 0;
  private halted = false;
  private running = 0;
  /** Requests of the wave that is under way; it takes no more once it is full. */
  private inWave = 0;
  private waveFull = false;
  private readonly max: number;
  private lastUrl = "";
  private lastHost = "";

  constructor(
    private readonly spec: FetchSpec,
    private readonly effort: Effort,
    thread: number,
    /** Carries the requests; null: whatever suits each. */
    ask: Fetch | null = null,
  ) {
    const { settings, shared, allowedHosts } = spec;
    this.counts = new Float64Array(shared.counts[thread] ?? new SharedArrayBuffer(COUNT.size * 8));
    this.flight = new Int32Array(shared.flight);
    this.published = new PublishedReport(shared.reports[thread] ?? PublishedReport.memory());
    const { circuitBreaker: breaker, rateLimit, concurrency, connections } = settings;
    const threads = spec.concurrency.length;
    this.breakers = breaker === false ? null : new CircuitBreakers({ ...breaker, openFor: breaker.openFor * 1000 }, shared.breakers);
    this.limiter = rateLimit === false ? null : new RateLimiter(rateLimit, shared.limiter);
    this.max = spec.concurrency[thread] ?? 1;
    const targetLatency = (concurrency.targetLatency ?? Number.POSITIVE_INFINITY) * 1000;
    const min = Math.min(this.max, Math.max(1, Math.round(concurrency.min / threads)));
    this.adaptive =
      concurrency.adaptive === "aimd" ? new AdaptiveLimit({ min, max: this.max, decrease: concurrency.decrease, targetLatency }) : null;
    this.pace = this.limiter === null ? null : new Pace(this.limiter, effort);
    this.saver =
      settings.saveTo === undefined ? null : new Saver(settings.saveTo, thread, settings.target?.mock === undefined ? null : spec.base);
    this.collector = new Collector(threads);
    const most = Math.max(1, divided(connections.max, threads)[thread] ?? 0);
    this.wires = new Wires(
      { keepAlive: connections.keepAlive, most },
      () => this.add(COUNT.connections),
      () => this.add(COUNT.fetched),
      ask,
    );
    this.lines = new LinePool(most, () => new Line(this.wires.pair(), allowedHosts, this.saver));
    this.records = new Records(spec);
    // Asked for with every request: settings come in many shapes, and the compiler gives up on what reads them from all.
    this.timeout = settings.timeout * 1000;
    this.deadline = settings.deadline * 1000;
    this.resumes = settings.resume;
    this.inWaves = settings.concurrency.window === "waves";
    this.counts[COUNT.limit] = this.limitNow;
  }

  /** Requests that may be under way now. */
  get limit(): number {
    if (this.waveFull) return 0;
    return this.adaptive?.limit ?? Number.POSITIVE_INFINITY;
  }

  private get limitNow(): number {
    return Math.min(this.max, this.adaptive?.limit ?? this.max);
  }

  process(item: Item): Promise<Outcome> {
    const url = item.payload as string;
    const began = this.effort.now();
    const deadline = began + this.deadline;
    this.begin();
    return this.pursue({ url, host: this.hostOf(url), index: item.key, began, deadline, attempts: 0, status: 0 });
  }

  private begin(): void {
    this.running++;
    if (this.inWaves && ++this.inWave >= this.max) this.waveFull = true;
  }

  /** Asks again and again as the rules have it. */
  private async pursue(pursuit: Pursuit): Promise<Outcome> {
    if (this.resumes && this.saver?.has(pursuit.url) === true) {
      this.add(COUNT.resumed);
      return this.done(pursuit, "ok", null);
    }
    for (let now = pursuit.began; ; now = this.effort.now()) {
      if (this.breakers?.refuses(pursuit.host, now) === true) return this.refuse(pursuit);
      if (this.pace !== null && !(await this.pace.turn(pursuit.deadline))) return this.giveUp(pursuit, "deadline");
      const line = this.lines.take() ?? (await this.nextLine(pursuit));
      if (line === null) return this.giveUp(pursuit, "deadline");
      // Asked last: while this one waited for its turn, others may have found the host ill.
      const admission = this.breakers?.admit(pursuit.host, this.effort.now()) ?? "call";
      if (admission === "refused") {
        this.lines.give(line);
        return this.refuse(pursuit);
      }
      const started = this.launch(line, pursuit);
      if (pursuit.attempts > 1) this.add(COUNT.retries);
      const answer = await line.ask(pursuit.url, this.attemptId(pursuit));
      this.land(line, pursuit, pursuit.url, answer, admission, started);
      if (this.halted) return "stopped";
      if (answer.error === null && answer.status >= 200 && answer.status < 300) return this.done(pursuit, "ok", null);
      const wait = this.waitBeforeRetry(pursuit, answer);
      if (typeof wait === "string") return this.giveUp(pursuit, wait);
      const until = this.effort.now() + wait;
      // Its place is another's rather than kept until then for nothing.
      if (until > pursuit.deadline) return this.giveUp(pursuit, `${answer.error ?? answer.status}, its deadline before the next attempt`);
      this.add(COUNT.waiting);
      await this.effort.pause(wait);
      this.add(COUNT.waiting, -1);
      if (this.halted) return "stopped";
    }
  }

  private refuse(pursuit: Pursuit): Promise<Outcome> {
    this.add(COUNT.refused);
    return this.giveUp(pursuit, "circuit open");
  }

  /** The next line that is free; null when the run or the item's time was over first, so that nothing is sent. */
  private async nextLine({ deadline }: Pursuit): Promise<Line | null> {
    const line = await this.lines.next(deadline);
    if (line === null || (!this.halted && this.effort.now() < deadline)) return line;
    this.lines.give(line);
    return null;
  }

  /** A request goes out; the instant it does. */
  private launch(line: Line, pursuit: Pursuit): Nanoseconds {
    const started = this.effort.now();
    const byTimeout = started + this.timeout;
    line.endsAt = Math.min(byTimeout, pursuit.deadline);
    line.reason = byTimeout <= pursuit.deadline ? "timeout" : "deadline";
    pursuit.attempts++;
    this.add(COUNT.attempts);
    this.add(COUNT.inFlight);
    this.fly(1);
    if (!this.watching) void this.watch();
    return started;
  }

  /** What follows from a request's end. */
  private land(line: Line, pursuit: Pursuit, url: string, answer: Answer, admission: Admission, started: Nanoseconds): void {
    this.fly(-1);
    this.add(COUNT.inFlight, -1);
    this.lines.give(line);
    const ended = this.effort.now();
    pursuit.status = answer.status;
    if (this.halted) return;
    this.learn(pursuit.host, answer, admission, started, ended);
    this.records.attempted(pursuit, url, answer, ended - started);
  }

  /** Tells breaker, rate and limit what came of an attempt. */
  private learn(host: string, { status, error, bytes }: Answer, admission: Admission, started: Nanoseconds, ended: Nanoseconds): void {
    this.book.note(host, status, error);
    this.add(COUNT.bytes, bytes);
    this.add(error !== null ? COUNT.none : kindOf(status));
    const limited = status === 429 && error === null;
    const ill = isIll(status, error);
    // 4xx says that the host is there, 408 among them.
    if (ill && status !== 408) this.breakers?.failed(host, admission, ended);
    else if (status === 429 || status >= 400) this.breakers?.ignored(host, admission, ended);
    else this.breakers?.succeeded(host, admission);
    if (limited) {
      this.add(COUNT.limited);
      this.limiter?.refused(started, ended);
    } else if (!ill) this.limiter?.succeeded();
    if (this.adaptive === null) return;
    if (limited || ill) this.adaptive.overloaded(started, ended);
    else this.adaptive.succeeded(started, ended, this.running);
    this.counts[COUNT.limit] = this.limitNow;
  }

  /** How long to wait before the next attempt (ns), or why there is none. */
  private waitBeforeRetry(pursuit: Pursuit, { status, error, retryAfter }: Answer): Nanoseconds | string {
    const { retry } = this.spec.settings;
    const what = error ?? String(status);
    if (error === "deadline") return "deadline";
    const retriable = status === 429 || error === OUT_OF_FILES || isIll(status, error);
    if (!retriable || error === NOT_SAVED || error === "host not found") return what;
    if (pursuit.attempts > retry.max) return pursuit.attempts > 1 ? `${what} after ${pursuit.attempts} attempts` : what;
    const unit = hashOf(`backoff/${this.spec.seed}/${pursuit.index}/${pursuit.attempts}`) / 2 ** 32;
    const backoff = backoffDelay(retry, pursuit.attempts, unit) * 1000;
    if ((status !== 429 && status !== 503) || error !== null) return backoff;
    const asked = retryAfterMs(retryAfter, Date.now());
    if (asked === null) return status === 429 ? Math.max(backoff, retry.maxDelay * 1000) : backoff;
    return asked > LONGEST_RETRY_AFTER ? `${status} asks to wait ${Math.round(asked / 1000)} s` : asked * 1e6;
  }

  private async giveUp(pursuit: Pursuit, reason: string): Promise<Outcome> {
    if (this.halted) return "stopped";
    if (await this.fallBack(pursuit)) return this.done(pursuit, "degraded", reason);
    if (this.halted) return "stopped";
    this.add(COUNT.failed);
    if (this.records.gaveUp(pursuit, reason)) this.add(COUNT.deadLettered);
    this.end(pursuit, "failed", reason);
    return reason;
  }

  /** Something instead of what was asked for: the body saved last, or the tile around it. */
  private async fallBack(pursuit: Pursuit): Promise<boolean> {
    const { settings, base } = this.spec;
    if (settings.fallback === "stale") return this.saver?.has(pursuit.url) ?? false;
    if (settings.fallback !== "parent" || base === null || this.effort.now() >= pursuit.deadline) return false;
    const tile = tileOf(base, pursuit.url);
    const parent = tile === null ? null : parentOf(tile);
    if (parent === null) return false;
    if (this.breakers?.refuses(pursuit.host, this.effort.now()) === true) return false;
    const before = pursuit.status;
    const url = tileUrl(base, parent);
    if (this.pace !== null && !(await this.pace.turn(pursuit.deadline))) return false;
    const line = this.lines.take() ?? (await this.nextLine(pursuit));
    if (line === null) return false;
    const admission = this.breakers?.admit(pursuit.host, this.effort.now()) ?? "call";
    if (admission === "refused") {
      this.lines.give(line);
      return false;
    }
    const started = this.launch(line, pursuit);
    this.add(COUNT.parents);
    const answer = await line.ask(url, this.attemptId(pursuit));
    this.land(line, pursuit, url, answer, admission, started);
    const { status, error } = answer;
    pursuit.status = before;
    return error === null && status >= 200 && status < 300;
  }

  private done(pursuit: Pursuit, how: "ok" | "degraded", reason: string | null): Outcome {
    this.add(how === "ok" ? COUNT.ok : COUNT.degraded);
    this.end(pursuit, how, reason);
    return null;
  }

  private end(pursuit: Pursuit, outcome: string, error: string | null): void {
    this.running--;
    if (this.running === 0) {
      this.waveFull = false;
      this.inWave = 0;
    }
    const took = this.effort.now() - pursuit.began;
    this.add(COUNT.spent, took);
    this.records.ended(pursuit, outcome, error, took);
    this.untold = true;
    if (!this.watching) void this.watch();
  }

  private attemptId({ index, attempts }: Pursuit): string {
    return `${this.spec.runId}-${index}.${attempts}`;
  }

  private hostOf(url: string): string {
    if (this.lastUrl === "" || !url.startsWith(this.lastUrl)) {
      const { host, origin } = new URL(url);
      this.lastHost = host;
      this.lastUrl = `${origin}/`;
    }
    return this.lastHost;
  }

  /** Breaks off what has taken too long, and tells what there is to tell, as long as there is something of either. */
  private async watch(): Promise<void> {
    this.watching = true;
    const every = Math.min(LOOK_MOST, Math.max(LOOK_LEAST, this.timeout / LOOK_SHARE));
    while (!this.halted && ((this.counts[COUNT.inFlight] as number) > 0 || this.untold)) {
      await this.effort.pause(every);
      const now = this.effort.now();
      this.lines.breakOffLate(now);
      this.collector.after(this.counts[COUNT.fetched] as number);
      if (now - this.flushedAt > FLUSH_EVERY) this.flush(now);
      else if (now - this.publishedAt > PUBLISH_EVERY) this.publish(now);
    }
    this.watching = false;
  }

  /** Breaks everything off; nothing more is counted. */
  halt(): void {
    this.halted = true;
    this.pace?.halt();
    this.lines.breakOffAll();
    this.wires.close();
    this.flush();
  }

  private flush(now = this.effort.now()): void {
    this.flushedAt = now;
    this.untold = false;
    this.records.flush();
    this.publish(now);
  }

  private publish(now: Nanoseconds): void {
    this.publishedAt = now;
    this.published.write(this.book.report);
  }

  /** Counts requests in flight over all threads. */
  private fly(change: 1 | -1): void {
    const now = Atomics.add(this.flight, 0, change) + change;
    for (let peak = Atomics.load(this.flight, 1); now > peak; peak = Atomics.load(this.flight, 1)) {
      if (Atomics.compareExchange(this.flight, 1, peak, now) === peak) break;
    }
  }

  private add(what: number, by = 1): void {
    this.counts[what] = (this.counts[what] as number) + by;
  }

  decode(words: WordReader, item: Item): void {
    item.payload = words.text();
  }

  stateOf(): null {
    return null;
  }

  names(): string[] {
    return [];
  }

  state(): StateSlice {
    this.flush();
    return { entries: [] };
  }

  report(): WorkloadReport {
    this.flush();
    return { fetch: { ...this.book.report, problems: this.records.problems } };
  }
}

/** 5xx, 408 and everything that is no answer: the server is not well, or not there. */
function isIll(status: number, error: string | null): boolean {
  if (error !== null) return !error.startsWith("redirect") && error !== NOT_SAVED && error !== OUT_OF_FILES;
  return isIllStatus(status);
}

function kindOf(status: number): number {
  if (status === 429) return COUNT.tooMany;
  if (status >= 500) return COUNT.serverError;
  if (status >= 400) return COUNT.clientError;
  return status >= 200 && status < 300 ? COUNT.success : COUNT.other;
}
