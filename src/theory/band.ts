import { Random } from "../kernel/random.ts";
import { type ServiceTime, ServiceTimes } from "../load/service-times.ts";

/** Queues with Poisson arrivals, each with its own servers, first come first served; empty at first. */
export interface Lines {
  readonly count: number;
  /** Arrivals at each queue, per second. */
  readonly lambda: number;
  readonly servers: number;
  readonly service: ServiceTime;
  /** Most customers in each system, including the one in service; arrivals at a full system are lost. */
  readonly room: number;
  /** Duration of the measured arrivals, and of those before, in seconds. */
  readonly seconds: number;
  readonly warmup: number;
  /** Relaxation time of the queue, in seconds. */
  readonly relaxation: number;
}

/** Arrivals simulated for a band, over all runs. */
const STEPS = 1_200_000;
const MOST_RUNS = 400;
const LEAST_RUNS = 40;
/** Longest simulated run, in relaxation times: for longer ones the variance is inversely proportional to the length. */
const SHORT = 6000;
const SETTLED = 50;
const LONG = 150_000;
/** Standard deviations around the mean that contain nine tenths of a normal distribution. */
const NINE_TENTHS = 1.6449;

/**
 * Interval that contains the mean sojourn time of nine runs in ten, `steady` being that of the steady state, in seconds: from simulated
 * runs with other arrivals and service times, whose means are about lognormal. For runs shortened here (many queues, long runs) the
 * variance is scaled as that of a mean.
 */
export function meanBand(lines: Lines, steady: number, seed: number): readonly [low: number, high: number] {
  const whole = lines.lambda * lines.seconds;
  const long = Math.max(SHORT, Math.min(SETTLED * lines.relaxation * lines.lambda, LONG));
  const length = Math.max(1, Math.min(whole, long));
  const count = Math.max(1, Math.min(lines.count, Math.floor(SHORT / length)));
  const runs = Math.min(MOST_RUNS, Math.max(LEAST_RUNS, Math.floor(STEPS / (length * count))));
  const part: Lines = { ...lines, count, warmup: Math.min(lines.warmup, long / lines.lambda), seconds: length / lines.lambda };
  const random = new Random(seed, "band");
  const logs: number[] = [];
  for (let i = 0; i < runs; i++) {
    const mean = oneRun(part, new ServiceTimes(lines.service, random.bits()), random);
    if (mean !== null) logs.push(Math.log(mean / steady));
  }
  if (logs.length === 0) return [steady, steady];
  const { mean, deviation, skew } = moments(logs);
  // The effect of beginning empty occurs once, however long the run is.
  const centre = mean * (length / whole);
  const shrink = Math.sqrt((length * count) / (whole * lines.count));
  // E. A. Cornish and R. A. Fisher (1938): the shift of both ends by skewness.
  const moved = (shrink * skew * (NINE_TENTHS ** 2 - 1)) / 6;
  const end = (side: number) => steady * Math.exp(centre + shrink * deviation * (side * NINE_TENTHS + moved));
  return [end(-1), end(1)];
}

function moments(values: readonly number[]) {
  const average = (of: (value: number) => number) => values.reduce((sum, value) => sum + of(value), 0) / values.length;
  const mean = average((value) => value);
  const deviation = Math.sqrt(average((value) => (value - mean) ** 2));
  const skew = deviation === 0 ? 0 : average((value) => ((value - mean) / deviation) ** 3);
  return { mean, deviation, skew };
}

/** Mean sojourn time of one run, in seconds; null: no arrivals. */
function oneRun(lines: Lines, times: ServiceTimes, random: Random): number | null {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < lines.count; i++) {
    const line = lines.servers > 1 ? new ManyServers(lines.servers) : new OneServer(lines.room);
    const end = lines.warmup + lines.seconds;
    for (let now = gap(random, lines.lambda); now < end; now += gap(random, lines.lambda)) {
      const done = line.serve(now, times.next() / 1e9);
      if (done === null || now < lines.warmup) continue;
      sum += done - now;
      count++;
    }
  }
  return count === 0 ? null : sum / count;
}

function gap(random: Random, lambda: number): number {
  return -Math.log(1 - random.unit()) / lambda;
}

/** D. V. Lindley's recursion (1952), with a limit on the number in the system. */
class OneServer {
  private free = 0;
  /** Completion times of the last admitted customers, as many as there is room for; null: no limit. */
  private readonly done: Float64Array | null;
  private place = 0;

  constructor(room: number) {
    this.done = Number.isFinite(room) ? new Float64Array(room) : null;
  }

  /** Completion time of the customer; null: there is no room. */
  serve(now: number, time: number): number | null {
    if (this.done !== null && (this.done[this.place] as number) > now) return null;
    this.free = Math.max(now, this.free) + time;
    if (this.done !== null) {
      this.done[this.place] = this.free;
      this.place = this.place + 1 === this.done.length ? 0 : this.place + 1;
    }
    return this.free;
  }
}

/**
 * J. Kiefer and J. Wolfowitz (1955): the first free server takes the next customer; an in-place heap of the times at which servers are
 * free.
 */
class ManyServers {
  private readonly free: Float64Array;

  constructor(servers: number) {
    this.free = new Float64Array(servers);
  }

  serve(now: number, time: number): number {
    const { free } = this;
    const done = Math.max(now, free[0] as number) + time;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child + 1 < free.length && (free[child + 1] as number) < (free[child] as number)) child++;
      if (child >= free.length || (free[child] as number) >= done) break;
      free[i] = free[child] as number;
      i = child;
    }
    free[i] = done;
    return done;
  }
}
