import { formatCount } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import type { RateRule } from "../../resilience/rate-limiter.ts";
import type { FetchSettings, Scenario } from "../../scenario/schema.ts";
import type { FetchFigures } from "../../telemetry/fetch-figures.ts";
import { droppedTotal } from "../../telemetry/ledger.ts";
import { keepsPace } from "../../telemetry/pace.ts";
import { type Crowding, crowding } from "../../telemetry/phases.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import type { Explained } from "./fetch.ts";

/** Share of slots, or of connections, that counts as all. */
export const FULLY = 0.8;
/** Multiple of a request's own time from which it has waited. */
const CROWDED = 3;
/** Mean wait, as a share of a request's own time, up to which the arrivals are the limit. */
const CALM = 0.25;
/** Share of an item's time spent waiting for the rate limiter from which that is the limit. */
const IN_LINE = 0.3;
/** Relative difference up to which requests sent and requests in progress count as equal. */
const ALIKE = 0.05;
/** Time of a local round trip beyond the mock server's configured time, on a kept connection and on a new one; milliseconds. */
const ROUND_TRIP = { kept: 0.1, anew: 0.25 };
/**
 * Multiples of the server's configured time, and requests computing or waiting to compute, from which they wait for each other: few that
 * take much longer, or many that take longer. A request that never waits for another counts as less than one.
 */
const STRAINED = [
  { times: 2, computing: 1.05 },
  { times: 1.4, computing: 1.2 },
  { times: 1.3, computing: 2 },
  { times: 1.25, computing: 3 },
];
/** Multiple of the server's configured time for mean attempts from which the server is slow. */
const SLOW = 1.1;
/** Share of a fixed rate that counts as the full rate. */
const RATED = 0.95;

/** Requests per second that took a slot: those refused, or already saved, were not sent. */
export function sentPerSecond({ throughput, durationMs }: Pick<CaseResult, "throughput" | "durationMs">, fetch: FetchFigures): number {
  const well = fetch.ok + fetch.degraded - fetch.resumed;
  return well > 0 ? (throughput * fetch.sent) / well : durationMs > 0 ? (fetch.sent * 1000) / durationMs : 0;
}

/** Those that send requests, each with limits of its own: the workers of mode `distributed`, one in every other. */
export function sendersOf({ hosts = [] }: Pick<CaseResult, "hosts">): number {
  return Math.max(1, hosts.length);
}

/**
 * A case of requests with the figures used in sentences. A request is in progress while it has one of the slots (`fetch.concurrency.max`),
 * and in flight, on a connection, for a part of that only: it may wait for the rate limiter, for a connection, or for its next attempt.
 */
export class RequestFacts {
  readonly load: Scenario["load"];
  readonly rate: string;
  /** Items sent per second. */
  readonly sent: number;
  /** Mean items in progress, by Little's law. */
  readonly underWay: number;
  /** Mean requests in flight, by Little's law; null: durations are missing in files of older versions. */
  readonly flying: number | null;
  /** Limits on items in progress, and on requests in flight. */
  readonly places: number;
  readonly connections: number;
  readonly main: number;
  readonly workers: number;
  /** Mode `distributed`: the requests are sent by workers on any host, each of which keeps to the limits by itself. */
  readonly remote: boolean;
  readonly clients: number;

  constructor(
    readonly result: Explained,
    scenario: Scenario,
    readonly fetch: FetchFigures,
    /** With the limits of all workers together. */
    readonly settings: FetchSettings,
    /** Other programs used the cores, so no duration counts as a request's own. */
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
    this.remote = result.distributed !== undefined;
    this.clients = sendersOf(result);
  }

  /** Attempts per second. */
  get attempted(): number {
    const { attempts, sent } = this.fetch;
    return sent > 0 ? (this.sent * attempts) / sent : 0;
  }

  /** Duration of an attempt; milliseconds. */
  get attemptMs(): number | null {
    const attempt = this.fetch.phases?.attempt;
    return attempt === undefined || attempt.count === 0 ? null : attempt.mean;
  }

  /** Time for which an item waits within the client: for the rate limiter, and in both queues; and its remaining time; milliseconds. */
  get turnMs(): number {
    return this.each(this.fetch.turnMs ?? 0);
  }

  get lineMs(): number {
    return this.each((this.fetch.turnMs ?? 0) + (this.fetch.lineMs ?? 0));
  }

  /** Time for which an item is in flight, over all its attempts, without the waits between them. */
  private get flownMs(): number {
    const { attempts, sent } = this.fetch;
    return this.attemptMs === null || sent === 0 ? this.ownMs : Math.min(this.ownMs, (this.attemptMs * attempts) / sent);
  }

  /** Converts a mean over all requests to one over those sent. */
  private each(ms: number): number {
    const { requests, sent, itemMs } = this.fetch;
    return sent > 0 ? Math.min(itemMs, (ms * requests) / sent) : 0;
  }

  get ownMs(): number {
    return this.fetch.itemMs - this.lineMs;
  }

  /** True when items in progress are in flight, but for moments. */
  get alike(): boolean {
    return this.flying !== null && Math.abs(this.flying - this.underWay) <= ALIKE * this.underWay;
  }

  /** State of items in progress, in words. */
  get state(): string {
    return this.alike ? "in flight" : "under way";
  }

  get where(): string {
    if (this.remote) return ` over ${counted(this.clients, "worker")}`;
    if (this.result.mode !== "parallel") return " on one loop";
    return ` over ${formatCount(this.workers)} ${this.workers === 1 ? "Worker" : "Workers"}`;
  }

  get behind(): boolean {
    const { ledger } = this.result;
    return ledger.unfinished + droppedTotal(ledger) > 0 || !keepsPace(this.result);
  }

  /** Time for which an item waits for a slot; milliseconds. */
  get placeMs(): number {
    const { schedule, queue, batch } = this.result.latency;
    return schedule.mean + queue.mean + batch.mean;
  }

  /** True when all that came was done as it came, and hardly anything waited but for the answer. */
  get inTime(): boolean {
    const { sojourn } = this.result.latency;
    const before = this.placeMs + this.lineMs;
    const calm = before < CALM * this.flownMs && sojourn.p50 <= Math.max(1, CROWDED * this.ownMs);
    return !("vus" in this.load) && !this.behind && calm;
  }

  /** Share of slots in use; 0 without a limit. */
  get used(): number {
    return this.underWay / this.places;
  }

  /** True when every connection is in use nearly all the time. */
  get connectionsFull(): boolean {
    // Requests that wait for a connection are in progress as well.
    const flying = this.flying ?? Math.min(this.underWay, this.connections);
    return flying >= FULLY * this.connections;
  }

  /** True when items wait for the rate limiter. */
  get paced(): boolean {
    if (this.settings.rateLimit === false) return false;
    // Files of older versions lack the time in that queue.
    if (this.fetch.turnMs === undefined) return this.fetch.peakConcurrency < Math.min(this.places, this.connections) || this.used >= 0.5;
    if (this.attempted >= RATED * this.settings.rateLimit.max) return true;
    const { turnMs, lineMs = 0 } = this.fetch;
    const inLine = this.turnMs >= IN_LINE * this.fetch.itemMs && turnMs >= lineMs;
    return inLine && !this.connectionsFull && this.slowerThanConnections(this.settings.rateLimit);
  }

  /** Of two queues in a row the first is the longer one even where the second is slower. */
  private slowerThanConnections({ initial, max }: RateRule): boolean {
    const { rateTurns } = this.fetch;
    const rate = rateTurns.length > 0 ? rateTurns.reduce((sum, turn) => sum + turn, 0) / rateTurns.length : Math.min(initial, max);
    return this.attemptMs === null || (1000 * this.connections) / this.attemptMs > rate;
  }

  /** Median duration of attempts, and the server's configured median; null: unknown. Milliseconds. */
  get halfOfAttempts(): { readonly took: number; readonly asked: number } | null {
    const took = this.fetch.phases?.attempt.p50 ?? null;
    const latency = this.settings.target?.mock?.latency;
    return took === null || latency === undefined ? null : { took, asked: (latency.min + latency.max) / 2000 };
  }

  /**
   * True when attempts take far longer than the server's configured time: the rest is computing, of client and server, and waiting for it.
   */
  get strained(): boolean {
    return STRAINED.some(({ times, computing }) => this.slowed >= times && this.computing >= computing);
  }

  /** Ratio of the median attempt to its configured time; 0: unknown. */
  get slowed(): number {
    const half = this.halfOfAttempts;
    if (half === null) return 0;
    return half.took / (half.asked + (this.settings.connections.keepAlive ? ROUND_TRIP.kept : ROUND_TRIP.anew));
  }

  /** The same by the mean, with too few attempts for a median. */
  get slowOnAverage(): boolean {
    const latency = this.settings.target?.mock?.latency;
    const took = this.attemptMs;
    if (this.halfOfAttempts !== null || latency === undefined || took === null) return false;
    const asked = (latency.min + latency.max) / 2000;
    return took >= SLOW * (asked + ROUND_TRIP.anew) && this.attempted * (took - asked) >= 1000;
  }

  /** Mean requests that compute, or wait to compute, by Little's law: each one's own cost accounts for at most one at a time. */
  get computing(): number {
    const half = this.halfOfAttempts;
    return half === null ? 0 : (this.attempted * (half.took - half.asked)) / 1000;
  }

  /** Requests in flight with `underWay` in progress, given enough connections. */
  flyingOf(underWay: number): number {
    return this.flying === null || this.underWay === 0 ? underWay : underWay * Math.min(1, this.flying / this.underWay);
  }

  /** The part of the run in which requests waited. */
  get crowd(): Crowding | null {
    return crowding(this.result.series, CROWDED * this.ownMs);
  }
}
