import { MAX_ARRIVALS, rampTotal, wholeTotal } from "../scenario/load-extent.ts";
import type { Load } from "../scenario/schema.ts";
import type { RateStep } from "../telemetry/rate-changes.ts";
import type { RateChange } from "../telemetry/result.ts";
import { levelRamp } from "./constant-arrival-rate.ts";

/** Arrival rates that are changed while a case runs: a changed load is a ramp, with a jump where the rate was changed. */

export type RampLoad = Extract<Load, { readonly executor: "ramping-arrival-rate" }>;
type Stage = RampLoad["stages"][number];

/** The load as a ramp with the same tape; null: it has no rate that could be changed. */
export function rampOf(load: Load): RampLoad | null {
  if (load.executor === "ramping-arrival-rate") return load;
  if (load.executor !== "constant-arrival-rate" || typeof load.rate !== "number") return null;
  const { rate, timeUnit, duration, arrivals, jitter } = load;
  return { executor: "ramping-arrival-rate", ...levelRamp({ rate, timeUnit, duration }), arrivals, jitter };
}

/**
 * The load at `factor` times its rate from an instant on, in microseconds; as long as before. Its tape begins with the same arrivals, up to
 * the instant less the jitter: to the last digit on level stretches, and within rounding to 1 µs on slopes, which are cut in two.
 */
export function changedRate(load: RampLoad, at: number, factor: number): RampLoad {
  const stages: Stage[] = [];
  let from = 0;
  let rate = load.startRate;
  const jump = (to: number) => stages.push({ target: to * factor, duration: 0 });
  for (const { target, duration } of load.stages) {
    const end = from + duration;
    // A jump at this very instant belongs to what follows it.
    if (end < at || (end === at && duration > 0)) stages.push({ target, duration });
    else if (from < at) {
      const there = rate + ((target - rate) * (at - from)) / duration;
      stages.push({ target: there, duration: at - from });
      jump(there);
      stages.push({ target: target * factor, duration: end - at });
    } else {
      if (from === at && duration > 0 && stages.at(-1)?.duration !== 0) jump(rate);
      stages.push({ target: target * factor, duration });
    }
    from = end;
    rate = target;
  }
  return { ...load, stages };
}

/** Arrivals per second right after an instant in microseconds. */
export function rateAfter({ startRate, timeUnit, stages }: RampLoad, at: number): number {
  let from = 0;
  let rate = startRate;
  for (const { target, duration } of stages) {
    if (from + duration > at) {
      rate += ((target - rate) * (at - from)) / duration;
      break;
    }
    from += duration;
    rate = target;
  }
  // Without the last digits, in which a product differs from the number that was meant.
  return Number(((rate * 1e6) / timeUnit).toPrecision(12));
}

/** The changes at these instants in microseconds, in order, with the rates that the load has after them. */
export function rateChanges(load: RampLoad, instants: readonly number[]): RateChange[] {
  return [...new Set(instants)].sort((a, b) => a - b).map((at) => ({ atMs: at / 1000, rate: rateAfter(load, at) }));
}

/** Preferred numbers of the series R10 (ISO 3): ten steps to each decade, each about a quarter more. */
const PREFERRED = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8] as const;

/** The next preferred rate above or below; 0 has none. */
export function nextRate(rate: number, direction: RateStep): number {
  const power = Math.floor(Math.log10(rate));
  const steps = [power - 1, power, power + 1].flatMap((p) => PREFERRED.map((one) => (p < 0 ? one / 10 ** -p : one * 10 ** p)));
  const found = direction === "up" ? steps.find((one) => one > rate * ALIKE) : steps.findLast((one) => one * ALIKE < rate);
  return found ?? rate;
}

const ALIKE = 1 + 1e-9;

/**
 * True when a changed load has the arrivals that the load had before it was changed, and no others. Evenly spaced ones are as many as are
 * expected in whole: where less than one more is expected after the last, that one is none of them, before the change or after it.
 */
export function keepsArrivals(load: RampLoad, changed: RampLoad, at: number): boolean {
  const before = Math.floor(rampTotal(changedRate(load, at, 0)));
  return load.arrivals === "poisson" || (wholeTotal(load) > before && wholeTotal(changed) > before);
}

/** The load at its next rate up or down from an instant on; null: it has none, too many would come, or none that is not there already. */
export function steppedRate(load: Load, at: number, direction: RateStep): RampLoad | null {
  const ramp = rampOf(load);
  const rate = ramp === null ? 0 : rateAfter(ramp, at);
  if (ramp === null || rate === 0) return null;
  const changed = changedRate(ramp, at, nextRate(rate, direction) / rate);
  return rampTotal(changed) > MAX_ARRIVALS || !keepsArrivals(ramp, changed, at) ? null : changed;
}
