import { Heap } from "../kernel/heap.ts";
import { Histogram } from "../kernel/histogram.ts";
import { Random } from "../kernel/random.ts";
import { openTape } from "../load/open.ts";
import { Arrival } from "../load/tape.ts";
import { backoffDelay, isTransientStatus } from "../resilience/backoff.ts";
import { RateGate } from "../resilience/rate-gate.ts";
import { RateLimiter, type RateRule, SHRINK_BY } from "../resilience/rate-limiter.ts";
import { SLOW_BODY } from "../scenario/fetch-schema.ts";
import { MODE_TRAITS } from "../scenario/modes.ts";
import type { FetchSettings, MockSettings } from "../scenario/schema.ts";
import type { Prediction } from "../telemetry/prediction.ts";
import { type Expected, offeredRate, simulatable } from "./demand.ts";
import { redisTime, streamCosts } from "./redis.ts";

/** Most requests simulated for a prediction. */
const SIMULATED = 200_000;
/** Round trips from the runner to the beginning of an item: to the stream, which rings, and the taking. */
const TRIPS_BEFORE = 2;
/** Most requests in flight with a prediction: beyond it the unknown cost of sockets and promises matters as much as the server. */
const MOST_SLOTS = 500;
/** Time from the first piece of a slow body to its last, in seconds. */
const SLOW = ((SLOW_BODY.pieces - 1) * SLOW_BODY.pauseMs) / 1000;

/** Mean cost of a scenario's request, by the configuration of its server. Seconds. */
export interface RequestDemand {
  /** One attempt. */
  readonly attempt: number;
  /** Probability that an attempt fails and is retried. */
  readonly failing: number;
  /** Of these, the share of answers that ask for a wait without a length: status 429 without Retry-After. */
  readonly told: number;
  /** Probability that an item succeeds. */
  readonly success: number;
  /** Attempts of an item: the geometric series 1 + p + p² … up to `retry.max`. */
  readonly attempts: number;
  /** An item with all its attempts and waits. */
  readonly item: number;
}

/** Means by the rules alone; null for an unknown server. */
export function requestDemand(fetch: FetchSettings): RequestDemand | null {
  const mock = fetch.target?.mock;
  if (mock === undefined) return null;
  const { latency, stallRate, resetRate, truncateRate, slowRate, errorRate } = mock;
  const timeout = patienceOf(fetch);
  const { mean, late } = answerTime(latency.min / 1e6, latency.max / 1e6, timeout);
  const attempt = (1 - stallRate) * mean + stallRate * timeout + slowRate * Math.min(SLOW, Math.max(0, timeout - mean));
  const cutShort = slowRate * (mean + SLOW > timeout ? 1 : 0);
  // Asked to wait for an unspecified time, a client waits for its maximum.
  const told = mock.errorStatus === 429;
  const retried = isRetried(mock) ? (1 - late) * errorRate : 0;
  const failing = Math.min(1, resetRate + truncateRate + stallRate + cutShort + late + retried);
  const { max } = fetch.retry;
  const attempts = failing < 1 ? (1 - failing ** (max + 1)) / (1 - failing) : max + 1;
  const jitter = fetch.retry.jitter === "none" ? 1 : fetch.retry.jitter === "full" ? 0.5 : 1 - fetch.retry.jitter / 2;
  let waits = 0;
  for (let retry = 1; retry <= max; retry++) {
    const backoff = backoffDelay({ ...fetch.retry, jitter: "none" }, retry, 0) * 1e-6 * jitter;
    const share = failing > 0 && told ? retried / failing : 0;
    waits += failing ** retry * (share * Math.max(backoff, fetch.retry.maxDelay / 1e6) + (1 - share) * backoff);
  }
  const success = (1 - failing ** (max + 1)) * (1 - refusedShare(fetch, failing));
  const item = Math.min(fetch.deadline / 1e6, attempts * attempt + waits);
  return { attempt, failing, told: told ? retried : 0, success, attempts, item };
}

/** True of an error that is tried again. */
function isRetried({ errorStatus }: MockSettings): boolean {
  return errorStatus === 429 || isTransientStatus(errorStatus);
}

/** Share of the attempts that are not tried again which are answered with an error all the same. */
function refusedShare(fetch: FetchSettings, failing: number): number {
  const mock = fetch.target?.mock as MockSettings;
  if (isRetried(mock) || failing >= 1) return 0;
  const { late } = answerTime(mock.latency.min / 1e6, mock.latency.max / 1e6, patienceOf(fetch));
  return ((1 - late) * mock.errorRate) / (1 - failing);
}

/** Longest time of one attempt, in seconds. */
function patienceOf({ timeout, deadline }: FetchSettings): number {
  return Math.min(timeout, deadline) / 1e6;
}

/** Mean time to a uniformly distributed answer, or to the timeout, and the probability of the latter; in seconds. */
function answerTime(least: number, most: number, timeout: number): { readonly mean: number; readonly late: number } {
  if (timeout >= most) return { mean: (least + most) / 2, late: 0 };
  if (timeout <= least) return { mean: timeout, late: 1 };
  const late = (most - timeout) / (most - least);
  return { mean: ((least + timeout) / 2) * (1 - late) + timeout * late, late };
}

/** Probability of enough consecutive failures to open a breaker from which it will be open for part of the run. */
const BREAKING = 1e-3;

/** The limits of a number of clients together, each of which keeps to those of the scenario by itself. */
export function limitsOf(fetch: FetchSettings, clients: number): FetchSettings {
  if (clients === 1) return fetch;
  const { concurrency, connections, rateLimit } = fetch;
  const { max } = concurrency;
  return {
    ...fetch,
    concurrency: { ...concurrency, min: clients * concurrency.min, max: max === "unlimited" ? max : clients * max },
    connections: { ...connections, max: clients * connections.max },
    rateLimit:
      rateLimit === false
        ? rateLimit
        : { initial: clients * rateLimit.initial, min: clients * rateLimit.min, max: clients * rateLimit.max },
  };
}

/** Most requests in flight in a mode. */
export function fetchSlots({ mode, scenario }: Pick<Expected, "mode" | "scenario">): number {
  const { concurrency, connections } = scenario.fetch as FetchSettings;
  if (mode === "sync") return 1;
  return Math.min(connections.max, concurrency.max === "unlimited" ? Number.POSITIVE_INFINITY : concurrency.max);
}

/**
 * Mean of a rate that grows by a factor after a number of successes and is cut to a share of its peak: growth proportional to the rate
 * makes 1/r fall linearly, so the mean is peak · ln(1/cut) / (1/cut − 1); ln 2 of the peak when halved.
 */
export function sawtoothMean(cut: number): number {
  return Math.log(1 / cut) / (1 / cut - 1);
}

/** Prediction for a case of requests. */
export function predictFetch(asked: Expected): Prediction {
  const expected = ofClients(asked);
  const { scenario } = expected;
  const fetch = scenario.fetch as FetchSettings;
  const demand = requestDemand(fetch);
  const lambda = offeredRate(scenario);
  const nothing = { capacity: null, throughput: null, sojournMean: null, sojournP99: null, utilization: null };
  if (demand === null) return { ...nothing, bottleneck: "the server", model: "none" };
  const mock = fetch.target?.mock as MockSettings;
  const slots = fetchSlots(expected);
  // How often refused requests return before another one ends is not known in advance.
  if (mock.maxConnections > 0 && slots > mock.maxConnections) return { ...nothing, bottleneck: "the server's connections", model: "none" };
  const limits: [number, string][] = [];
  const trip = tripOf(expected);
  if (demand.item + trip > 0 && slots <= MOST_SLOTS) limits.push([slots / (demand.item + trip), "concurrency"]);
  if (trip > 0) limits.push([1 / redisTime(expected), "Redis"]);
  if (mock.rateLimit > 0) {
    const share = fetch.rateLimit === false ? 1 : sawtoothMean(SHRINK_BY);
    limits.push([(mock.rateLimit * share) / demand.attempts, "the server's rate limit"]);
  }
  if (fetch.rateLimit !== false) limits.push([fetch.rateLimit.max / demand.attempts, "the client's rate limit"]);
  if (limits.length === 0) return { ...nothing, throughput: lambda, bottleneck: "arrivals", model: "capacity" };
  const [capacity, bottleneck] = limits.reduce((least, one) => (one[0] < least[0] ? one : least));
  const utilization = lambda === null ? 1 : Math.min(1, lambda / capacity);
  const named = lambda !== null && lambda < capacity ? "arrivals" : bottleneck;
  // What depends on history (adaptive limits, breakers, outages) is bounded, not simulated.
  const breaking = fetch.circuitBreaker !== false && demand.failing ** fetch.circuitBreaker.failureThreshold > BREAKING;
  const adaptive =
    breaking || mock.rateLimit > 0 || fetch.rateLimit !== false || fetch.concurrency.adaptive !== "none" || mock.outages.length > 0;
  // How several clients share the rate that each finds out by itself is not known in advance.
  const rivals = fetch.rateLimit !== false && mock.rateLimit > 0 && clientsIn(asked) > 1;
  if (fetch.rateLimit !== false && mock.rateLimit > 0 && scenario.load.executor === "shared-iterations" && !rivals) {
    const most = slots / Math.max(1e-9, demand.attempt);
    const throughput = Math.min(most, simulateLimited(fetch.rateLimit, mock, demand, scenario.load.iterations));
    return { ...nothing, capacity, throughput, utilization, bottleneck: named, model: "simulation" };
  }
  // Who waits for Redis is not simulated.
  if (adaptive || named === "Redis" || !simulatable(scenario)) {
    // A rate that has to rise first, and answers that ask to wait: how long that takes is not known in advance.
    const climbs = fetch.rateLimit !== false && fetch.rateLimit.initial < Math.min(fetch.rateLimit.max, lambda ?? fetch.rateLimit.max);
    const refuses = mock.rateLimit > 0 && fetch.rateLimit === false && (lambda ?? Number.POSITIVE_INFINITY) > mock.rateLimit;
    const steady = fetch.concurrency.adaptive === "none" && !climbs && !refuses && !rivals;
    const known = !breaking && mock.outages.length === 0 && steady;
    const throughput = known ? Math.min(lambda ?? Number.POSITIVE_INFINITY, capacity) * demand.success : null;
    return { ...nothing, capacity, throughput, utilization, bottleneck: named, model: "capacity" };
  }
  const simulated = simulateFetch(expected, demand, slots);
  // With random durations more may be done than by their mean.
  const able = Math.max(capacity, simulated.throughput);
  return {
    capacity: able,
    drawn: able > capacity ? ((demand.item + trip) * 1000 * capacity) / able : null,
    throughput: simulated.throughput,
    sojournMean: simulated.sojourn.mean / 1e6,
    sojournP99: simulated.sojourn.percentile(0.99) / 1e6,
    utilization,
    bottleneck: named,
    model: "simulation",
  };
}

/** The same with the limits of all clients together: in `distributed` each worker is one, and each request a batch. */
function ofClients(expected: Expected): Expected {
  const { mode, scenario } = expected;
  if (!MODE_TRAITS[mode].remote) return expected;
  const fetch = limitsOf(scenario.fetch as FetchSettings, clientsIn(expected));
  return { ...expected, scenario: { ...scenario, fetch, distributed: { ...scenario.distributed, batch: 1 } } };
}

/** Seconds of a round trip to Redis, of `distributed`; 0: other modes have none. */
function tripOf(expected: Expected): number {
  return MODE_TRAITS[expected.mode].remote ? streamCosts(expected, 1).roundTrip : 0;
}

/** Those with limits of their own: one in most modes; in `distributed` each host has a worker, and `redis: auto` starts several on one. */
function clientsIn({ mode, hosts = 1, workers }: Expected): number {
  if (!MODE_TRAITS[mode].remote) return 1;
  return hosts > 1 ? hosts : workers;
}

/** Draws the cost of items: attempts with their latencies, and the waits between them. */
class Requests {
  private readonly random: Random;
  private readonly mock: MockSettings;
  /** Share of the attempts that are not tried again, and fail. */
  private readonly refused: number;

  constructor(
    private readonly fetch: FetchSettings,
    seed: number,
    private readonly demand: RequestDemand,
  ) {
    this.random = new Random(seed, "requests");
    this.mock = fetch.target?.mock as MockSettings;
    this.refused = refusedShare(fetch, demand.failing);
  }

  /** Nanoseconds; negative when the item fails in the end. */
  next(): number {
    const { retry } = this.fetch;
    const { failing, told } = this.demand;
    const deadline = this.fetch.deadline * 1000;
    let total = 0;
    for (let attempt = 1; ; attempt++) {
      const failed = failing > 0 && this.random.unit() < failing;
      total += this.attempt(failed);
      if (total >= deadline) return -deadline;
      if (!failed) return this.refused > 0 && this.random.unit() < this.refused ? -total : total;
      if (attempt > retry.max) return -total;
      const backoff = backoffDelay(retry, attempt, this.random.unit()) * 1000;
      const wait = told > 0 && this.random.unit() < told / failing ? Math.max(backoff, retry.maxDelay * 1000) : backoff;
      if (total + wait > deadline) return -total;
      total += wait;
    }
  }

  private attempt(failed: boolean): number {
    const { latency, stallRate, slowRate } = this.mock;
    const took = (latency.min + (latency.max - latency.min) * this.random.unit()) * 1000;
    const timeout = patienceOf(this.fetch) * 1e9;
    const { failing } = this.demand;
    // A slow body ends by the timeout, or takes a little longer than any other.
    const cutShort = (latency.min + latency.max) * 500 + SLOW * 1e9 > timeout;
    const endless = stallRate + (cutShort ? slowRate : 0);
    if (failed && endless > 0 && this.random.unit() < endless / failing) return timeout;
    if (!failed && !cutShort && slowRate > 0 && this.random.unit() < slowRate / (1 - failing)) return Math.min(timeout, took + SLOW * 1e9);
    return Math.min(timeout, took);
  }
}

/** The real limiter and the server's gate on a simulated clock: items per second of a list that is always ready. */
function simulateLimited(rule: RateRule, mock: MockSettings, { attempt }: RequestDemand, items: number): number {
  const limiter = new RateLimiter(rule);
  const gate = new RateGate(mock.rateLimit);
  const answers = new Heap<{ readonly sentAt: number; readonly ok: boolean }>();
  const latency = attempt * 1e9;
  const most = Math.min(items, SIMULATED);
  let now = 0;
  let done = 0;
  let lastDone = 0;
  while (done < most) {
    while (answers.next <= now) {
      const at = answers.next;
      const answer = answers.pop();
      if (answer === undefined) break;
      if (answer.ok) {
        limiter.succeeded();
        done++;
        lastDone = at;
      } else limiter.refused(answer.sentAt, at);
    }
    const at = limiter.take(now);
    if (at > now) {
      now = Math.min(at, answers.next);
      continue;
    }
    const ok = gate.admits(now / 1e6);
    answers.push(now + (ok ? latency : 0), { sentAt: now, ok });
  }
  return lastDone > 0 ? (done * 1e9) / lastDone : 0;
}

/**
 * Simulates the same arrivals with a number of slots, each busy until its item is done; in `distributed` an item's way to a free slot and
 * the commit that frees it take round trips.
 */
function simulateFetch(expected: Expected, demand: RequestDemand, slots: number) {
  const { mode, scenario } = expected;
  const trip = tripOf(expected) * 1e9;
  const fetch = scenario.fetch as FetchSettings;
  const { load } = scenario;
  const requests = new Requests(fetch, scenario.seed, demand);
  const busy = new Heap<null>();
  const sojourn = new Histogram();
  const closed = "vus" in load;
  const most = load.executor === "shared-iterations" ? load.iterations : SIMULATED;
  const until = load.executor === "constant-vus" ? load.duration * 1000 : Number.POSITIVE_INFINITY;
  const waves = fetch.concurrency.window === "waves" && mode !== "sync";
  // A wave takes as many as may be in progress, whether or not there is a connection for each.
  const wave = fetch.concurrency.max === "unlimited" ? Number.POSITIVE_INFINITY : fetch.concurrency.max;
  const tape = closed ? null : openTape(scenario, () => null);
  const arrival = new Arrival();
  const servers = closed ? Math.min(slots, load.vus) : slots;
  let waveEnds = 0;
  let inWave = 0;
  let waveBegan = 0;
  let processed = 0;
  let last = 0;
  let first = Number.POSITIVE_INFINITY;
  for (let i = 0; i < Math.min(most, SIMULATED); i++) {
    if (tape !== null && !tape.next(arrival)) break;
    const free = busy.size < servers ? 0 : busy.next;
    if (waves && inWave === wave) {
      waveBegan = waveEnds;
      inWave = 0;
    }
    if (busy.size >= servers) busy.pop();
    const due = tape === null ? free : arrival.dueMicros * 1000;
    const started = Math.max(due + TRIPS_BEFORE * trip, free, waves ? waveBegan : 0);
    if (started >= until) break;
    inWave++;
    const took = requests.next();
    const ended = started + Math.abs(took);
    waveEnds = Math.max(waveEnds, ended);
    busy.push(ended + trip, null);
    first = Math.min(first, due);
    if (took < 0) continue;
    processed++;
    last = Math.max(last, ended);
    sojourn.record(ended - due);
  }
  tape?.close();
  const seconds = (last - Math.min(first, last)) / 1e9;
  return { throughput: seconds > 0 ? processed / seconds : 0, sojourn };
}
