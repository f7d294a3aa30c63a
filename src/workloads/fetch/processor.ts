import type { Fetch } from "../../http/fetch-transport.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import { hashOf } from "../../kernel/hash.ts";
import type { WordReader } from "../../kernel/words.ts";
import type { Item } from "../../queueing/item.ts";
import { backoffDelay, LONGEST_RETRY_AFTER, retryAfterMs } from "../../resilience/backoff.ts";
import type { Effort, Outcome, Processor, StateSlice, WorkloadReport } from "../workload.ts";
import { Collector } from "./collector.ts";
import type { Cookies } from "./cookies.ts";
import { NOT_SAVED, OUT_OF_FILES } from "./failure-name.ts";
import { type RequestState, Records } from "./records.ts";
import { Replicas } from "./replicas.ts";
import { COUNT, PublishedReport } from "./report.ts";
import { type Answer, NOT_MODIFIED } from "./request-slot.ts";
import { Requests } from "./requests.ts";
import { Saver } from "./save.ts";
import { isTransient, Sender, type Withheld } from "./sender.ts";
import type { FetchSpec } from "./spec.ts";
import { parentOf, tileOf, tileUrl } from "./tiles.ts";
import { isLasting } from "./tls-reasons.ts";

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
  private readonly published: PublishedReport;
  private readonly saver: Saver | null;
  private readonly records: Records;
  private readonly requests: Requests;
  private readonly replicas: Replicas | null;
  private readonly sender: Sender;
  private readonly timeout: Nanoseconds;
  private readonly deadline: Nanoseconds;
  private readonly resumes: boolean;
  private readonly inWaves: boolean;
  private readonly max: number;
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
  private readonly underWay = () => this.running;

  constructor(
    private readonly spec: FetchSpec,
    private readonly effort: Effort,
    thread: number,
    /** Carries the requests; null: whatever suits each. */
    ask: Fetch | null = null,
    /** What servers set; null: nobody keeps that. */
    cookies: Cookies | null = null,
  ) {
    const { settings, shared } = spec;
    this.counts = new Float64Array(shared.counts[thread] ?? new SharedArrayBuffer(COUNT.size * 8));
    this.published = new PublishedReport(shared.reports[thread] ?? PublishedReport.memory());
    this.saver =
      settings.saveTo === undefined
        ? null
        : new Saver(settings.saveTo, thread, {
            naming: settings.saveAs,
            mock: settings.target?.mock === undefined ? null : spec.base,
            base: spec.base,
            revalidates: settings.revalidate,
          });
    this.collector = new Collector(spec.concurrency.length);
    this.records = new Records(spec);
    this.requests = new Requests(spec);
    this.sender = new Sender(spec, effort, this.counts, this.records, this.saver, this.requests.lines, cookies, thread, ask);
    this.replicas = spec.bases.length > 1 ? new Replicas(spec.bases, settings.target?.choose ?? "first") : null;
    this.max = spec.concurrency[thread] ?? 1;
    // Asked for with every request: settings come in many shapes, and the compiler gives up on what reads them from all.
    this.timeout = settings.timeout * 1000;
    this.deadline = settings.deadline * 1000;
    this.resumes = settings.resume;
    this.inWaves = settings.concurrency.window === "waves";
  }

  /** Requests that may be under way now. */
  get limit(): number {
    return this.waveFull ? 0 : this.sender.limit;
  }

  process(item: Item): Promise<Outcome> {
    const url = item.payload as string;
    const began = this.effort.now();
    this.begin();
    const conditions = this.saver?.conditions(url) ?? [];
    const places = this.replicas?.of(url) ?? null;
    const place = places === null ? 0 : this.sender.living(places, this.replicas?.firstOf(item.key) ?? 0);
    const at = places?.[place] ?? url;
    const itself = this.requests.fieldsOf(item.key);
    const own = conditions.length === 0 ? itself : [...itself, ...conditions];
    return this.fetchWithRetries({
      url,
      index: item.key,
      early: item.due < this.spec.warmup,
      began,
      deadline: began + this.deadline,
      method: this.requests.method,
      at,
      replicas: places,
      replica: place,
      content: this.requests.contentOf(item.key, url),
      fields: own,
      own,
      conditional: conditions.length > 0,
      standIn: false,
      foreign: false,
      host: this.sender.hostOf(at),
      cause: "first",
      hops: 0,
      left: this.timeout,
      retries: 0,
      refrained: false,
      attempts: 0,
      status: 0,
    });
  }

  private begin(): void {
    this.running++;
    if (this.inWaves && ++this.inWave >= this.max) this.waveFull = true;
    if (!this.watching) void this.watch();
  }

  /** Asks again and again as the rules have it. */
  private async fetchWithRetries(pursuit: RequestState): Promise<Outcome> {
    if (this.resumes && this.saver?.has(pursuit.url) === true) {
      this.add(COUNT.resumed);
      return this.done(pursuit, "ok", null);
    }
    for (;;) {
      const answer = await this.sender.try(pursuit, this.underWay);
      if (this.halted) return "stopped";
      if (typeof answer === "string") {
        if (answer === "circuit open" && this.turnToLiving(pursuit)) continue;
        return this.withheld(pursuit, answer);
      }
      if (answer.ok) {
        if (answer.status === NOT_MODIFIED && pursuit.conditional) this.add(COUNT.notModified);
        return this.done(pursuit, "ok", null);
      }
      const wait = this.waitBeforeRetry(pursuit, answer);
      if (typeof wait === "string") return this.giveUp(pursuit, wait);
      const until = this.effort.now() + wait;
      // Its place is another's rather than kept until then for nothing.
      if (until > pursuit.deadline)
        return this.giveUp(pursuit, `${answer.error ?? answer.unmet ?? answer.status}, its deadline before the next attempt`);
      this.add(COUNT.waiting);
      await this.effort.pause(wait);
      this.add(COUNT.waiting, -1);
      if (this.halted) return "stopped";
      pursuit.retries++;
      this.aimAnew(pursuit, this.nextPlace(pursuit, pursuit.replica + 1) ?? pursuit.url, "retries");
    }
  }

  /** The address at the next place that may be asked, from that one on; null: there is only one. */
  private nextPlace(pursuit: RequestState, from: number): string | null {
    const { replicas: places } = pursuit;
    if (places === null) return null;
    pursuit.replica = this.sender.living(places, from);
    return places[pursuit.replica] ?? null;
  }

  /** What was not asked because of an open circuit is asked elsewhere; false: no place may be asked. */
  private turnToLiving(pursuit: RequestState): boolean {
    // A redirect led to where it is open: what answered with that was asked already.
    if (pursuit.attempts > 0 && !this.sender.mayRepeat(this.requests.method)) {
      this.sender.refrain(pursuit);
      return false;
    }
    const before = pursuit.replica;
    const next = this.nextPlace(pursuit, before);
    if (next === null || pursuit.replica === before) return false;
    this.aimAnew(pursuit, next, pursuit.cause === "parents" ? "parents" : pursuit.attempts === 0 ? "first" : "retries");
    return true;
  }

  /** A new try, from its beginning. */
  private aimAnew(pursuit: RequestState, url: string, cause: "first" | "retries" | "parents"): void {
    pursuit.method = this.requests.method;
    pursuit.content = this.requests.contentOf(pursuit.index, pursuit.url);
    pursuit.foreign = false;
    pursuit.standIn = cause === "parents";
    this.sender.aim(pursuit, url, cause);
    pursuit.hops = 0;
    pursuit.left = this.timeout;
  }

  private withheld(pursuit: RequestState, why: Withheld): Promise<Outcome> {
    if (why === "circuit open") {
      this.add(COUNT.refused);
      if (pursuit.attempts === 0) this.add(COUNT.refusedUnsent);
    }
    return this.giveUp(pursuit, why);
  }

  /** How long to wait before the next attempt (ns), or why there is none. */
  private waitBeforeRetry(pursuit: RequestState, { status, error, unmet, retryAfter }: Answer): Nanoseconds | string {
    const { retry } = this.spec.settings;
    const what = error ?? unmet ?? String(status);
    if (error === "deadline") return "deadline";
    const retriable = status === 429 || error === OUT_OF_FILES || isTransient(status, error);
    if (!retriable || error === NOT_SAVED || error === "host not found" || (error !== null && isLasting(error))) return what;
    const tries = pursuit.retries + 1;
    if (tries > retry.max) return tries > 1 ? `${what} after ${tries} attempts` : what;
    if (!this.sender.mayRepeat(this.requests.method)) {
      this.sender.refrain(pursuit);
      return what;
    }
    const unit = hashOf(`backoff/${this.spec.seed}/${pursuit.index}/${tries}`) / 2 ** 32;
    const backoff = backoffDelay(retry, tries, unit) * 1000;
    if ((status !== 429 && status !== 503) || error !== null) return backoff;
    const asked = retryAfterMs(retryAfter, Date.now());
    if (asked === null) return status === 429 ? Math.max(backoff, retry.maxDelay * 1000) : backoff;
    // A server whose clock is behind, or that asks for nothing, does not take the scenario's own patience away.
    return asked > LONGEST_RETRY_AFTER ? `${status} asks to wait ${Math.round(asked / 1000)} s` : Math.max(backoff, asked * 1e6);
  }

  private async giveUp(pursuit: RequestState, reason: string): Promise<Outcome> {
    if (this.halted) return "stopped";
    if (await this.fallBack(pursuit)) return this.done(pursuit, "degraded", reason);
    if (this.halted) return "stopped";
    this.add(COUNT.failed);
    if (this.records.gaveUp(pursuit, reason)) this.add(COUNT.deadLettered);
    this.end(pursuit, "failed", reason);
    return reason;
  }

  /** Something instead of what was asked for: the body saved last, or the tile around it. */
  private async fallBack(pursuit: RequestState): Promise<boolean> {
    const { settings, base } = this.spec;
    if (settings.fallback === "stale") return this.saver?.has(pursuit.url) ?? false;
    if (settings.fallback !== "parent" || base === null || this.effort.now() >= pursuit.deadline) return false;
    const tile = tileOf(base, pursuit.url);
    const parent = tile === null ? null : parentOf(tile);
    if (parent === null) return false;
    const before = pursuit.status;
    const around = tileUrl(base, parent);
    pursuit.replicas = this.replicas?.of(around) ?? null;
    this.aimAnew(pursuit, this.nextPlace(pursuit, pursuit.replica) ?? around, "parents");
    const answer = await this.sender.try(pursuit, this.underWay);
    pursuit.status = before;
    return typeof answer !== "string" && answer.ok && answer.status !== NOT_MODIFIED;
  }

  private done(pursuit: RequestState, how: "ok" | "degraded", reason: string | null): Outcome {
    this.add(how === "ok" ? COUNT.ok : COUNT.degraded);
    this.end(pursuit, how, reason);
    return null;
  }

  private end(pursuit: RequestState, outcome: string, error: string | null): void {
    this.running--;
    if (this.running === 0) {
      this.waveFull = false;
      this.inWave = 0;
    }
    const took = this.effort.now() - pursuit.began;
    if (pursuit.attempts > 0) {
      this.add(COUNT.ended);
      this.add(COUNT.spent, took);
    }
    this.records.ended(pursuit, outcome, error, took);
    this.untold = true;
    if (!this.watching) void this.watch();
  }

  /** Breaks off what has taken too long, and tells what there is to tell, as long as there is something of either. */
  private async watch(): Promise<void> {
    this.watching = true;
    const every = Math.min(LOOK_MOST, Math.max(LOOK_LEAST, this.timeout / LOOK_SHARE));
    while (!this.halted && (this.running > 0 || this.untold)) {
      await this.effort.pause(every);
      const now = this.effort.now();
      this.sender.abortLate(now);
      this.collector.after(this.counts[COUNT.fetched] as number);
      if (now - this.flushedAt > FLUSH_EVERY) this.flush(now);
      else if (now - this.publishedAt > PUBLISH_EVERY) this.publish(now);
    }
    this.watching = false;
  }

  /** Breaks everything off; nothing more is counted of items. */
  halt(): void {
    this.halted = true;
    this.sender.halt();
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
    this.published.write(this.sender.report);
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
    return { fetch: { ...this.sender.report, problems: this.records.problems } };
  }
}
