import { squaredVariation } from "../load/service-times.ts";
import { MODE_TRAITS } from "../scenario/modes.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { SteadyState } from "../telemetry/prediction.ts";
import { type Lines, meanBand } from "./band.ts";
import type { KeyLimits } from "./capacity.ts";
import { type Expected, rationed } from "./demand.ts";
import {
  dd1Sojourn,
  md1Sojourn,
  md1SojournQuantile,
  mg1Sojourn,
  mm1k,
  mm1Sojourn,
  mm1SojournQuantile,
  mmcSojourn,
  mmcSojournQuantile,
} from "./queues.ts";

/** The formula whose assumptions a case meets. */
export interface Formula {
  readonly model: string;
  /** null: there is no steady state, or a run of this length is too short for it. */
  readonly steadyState: SteadyState | null;
}

/** Times in seconds. */
interface Line {
  readonly model: string;
  readonly mean: number | null;
  readonly p99: number | null;
  readonly count: number;
  readonly servers: number;
  readonly room: number;
}

/** Share that formulas neglect. */
const NEGLIGIBLE = 0.01;
/** Relaxation times after which a run is near its steady state. */
const SETTLING = 3;
/** Arrivals per relaxation time beyond which no run is long enough to settle. */
const MOST_RELAXING = 15_000;
/** Squared coefficient of variation from which a mean depends on a few of the longest. */
const HEAVY = 9;
/** The formula is shown where nine runs in ten lie within this factor of it. */
const NEAR = 1.5;

/**
 * The formula of a case at a rate of arrivals per second, if there is one: its sojourn time in the steady state, and how runs of this
 * length vary.
 */
export function formulaOf(expected: Expected, lambda: number, servers: number, limits: KeyLimits): Formula | null {
  // Threads stopped for a part of each period are not servers that a formula covers.
  if (!plain(expected) || rationed(expected)) return null;
  const { scenario } = expected;
  const { load, work, seed } = scenario;
  if (load.executor !== "constant-arrival-rate") return null;
  const service = work.time / 1e6;
  // Work that never leaves its thread gives a second processor nothing to do.
  const waits = work.kind === "io" || work.kind === "mixed";
  const overlapping = expected.mode !== "sync" && scenario.async.concurrency > 1 && waits;
  if (load.arrivals === "uniform") {
    if (overlapping || servers > 1 || work.distribution !== "constant") return null;
    const calm = dd1Sojourn(lambda, service);
    if (calm === null) return roomy(expected) ? { model: "D/D/1, overloaded", steadyState: null } : null;
    const each = calm * 1000;
    return { model: "D/D/1", steadyState: { model: "D/D/1", sojournMean: each, sojournP99: each, band: [each, each] } };
  }
  const line = overlapping ? overlapped(expected, lambda, servers, limits) : inLine(expected, lambda, servers, limits);
  if (line === null || line.mean === null) return null;
  const lines: Lines = {
    ...line,
    lambda: lambda / line.count,
    service: work,
    seconds: (load.duration - scenario.warmup) / 1e6,
    warmup: scenario.warmup / 1e6,
    relaxation: relaxationOf(line, lambda / line.count, work),
  };
  if (lines.seconds < SETTLING * lines.relaxation || lines.relaxation * lines.lambda > MOST_RELAXING) return null;
  const [low, high] = meanBand(lines, line.mean, seed);
  if (squaredVariation(work) >= HEAVY && (low < line.mean / NEAR || high > line.mean * NEAR)) return null;
  const p99 = line.p99 === null ? null : line.p99 * 1000;
  return {
    model: line.model,
    steadyState: { model: line.model, sojournMean: line.mean * 1000, sojournP99: p99, band: [low * 1000, high * 1000] },
  };
}

/** True for arrivals at one rate, a queue and work, one message at a time, and nothing else. */
function plain({
  mode,
  scenario: {
    load,
    source,
    batch,
    work,
    async: { offload },
  },
}: Expected): boolean {
  const oneByOne = mode === "sync" || (batch.size ?? (batch.timeout === undefined ? 1 : 2)) === 1;
  const steady = load.executor === "constant-arrival-rate" && load.jitter === 0 && source.latency.max === 0;
  const near = !MODE_TRAITS[mode].remote && !(mode === "async" && offload !== "none");
  return steady && oneByOne && work.perBatch === 0 && near;
}

/** True when no arrival is lost. */
function roomy({ mode, scenario: { queue } }: Expected): boolean {
  return mode === "sync" || queue.overflow === "block" || queue.capacity === "unlimited";
}

/** Overlapping waits: as many servers as processors. */
function overlapped(expected: Expected, lambda: number, servers: number, { key }: KeyLimits): Line | null {
  const { mode, scenario } = expected;
  const { work, keys } = scenario;
  const service = work.time / 1e6;
  const alike = keys.distribution !== "zipf" && keys.count >= 20 * servers && lambda < key;
  if (mode !== "async" || work.kind !== "io" || work.distribution !== "exponential" || !alike || !roomy(expected)) return null;
  return {
    model: `M/M/${servers}`,
    mean: mmcSojourn(lambda, service, servers),
    p99: mmcSojournQuantile(0.99, lambda, service, servers),
    count: 1,
    servers,
    room: Number.POSITIVE_INFINITY,
  };
}

/** One message after another, on one thread or on each of several. */
function inLine(expected: Expected, lambda: number, servers: number, { thread }: KeyLimits): Line | null {
  const { mode, scenario } = expected;
  const { work, queue, keys } = scenario;
  const service = work.time / 1e6;
  // More Workers than cores compute in turns, for which there is no formula.
  if (mode === "parallel" && servers !== expected.workers) return null;
  // Keys are spread by a hash: each Worker is a queue of its own, and splitting Poisson arrivals leaves them Poisson.
  const even = keys.distribution !== "zipf" && keys.count >= 100 * servers && thread > (1 - NEGLIGIBLE) * (servers / service);
  if (servers > 1 && !even) return null;
  const each = lambda / servers;
  const line = { count: servers, servers: 1, room: Number.POSITIVE_INFINITY };
  if (!roomy(expected)) {
    // A Worker holds batches beyond the queue, and dropping the oldest keeps those that wait least.
    if (mode !== "async" || queue.overflow !== "drop-newest" || queue.capacity === "unlimited") return null;
    const room = queue.capacity + 1;
    return work.distribution === "exponential"
      ? { ...line, model: `M/M/1/${room}`, mean: mm1k(each, service, room).sojourn, p99: null, room }
      : null;
  }
  const many = servers > 1 ? `${servers} × ` : "";
  switch (work.distribution) {
    case "exponential":
      return { ...line, model: `${many}M/M/1`, mean: mm1Sojourn(each, service), p99: mm1SojournQuantile(0.99, each, service) };
    case "constant":
      return { ...line, model: `${many}M/D/1`, mean: md1Sojourn(each, service), p99: md1SojournQuantile(0.99, each, service) };
    case "uniform":
    case "lognormal":
      return { ...line, model: `${many}M/G/1`, mean: mg1Sojourn(each, service, squaredVariation(work)), p99: null };
    default:
      return work.distribution satisfies never;
  }
}

/** Relaxation time of a queue: 2S(1 + c²) / (1 − ρ)², by its diffusion; with little room, the time to work that off. */
function relaxationOf({ servers, room }: Line, lambda: number, work: Scenario["work"]): number {
  const service = work.time / 1e6;
  const idle = 1 - (lambda * service) / servers;
  const free = (2 * service * (1 + squaredVariation(work))) / (servers * idle * idle);
  return Math.min(idle > 0 ? Math.max(service, free) : Number.POSITIVE_INFINITY, room * room * service);
}
