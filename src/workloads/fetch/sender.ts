import type { Fetch } from "../../http/fetch-transport.ts";
import type { FieldLines } from "../../http/field-lines.ts";
import { afterRedirect, isIdempotent, type Method } from "../../http/method.ts";
import { Transports } from "../../http/transports.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import { divided } from "../../kernel/divide.ts";
import { AdaptiveLimit } from "../../resilience/adaptive-limit.ts";
import { isTransientStatus } from "../../resilience/backoff.ts";
import { type Admission, CircuitBreakers } from "../../resilience/circuit-breaker.ts";
import { RateLimiter } from "../../resilience/rate-limiter.ts";
import { PhaseBook } from "../../telemetry/request-phases.ts";
import type { Effort } from "../workload.ts";
import type { Cookies } from "./cookies.ts";
import { Expected } from "./expected.ts";
import { NOT_SAVED, OUT_OF_FILES, UNKNOWN_ENCODING } from "./failure-name.ts";
import { NamedHosts } from "./named-hosts.ts";
import { Pace } from "./pace.ts";
import type { RequestState, Records } from "./records.ts";
import { hopProblem } from "./redirect.ts";
import { AttemptBook, COUNT, type FetchReport } from "./report.ts";
import { type Answer, RequestSlot } from "./request-slot.ts";
import { RequestSlots } from "./request-slots.ts";
import type { Saver } from "./save.ts";
import type { FetchSpec } from "./spec.ts";
import { tlsRuleOf } from "./tls-files.ts";

/** Why no request went out: the breaker of its host is open, or its time was over first. */
export type Withheld = "circuit open" | "deadline";

/** Every request of one thread goes out through here, whatever it goes out for: paced, guarded, counted, logged. */
export class Sender {
  readonly breakers: CircuitBreakers | null;
  private readonly flight: Int32Array;
  private readonly limiter: RateLimiter | null;
  private readonly adaptive: AdaptiveLimit | null;
  private readonly book: AttemptBook;
  private readonly phases: PhaseBook;
  private readonly transports: Transports;
  private readonly slots: RequestSlots<RequestState>;
  private readonly pace: Pace | null;
  private readonly max: number;
  /** Whatever the method: the scenario has it that this does no harm. */
  private readonly repeatsAll: boolean;
  private halted = false;
  private lastUrl = "";
  private lastHost = "";

  constructor(
    private readonly spec: FetchSpec,
    private readonly effort: Effort,
    private readonly counts: Float64Array,
    private readonly records: Records,
    saver: Saver | null,
    /** Header fields of every request. */
    lines: FieldLines,
    /** What servers set; null: nobody keeps that. */
    private readonly cookies: Cookies | null,
    thread: number,
    /** Carries the requests; null: whatever suits each. */
    ask: Fetch | null,
  ) {
    const { settings, shared } = spec;
    const { circuitBreaker: breaker, rateLimit, concurrency, connections } = settings;
    const threads = spec.concurrency.length;
    this.flight = new Int32Array(shared.flight);
    this.book = new AttemptBook(new NamedHosts(shared.hosts));
    this.phases = new PhaseBook(shared.phases[thread]);
    this.breakers = breaker === false ? null : new CircuitBreakers({ ...breaker, openFor: breaker.openFor * 1000 }, shared.breakers);
    this.limiter = rateLimit === false ? null : new RateLimiter(rateLimit, shared.limiter);
    this.pace = this.limiter === null ? null : new Pace(this.limiter, effort);
    this.max = spec.concurrency[thread] ?? 1;
    this.repeatsAll = settings.idempotent || settings.idempotencyKey !== undefined;
    const targetLatency = (concurrency.targetLatency ?? Number.POSITIVE_INFINITY) * 1000;
    const min = Math.min(this.max, Math.max(1, Math.round(concurrency.min / threads)));
    this.adaptive =
      concurrency.adaptive === "aimd" ? new AdaptiveLimit({ min, max: this.max, decrease: concurrency.decrease, targetLatency }) : null;
    const most = Math.max(1, divided(connections.max, threads)[thread] ?? 0);
    this.transports = new Transports(
      {
        keepAlive: connections.keepAlive,
        most,
        looks: saver !== null || settings.expect !== undefined,
        longest: settings.expect?.maxBytes,
        tls: tlsRuleOf(settings.tls, process.env),
        unix: settings.unix,
        http: settings.http,
        lines,
      },
      () => this.add(COUNT.connections),
      () => this.add(COUNT.fetched),
      ask,
      () => effort.now(),
    );
    const expected = settings.expect === undefined ? null : new Expected(settings.expect);
    // Requests share connections by HTTP/2: there are as many at once as may be in flight.
    this.slots = new RequestSlots(settings.http === 2 ? this.max : most, () => new RequestSlot(this.transports.forSlot(), saver, expected, cookies));
    this.counts[COUNT.limit] = this.limitNow;
  }

  /** Requests that may be under way now; Infinity: any number. */
  get limit(): number {
    return this.adaptive?.limit ?? Number.POSITIVE_INFINITY;
  }

  private get limitNow(): number {
    return Math.min(this.max, this.adaptive?.limit ?? this.max);
  }

  get report(): FetchReport {
    return this.book.report;
  }

  /** One try: asks, and follows redirects to their end. `running`: items under way here. */
  async try(pursuit: RequestState, running: () => number): Promise<Answer | Withheld> {
    for (;;) {
      if (this.breakers?.refuses(pursuit.host, this.effort.now()) === true) return "circuit open";
      if (this.pace !== null && !(await this.turn(this.pace, pursuit))) return "deadline";
      const line = this.slots.take() ?? (await this.nextSlot(pursuit));
      if (line === null) return "deadline";
      // Asked last: while this one waited for its turn, others may have found the host ill.
      const admission = this.breakers?.admit(pursuit.host, this.effort.now()) ?? "call";
      if (admission === "refused") {
        this.slots.release(line);
        return "circuit open";
      }
      const started = this.effort.now();
      let answer = this.judge(await this.onSent(line, pursuit, false), pursuit);
      while (this.onAnswer(line, pursuit, answer) && answer.stale !== null && (await this.mayAskAnew(answer, pursuit))) {
        pursuit.cause = "resent";
        answer = this.judge(await this.onSent(line, pursuit, true), pursuit);
      }
      this.slots.release(line);
      if (this.halted) return answer;
      this.recordOutcome(pursuit.host, answer, admission, started, running());
      if (answer.error !== null || answer.location === null) return answer;
      this.follow(pursuit, answer.status, answer.location);
    }
  }

  /** Goes where an answer leads. Whoever has sent an item to another origin hears its secrets no more in this try. */
  private follow(pursuit: RequestState, status: number, location: string): void {
    const to = new URL(location, pursuit.at);
    if (to.origin !== new URL(pursuit.at).origin) pursuit.foreign = true;
    const method = afterRedirect(pursuit.method, status);
    if (method !== pursuit.method) pursuit.content = null;
    pursuit.method = method;
    this.aim(pursuit, to.href, "redirects");
    pursuit.hops++;
  }

  /** Whether it may be asked twice (RFC 9110, 9.2.2). */
  mayRepeat(method: Method): boolean {
    return this.repeatsAll || isIdempotent(method);
  }

  /** A redirect that is not to be followed is an error. */
  private judge(answer: Answer, { at, hops }: RequestState): Answer {
    if (answer.location === null) return answer;
    const problem = hopProblem(answer.location, at, hops, this.spec.allowedHosts);
    return problem === null ? answer : { ...answer, error: problem };
  }

  /** Where the next request of an item goes. */
  aim(pursuit: RequestState, url: string, cause: RequestState["cause"]): void {
    pursuit.at = url;
    pursuit.host = this.hostOf(url);
    pursuit.cause = cause;
  }

  /** Number of the first of these addresses, from that one on and around, whose host may be asked now; that one where none may. */
  living(places: readonly string[], from: number): number {
    const now = this.effort.now();
    for (let i = 0; i < places.length; i++) {
      const at = (from + i) % places.length;
      if (this.breakers?.refuses(this.hostOf(places[at] as string), now) !== true) return at;
    }
    return from % places.length;
  }

  /** Host and port of an address. */
  hostOf(url: string): string {
    if (this.lastUrl === "" || !url.startsWith(this.lastUrl)) {
      const { host, origin } = new URL(url);
      this.lastHost = host;
      this.lastUrl = `${origin}/`;
    }
    return this.lastHost;
  }

  /** What no server has read has had its turn and not used it. */
  private async mayAskAnew({ stale }: Answer, pursuit: RequestState): Promise<boolean> {
    const { deadline, method } = pursuit;
    if (stale !== "unread" && stale !== "refused" && !this.mayRepeat(method)) {
      this.refrain(pursuit);
      return false;
    }
    if (this.pace !== null && (stale === "unanswered" || stale === "refused") && !(await this.turn(this.pace, pursuit))) return false;
    return !this.halted && this.effort.now() < deadline;
  }

  /** It would be asked again, if its method were another. */
  refrain(pursuit: RequestState): void {
    if (!pursuit.refrained) this.add(COUNT.notRepeated);
    pursuit.refrained = true;
  }

  /** Waits until the rate lets it go; false when the run or the item's time was over first. */
  private async turn(pace: Pace, { deadline }: Pick<RequestState, "deadline">): Promise<boolean> {
    const from = this.effort.now();
    const mayGo = await pace.turn(deadline);
    this.add(COUNT.paced, this.effort.now() - from);
    return mayGo;
  }

  /** The next line that is free; null when the run or the item's time was over first, so that nothing is sent. */
  private async nextSlot({ deadline }: RequestState): Promise<RequestSlot<RequestState> | null> {
    const from = this.effort.now();
    const line = await this.slots.next(deadline);
    this.add(COUNT.lined, this.effort.now() - from);
    if (line === null || (!this.halted && this.effort.now() < deadline)) return line;
    this.slots.release(line);
    return null;
  }

  /** A request goes out. */
  private onSent(line: RequestSlot<RequestState>, pursuit: RequestState, fresh: boolean): Promise<Answer> {
    const started = this.effort.now();
    const byTimeout = started + pursuit.left;
    line.owner = pursuit;
    line.startedAt = started;
    line.endsAt = Math.min(byTimeout, pursuit.deadline);
    line.reason = byTimeout <= pursuit.deadline ? "timeout" : "deadline";
    pursuit.attempts++;
    if (pursuit.attempts === 1 && pursuit.cause === "first") this.add(COUNT.sent);
    if (pursuit.cause === "retries") this.add(COUNT.retries);
    this.add(COUNT.attempts);
    this.add(COUNT.inFlight);
    this.fly(1);
    if (this.cookies !== null) {
      const cookie = this.cookies.lineFor(pursuit.at);
      pursuit.fields = cookie === null ? pursuit.own : [...pursuit.own, cookie];
    }
    return line.send(pursuit, `${this.spec.runId}-${pursuit.index}.${pursuit.attempts}`, fresh, pursuit.url, pursuit.standIn);
  }

  /** A request has come to its end, and is told of. False when that was done before: the run is over. */
  private onAnswer(line: RequestSlot<RequestState>, pursuit: RequestState, answer: Answer): boolean {
    if (line.owner === null) return false;
    const ended = this.effort.now();
    const took = ended - line.startedAt;
    line.owner = null;
    this.fly(-1);
    this.add(COUNT.inFlight, -1);
    pursuit.left -= took;
    // What broke may have been read, and is not sent again where that would be twice.
    if (answer.stale === "unread" || (answer.stale === "reset" && this.mayRepeat(pursuit.method))) {
      pursuit.attempts--;
      this.add(COUNT.attempts, -1);
      this.add(COUNT.unread);
      return true;
    }
    const { status, bytes } = answer;
    const error = answer.error ?? answer.unmet;
    pursuit.status = status;
    this.add(COUNT.bytes, bytes);
    this.add(error !== null ? COUNT.none : kindOf(status));
    this.book.note(pursuit.host, status, error, pursuit.cause);
    this.records.attempted(pursuit, answer, took);
    if (!pursuit.early && error !== "stopped") this.time(line, ended);
    return true;
  }

  private time({ instants, startedAt }: RequestSlot<RequestState>, ended: Nanoseconds): void {
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

  /** Tells breaker, rate and limit what came of a request. */
  private recordOutcome(host: string, answer: Answer, admission: Admission, started: Nanoseconds, running: number): void {
    const { status, error, ok } = answer;
    const ended = this.effort.now();
    const limited = status === 429 && error === null && !ok;
    const ill = !ok && isTransient(status, error);
    this.guard(host, answer, ill, admission, started, ended);
    if (limited) {
      this.add(COUNT.limited);
      this.limiter?.refused(started, ended);
    } else if (!ill) this.limiter?.succeeded();
    if (this.adaptive === null) return;
    if (limited || ill) this.adaptive.overloaded(started, ended);
    else this.adaptive.succeeded(started, ended, running);
    this.counts[COUNT.limit] = this.limitNow;
  }

  private guard(
    host: string,
    { status, error, stale, ok }: Answer,
    ill: boolean,
    admission: Admission,
    started: Nanoseconds,
    ended: Nanoseconds,
  ): void {
    if (this.breakers === null) return;
    // 4xx says that the host is there, 408 among them: enough for the one that tries, and nothing of how well others fare.
    const there = ok || (error === null && status < 500);
    if (there && (ok || status < 400 || admission === "probe")) this.breakers.succeeded(host, admission, started);
    else if (there || !ill || stale !== null) this.breakers.ignored(host, admission, ended, started);
    else this.breakers.failed(host, admission, ended, started);
  }

  /** Breaks off every request that has taken too long. */
  abortLate(now: Nanoseconds): void {
    this.slots.abortLate(now);
  }

  /** Breaks off all that are out; each has its line in the ledger. */
  halt(): void {
    this.halted = true;
    this.pace?.halt();
    this.slots.abortAll((line) => {
      if (line.owner !== null) this.onAnswer(line, line.owner, { ...STOPPED, bytes: line.bytes });
    });
    this.transports.close();
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
}

const STOPPED: Omit<Answer, "bytes"> = {
  status: 0,
  error: "stopped",
  unmet: null,
  ok: false,
  retryAfter: null,
  location: null,
  stale: null,
};

/** 5xx, 408 and everything that is no answer: the server is not well, or not there. */
export function isTransient(status: number, error: string | null): boolean {
  if (error !== null) return !error.startsWith("redirect") && error !== NOT_SAVED && error !== OUT_OF_FILES && error !== UNKNOWN_ENCODING;
  return isTransientStatus(status);
}

function kindOf(status: number): number {
  if (status === 429) return COUNT.tooMany;
  if (status >= 500) return COUNT.serverError;
  if (status >= 400) return COUNT.clientError;
  return status >= 200 && status < 300 ? COUNT.success : COUNT.other;
}
