import type { Fetch } from "../../http/fetch-transport.ts";
import type { Transports } from "../../http/transports.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import type { WordReader } from "../../kernel/word-buffer.ts";
import type { Item } from "../../queueing/item.ts";
import type { Effort, Outcome, Processor, StateSlice, WorkloadReport } from "../workload.ts";
import { Admission } from "./admission.ts";
import { ApartFigures } from "./apart-figures.ts";
import { Collector } from "./collector.ts";
import type { Cookies } from "./cookies.ts";
import { Fallback } from "./fallback.ts";
import { Housekeeping } from "./housekeeping.ts";
import { LiveFigures } from "./live-figures.ts";
import { Records } from "./records.ts";
import { Replicas } from "./replicas.ts";
import { COUNT } from "./report.ts";
import type { ItemOutcome } from "./request-figures.ts";
import { NOT_MODIFIED } from "./request-slot.ts";
import { requestSlots, transportsOf } from "./request-slots.ts";
import type { RequestState } from "./request-state.ts";
import { Requests } from "./requests.ts";
import { RetryPolicy } from "./retry-policy.ts";
import { Router } from "./router.ts";
import { Saver } from "./save.ts";
import { AttemptSender, type Withheld } from "./sender.ts";
import type { FetchSpec } from "./spec.ts";
import { addressProblem } from "./targets.ts";
import { RequestWindow } from "./window.ts";

/**
 * Requests, each with all its attempts.
 *
 * | state   | event                                           | next                                  |
 * |---------|-------------------------------------------------|---------------------------------------|
 * | begun   | `resume`, and its body was saved before         | ended: ok                             |
 * | begun   | otherwise                                       | trying                                |
 * | trying  | an answer as expected                           | ended: ok                             |
 * | trying  | its circuit is open, that of another replica not | trying there                         |
 * | trying  | a failure, and the policy allows another attempt before its deadline | waiting          |
 * | trying  | any other failure                               | given up                              |
 * | waiting | the wait is over                                | trying, at the next replica           |
 * | given up | there is a substitute                          | ended: degraded                       |
 * | given up | there is none                                  | ended: failed, in the dead letters    |
 * | any     | halt                                            | stopped; nothing more is counted      |
 */
export class FetchProcessor implements Processor {
  readonly instant = false;
  readonly yields = true;
  readonly ordered = false;
  private readonly window: RequestWindow;
  private readonly figures: LiveFigures;
  private readonly saver: Saver | null;
  private readonly records: Records;
  private readonly requests: Requests;
  private readonly retry: RetryPolicy;
  private readonly router: Router;
  private readonly transports: Transports;
  private readonly sender: AttemptSender;
  private readonly fallback: Fallback;
  private readonly housekeeping: Housekeeping;
  // Copied, since it is read for every request: settings have many shapes, and reads from all of them are not optimized.
  private readonly timeout: Nanoseconds;
  private readonly deadline: Nanoseconds;
  private readonly resumes: boolean;
  private halted = false;

  constructor(
    private readonly spec: FetchSpec,
    private readonly effort: Effort,
    thread: number,
    /** Carries the requests; null: the usual transports. */
    ask: Fetch | null = null,
    /** Cookie jar; null: cookies are ignored. */
    cookies: Cookies | null = null,
  ) {
    const { settings } = spec;
    const threads = spec.concurrency.length;
    this.timeout = settings.timeout * 1000;
    this.deadline = settings.deadline * 1000;
    this.resumes = settings.resume;
    this.window = new RequestWindow(settings.concurrency, spec.concurrency[thread] ?? 1, threads);
    this.figures = spec.apart ? new ApartFigures(spec, thread) : new LiveFigures(spec, thread);
    this.saver = saverOf(spec, thread);
    this.records = new Records(spec);
    this.requests = new Requests(spec);
    this.retry = new RetryPolicy(spec);
    const admission = new Admission(spec, effort, this.figures, this.window);
    const replicas = spec.bases.length > 1 ? new Replicas(spec.bases, settings.target?.choose ?? "first") : null;
    this.router = new Router(this.requests, replicas, admission, this.retry, this.timeout);
    this.transports = transportsOf(spec, thread, { effort, figures: this.figures, lines: this.requests.lines, ask });
    const slots = requestSlots(spec, thread, this.transports, this.saver, cookies);
    const { figures, records, router, retry } = this;
    this.sender = new AttemptSender(spec, effort, slots, admission, router, retry, records, cookies);
    this.fallback = new Fallback(spec, effort, this.saver, router, this.sender);
    this.housekeeping = new Housekeeping(effort, this.window, this.sender, records, figures, new Collector(threads), this.timeout);
  }

  /** Requests that may be in flight now. */
  get limit(): number {
    return this.window.limit;
  }

  process(item: Item): Promise<Outcome> {
    const url = item.payload as string;
    const began = this.effort.now();
    this.window.begin();
    this.housekeeping.onBegin();
    const conditions = this.saver?.conditions(url) ?? [];
    const replicas = this.router.replicasOf(url);
    const replica = this.router.firstOf(replicas, item.key);
    const at = replicas?.[replica] ?? url;
    const host = this.router.hostOf(at);
    const itself = this.requests.fieldsOf(item.key);
    const content = this.requests.contentOf(item.key, url);
    const own = conditions.length === 0 ? itself : [...itself, ...conditions];
    return this.fetchWithRetries({
      url,
      index: item.key,
      figures: this.figures.begin(item.key),
      early: item.due < this.spec.warmup,
      began,
      deadline: began + this.deadline,
      method: this.requests.method,
      at,
      replicas,
      replica,
      content,
      fields: own,
      own,
      conditional: conditions.length > 0,
      standIn: false,
      foreign: false,
      host,
      cause: "first",
      hops: 0,
      left: this.timeout,
      retries: 0,
      refrained: false,
      attempts: 0,
      status: 0,
    });
  }

  private async fetchWithRetries(request: RequestState): Promise<Outcome> {
    if (this.resumes && this.saver?.has(request.url) === true) {
      request.figures.add(COUNT.resumed);
      return this.done(request, "ok", null);
    }
    for (;;) {
      const answer = await this.sender.try(request);
      if (this.halted) return "stopped";
      if (typeof answer === "string") {
        if (answer === "circuit open" && this.router.turnFromOpenCircuit(request)) continue;
        return this.withheld(request, answer);
      }
      if (answer.ok) {
        if (answer.status === NOT_MODIFIED && request.conditional) request.figures.add(COUNT.notModified);
        return this.done(request, "ok", null);
      }
      const wait = this.retry.waitBefore(request, answer, this.requests.method);
      if (typeof wait === "string") return this.giveUp(request, wait);
      const until = this.effort.now() + wait;
      // Given up at once, its slot goes to another item, rather than being held until a deadline that comes first.
      if (until > request.deadline)
        return this.giveUp(request, `${answer.error ?? answer.unmet ?? answer.status}, its deadline before the next attempt`);
      request.figures.add(COUNT.waiting);
      await this.effort.pause(wait);
      request.figures.add(COUNT.waiting, -1);
      if (this.halted) return "stopped";
      request.retries++;
      this.router.retryElsewhere(request);
    }
  }

  private withheld(request: RequestState, why: Withheld): Promise<Outcome> {
    if (why === "circuit open") {
      request.figures.add(COUNT.refused);
      if (request.attempts === 0) request.figures.add(COUNT.refusedUnsent);
    }
    return this.giveUp(request, why);
  }

  private async giveUp(request: RequestState, reason: string): Promise<Outcome> {
    if (this.halted) return "stopped";
    if (await this.fallback.provides(request)) return this.done(request, "degraded", reason);
    if (this.halted) return "stopped";
    request.figures.add(COUNT.failed);
    if (this.records.gaveUp(request, reason)) request.figures.add(COUNT.deadLettered);
    this.end(request, "failed", reason);
    return reason;
  }

  private done(request: RequestState, how: "ok" | "degraded", reason: string | null): Outcome {
    request.figures.add(how === "ok" ? COUNT.ok : COUNT.degraded);
    this.end(request, how, reason);
    return null;
  }

  private end(request: RequestState, outcome: ItemOutcome, error: string | null): void {
    this.window.end();
    const took = this.effort.now() - request.began;
    if (request.attempts > 0) {
      request.figures.add(COUNT.ended);
      request.figures.add(COUNT.spent, took);
    }
    request.figures.ended(request, outcome, error);
    this.records.ended(request, outcome, error, took);
    this.housekeeping.onEnd();
  }

  /** Aborts everything; items are no longer counted. */
  halt(): void {
    this.halted = true;
    this.sender.halt();
    this.transports.close();
    this.housekeeping.halt();
  }

  decode(words: WordReader, item: Item): void {
    item.payload = words.text();
  }

  fromJson(json: string, item: Item): void {
    const url: unknown = JSON.parse(json);
    if (typeof url !== "string" || addressProblem(url, this.spec.allowedHosts) !== null)
      throw new Error("a stream of the run holds an address that must not be asked");
    item.payload = url;
  }

  figuresOf({ key }: Item): unknown {
    return this.figures.take(key);
  }

  stateOf(): null {
    return null;
  }

  names(): string[] {
    return [];
  }

  state(): StateSlice {
    this.housekeeping.flush();
    return { entries: [] };
  }

  report(): WorkloadReport {
    this.housekeeping.flush();
    const { report, rateTurns } = this.figures;
    return { fetch: { ...report, problems: this.records.problems, rateTurns } };
  }

  /** Closes its connections. */
  async close(): Promise<void> {
    this.transports.close();
  }
}

/** Saves bodies where the scenario asks for it; null: it does not. */
function saverOf({ settings, base }: FetchSpec, thread: number): Saver | null {
  if (settings.saveTo === undefined) return null;
  const mock = settings.target?.mock === undefined ? null : base;
  return new Saver(settings.saveTo, thread, { naming: settings.saveAs, mock, base, revalidates: settings.revalidate });
}
