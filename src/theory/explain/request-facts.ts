import { formatCount } from "../../kernel/units.ts";
import type { RateRule } from "../../resilience/rate-limiter.ts";
import type { FetchSettings, Scenario } from "../../scenario/schema.ts";
import type { FetchFigures } from "../../telemetry/fetch-figures.ts";
import { droppedTotal } from "../../telemetry/ledger.ts";
import { keepsPace } from "../../telemetry/pace.ts";
import { type Crowding, crowding } from "../../telemetry/phases.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import type { Explained } from "../explain-fetch.ts";

/** Share of the places, or of the connections, that is as good as all. */
export const FULLY = 0.8;
/** Times what a request takes by itself from which on it waited. */
const CROWDED = 3;
/** Share of what a request takes by itself that it may wait on average, for the arrivals to be what decides. */
const CALM = 0.25;
/** Share of an item's time in line for its turn by the client's rate from which on that is what it waits for. */
const IN_LINE = 0.3;
/** Share by which what was out may differ from what was under way for both to be one. */
const ALIKE = 0.05;
/** What a round trip on this machine takes beside what the mock server is told to, by a kept connection and by a new one; milliseconds. */
const ROUND_TRIP = { kept: 0.1, anew: 0.25 };
/**
 * Times what the description of the server asks, and requests that are computed or wait for it, from which on they wait for each other: few
 * that take much longer, or many that take longer. One that never waits for another is less than one.
 */
const STRAINED = [
  { times: 2, computing: 1.05 },
  { times: 1.4, computing: 1.2 },
  { times: 1.3, computing: 2 },
  { times: 1.25, computing: 3 },
];
/** Times what the description of the server asks that attempts take on average from which on it does not keep that pace. */
const SLOW = 1.1;
/** Share of a fixed rate at which as many go out as may. */
const RATED = 0.95;

/** Requests per second that took a place of those in flight: what was refused, or was there already, went nowhere. */
export function sentPerSecond({ throughput, durationMs }: Pick<CaseResult, "throughput" | "durationMs">, fetch: FetchFigures): number {
  const well = fetch.ok + fetch.degraded - fetch.resumed;
  return well > 0 ? (throughput * fetch.sent) / well : durationMs > 0 ? (fetch.sent * 1000) / durationMs : 0;
}

/**
 * A case of requests with the figures that the sentences are made of. A request is under way from when it has one of the places
 * (`fetch.concurrency.max`) to its end, and in flight, on a connection, for a part of that only: it may stand in line for its turn or for a
 * connection, or wait for its next attempt.
 */
export class RequestFacts {
  readonly load: Scenario["load"];
  readonly rate: string;
  /** Items per second that went out. */
  readonly sent: number;
  /** Items under way on average, by Little's law. */
  readonly underWay: number;
  /** Requests in flight on average, by Little's law; null: how long they were is not known of files of older versions. */
  readonly flying: number | null;
  /** Items that may be under way, and requests that may be in flight. */
  readonly places: number;
  readonly connections: number;
  readonly main: number;
  readonly workers: number;

  constructor(
    readonly result: Explained,
    scenario: Scenario,
    readonly fetch: FetchFigures,
    readonly settings: FetchSettings,
    /** Other programs had the cores: nothing is said to take long by itself. */
    readonly coresTaken: boolean,
  ) {
    const { throughput, process } = result;
    const { concurrency, connections } = settings;
    this.load = scenario.load;
    this.sent = sentPerSecond(result, fetch);
    this.rate = `${formatCount(throughput)}${this.sent > 1.02 * throughput ? ` of ${formatCount(this.sent)}` : ""} requests/s`;
    this.underWay = (this.sent * fetch.itemMs) / 1000;
    const attempt = this.attemptMs;
    this.flying = attempt === null ? null : (this.attempted * attempt) / 1000;
    this.places = concurrency.max === "unlimited" ? Number.POSITIVE_INFINITY : concurrency.max;
    this.connections = connections.max;
    this.main = process.threads.find(({ name }) => name === "main")?.utilization ?? 0;
    this.workers = process.threads.length - 1;
  }

  /** Attempts per second. */
  get attempted(): number {
    const { attempts, sent } = this.fetch;
    return sent > 0 ? (this.sent * attempts) / sent : 0;
  }

  /** How long an attempt takes; milliseconds. */
  get attemptMs(): number | null {
    const attempt = this.fetch.phases?.attempt;
    return attempt === undefined || attempt.count === 0 ? null : attempt.mean;
  }

  /** How long an item stands in the client's own lines: for its turn by the rate, in both; and what it takes beside that; milliseconds. */
  get turnMs(): number {
    return this.each(this.fetch.turnMs ?? 0);
  }

  get lineMs(): number {
    return this.each((this.fetch.turnMs ?? 0) + (this.fetch.lineMs ?? 0));
  }

  /** How long an item is in flight, in all its attempts: without what it waits between them. */
  private get flownMs(): number {
    const { attempts, sent } = this.fetch;
    return this.attemptMs === null || sent === 0 ? this.ownMs : Math.min(this.ownMs, (this.attemptMs * attempts) / sent);
  }

  /** Of a mean over all requests, that over those that went out. */
  private each(ms: number): number {
    const { requests, sent, itemMs } = this.fetch;
    return sent > 0 ? Math.min(itemMs, (ms * requests) / sent) : 0;
  }

  get ownMs(): number {
    return this.fetch.itemMs - this.lineMs;
  }

  /** What is under way is in flight, but for moments. */
  get alike(): boolean {
    return this.flying !== null && Math.abs(this.flying - this.underWay) <= ALIKE * this.underWay;
  }

  /** What items are that are under way. */
  get state(): string {
    return this.alike ? "in flight" : "under way";
  }

  get where(): string {
    if (this.result.mode !== "parallel") return " on one loop";
    return ` over ${formatCount(this.workers)} ${this.workers === 1 ? "Worker" : "Workers"}`;
  }

  get behind(): boolean {
    const { ledger } = this.result;
    return ledger.unfinished + droppedTotal(ledger) > 0 || !keepsPace(this.result);
  }

  /** How long an item waits until it has a place; milliseconds. */
  get placeMs(): number {
    const { schedule, queue, batch } = this.result.latency;
    return schedule.mean + queue.mean + batch.mean;
  }

  /** All that came was done as it came, and next to nobody waited for anything but the answer. */
  get inTime(): boolean {
    const { sojourn } = this.result.latency;
    const before = this.placeMs + this.lineMs;
    const calm = before < CALM * this.flownMs && sojourn.p50 <= Math.max(1, CROWDED * this.ownMs);
    return !("vus" in this.load) && !this.behind && calm;
  }

  /** Places in use, of those there are; of any number none. */
  get used(): number {
    return this.underWay / this.places;
  }

  /** Every connection is in use, nearly all the time. */
  get connectionsFull(): boolean {
    // What waits for a connection is under way as well.
    const flying = this.flying ?? Math.min(this.underWay, this.connections);
    return flying >= FULLY * this.connections;
  }

  /** Items wait for their turn by the client's rate. */
  get paced(): boolean {
    if (this.settings.rateLimit === false) return false;
    // Files of older versions do not tell how long they stood in line.
    if (this.fetch.turnMs === undefined) return this.fetch.peakConcurrency < Math.min(this.places, this.connections) || this.used >= 0.5;
    if (this.attempted >= RATED * this.settings.rateLimit.max) return true;
    const { turnMs, lineMs = 0 } = this.fetch;
    const inLine = this.turnMs >= IN_LINE * this.fetch.itemMs && turnMs >= lineMs;
    return inLine && !this.connectionsFull && this.slowerThanConnections(this.settings.rateLimit);
  }

  /** Of two lines one behind the other the first is the longer one, too, where the second lets less through. */
  private slowerThanConnections({ initial, max }: RateRule): boolean {
    const { rateTurns } = this.fetch;
    const rate = rateTurns.length > 0 ? rateTurns.reduce((sum, turn) => sum + turn, 0) / rateTurns.length : Math.min(initial, max);
    return this.attemptMs === null || (1000 * this.connections) / this.attemptMs > rate;
  }

  /** Half of the attempts took so long, and what the server was told to take for half of them; null: it is not known. Milliseconds. */
  get halfOfAttempts(): { readonly took: number; readonly asked: number } | null {
    const took = this.fetch.phases?.attempt.p50 ?? null;
    const latency = this.settings.target?.mock?.latency;
    return took === null || latency === undefined ? null : { took, asked: (latency.min + latency.max) / 2000 };
  }

  /** Attempts take far longer than the server was told to take: what is added is computing, of client and server, and waiting for it. */
  get strained(): boolean {
    return STRAINED.some(({ times, computing }) => this.slowed >= times && this.computing >= computing);
  }

  /** Times what an attempt takes by itself that half of them took; 0: it is not known. */
  get slowed(): number {
    const half = this.halfOfAttempts;
    if (half === null) return 0;
    return half.took / (half.asked + (this.settings.connections.keepAlive ? ROUND_TRIP.kept : ROUND_TRIP.anew));
  }

  /** The same of too few attempts to tell of half of them, by their mean. */
  get slowOnAverage(): boolean {
    const latency = this.settings.target?.mock?.latency;
    const took = this.attemptMs;
    if (this.halfOfAttempts !== null || latency === undefined || took === null) return false;
    const asked = (latency.min + latency.max) / 2000;
    return took >= SLOW * (asked + ROUND_TRIP.anew) && this.attempted * (took - asked) >= 1000;
  }

  /** Requests that are computed, or wait for that, on average by Little's law: of what each costs by itself at most one at a time is. */
  get computing(): number {
    const half = this.halfOfAttempts;
    return half === null ? 0 : (this.attempted * (half.took - half.asked)) / 1000;
  }

  /** Requests that were in flight while so many were under way, if there were connections enough. */
  flyingOf(underWay: number): number {
    return this.flying === null || this.underWay === 0 ? underWay : underWay * Math.min(1, this.flying / this.underWay);
  }

  /** When requests waited. */
  get crowd(): Crowding | null {
    return crowding(this.result.series, CROWDED * this.ownMs);
  }
}
