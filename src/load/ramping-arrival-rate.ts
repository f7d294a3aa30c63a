import { exactLog } from "../kernel/exact-math.ts";
import { Random } from "../kernel/random.ts";
import { type Ramp, wholeTotal } from "../scenario/load-extent.ts";
import { type Instants, jittered, timedTape } from "./instants.ts";
import type { KeySource } from "./keys.ts";
import type { Steering, Tape } from "./tape.ts";

export interface RampingArrivalRate extends Ramp {
  readonly arrivals: "uniform" | "poisson";
  readonly jitter: number;
}

/**
 * Arrivals at a rate that changes linearly from stage to stage. Of a level stretch, every instant depends on what came before alone: later
 * stages leave it as it is, to the last digit.
 */
export function rampingArrivalRate(load: RampingArrivalRate, keys: KeySource, seed: number): Tape {
  const { next, steering } = load.arrivals === "uniform" ? uniform(load) : poisson(load, new Random(seed, "arrivals"));
  return timedTape(jittered(next, load.jitter, seed), keys, steering);
}

interface SteeredInstants {
  readonly next: Instants;
  readonly steering: Steering;
}

/** Item i at the instant by which i arrivals were expected. */
function uniform(load: Ramp): SteeredInstants {
  const { timeUnit } = load;
  let all = stagesOf(load);
  let place = 0;
  let stage = all[0];
  let count = wholeTotal(load);
  let i = 0;
  let last = 0;
  const next = () => {
    if (i >= count) {
      last = Number.POSITIVE_INFINITY;
      return last;
    }
    while (i > stage.through) stage = all[++place] ?? stage;
    const expected = i++ - stage.before;
    // The usual case, without a call.
    if (stage.rate === stage.to) last = Math.round(stage.from + (expected * timeUnit) / stage.rate);
    else last = Math.round(stage.from + Math.min(stage.duration, spanOf(stage, 0, Math.max(0, expected), timeUnit)));
    return last;
  };
  const changeTo = (changed: Ramp) => {
    all = stagesOf(changed);
    stage = all[place] ?? stage;
    count = wholeTotal(changed);
  };
  return { next, steering: { readUntil: () => last, changeTo } };
}

/** A Poisson process of changing rate: an exponential gap of mean 1 lasts until so much of an arrival was expected (Çınlar 1975). */
function poisson(load: Ramp, random: Random): SteeredInstants {
  const { timeUnit } = load;
  let all = stagesOf(load);
  let place = 0;
  let stage = all[0];
  /** Time since the beginning of the stage. */
  let since = 0;
  let at = 0;
  const next = () => {
    let gap = -exactLog(1 - random.unit());
    for (;;) {
      const found = at + spanOf(stage, since, gap, timeUnit);
      const end = stage.from + stage.duration;
      if (found < end) {
        at = found;
        since = at - stage.from;
        return Math.round(at);
      }
      const following = all[++place];
      if (following === undefined) {
        at = Number.POSITIVE_INFINITY;
        return at;
      }
      gap = Math.max(0, gap - expectedIn(stage, since, timeUnit));
      stage = following;
      since = 0;
      at = end;
    }
  };
  const changeTo = (changed: Ramp) => {
    all = stagesOf(changed);
    stage = all[place] ?? stage;
  };
  return { next, steering: { readUntil: () => at, changeTo } };
}

/** A stage with its beginning and the rates, per time unit, at both ends. */
interface Stage {
  readonly from: number;
  readonly duration: number;
  readonly rate: number;
  readonly to: number;
  /** Arrivals expected before it, and those by whose number it is over: none where it expects none, Infinity for the last stage. */
  readonly before: number;
  readonly through: number;
}

function stagesOf({ startRate, timeUnit, stages }: Ramp): [Stage, ...Stage[]] {
  let from = 0;
  let rate = startRate;
  let before = 0;
  const all = stages.map(({ target: to, duration }, i): Stage => {
    const expected = expectedIn({ rate, to, duration }, 0, timeUnit);
    // Stages that expect no arrival are skipped, so the first arrival comes when the rate has left 0.
    const through = i === stages.length - 1 ? Number.POSITIVE_INFINITY : expected === 0 ? -1 : before + expected;
    const stage = { from, duration, rate, to, before, through };
    from += duration;
    rate = to;
    before += expected;
    return stage;
  });
  const [first, ...later] = all;
  return [first ?? { from, duration: 0, rate, to: rate, before, through: Number.POSITIVE_INFINITY }, ...later];
}

type Slope = Pick<Stage, "rate" | "to" | "duration">;

/** Arrivals expected in a stage from a time after its beginning on. */
function expectedIn({ rate, to, duration }: Slope, since: number, timeUnit: number): number {
  const now = since === 0 ? rate : rate + ((to - rate) * since) / duration;
  return ((now / timeUnit + to / timeUnit) / 2) * (duration - since);
}

/** Time from then until some more arrivals are expected; beyond the end of the stage where it expects fewer. */
function spanOf({ rate, to, duration }: Slope, since: number, expected: number, timeUnit: number): number {
  if (expected === 0 || duration === 0) return 0;
  if (rate === to) return (expected * timeUnit) / rate;
  const slope = (to / timeUnit - rate / timeUnit) / duration;
  const now = rate / timeUnit + slope * since;
  // now · t + slope · t² / 2 = expected, in the form that stays exact when the slope is small.
  return (2 * expected) / (now + Math.sqrt(Math.max(0, now * now + 2 * slope * expected)));
}
