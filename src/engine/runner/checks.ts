import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Histogram } from "../../kernel/histogram.ts";
import { formatCount } from "../../kernel/units.ts";
import { agreeing, counted } from "../../kernel/wording.ts";
import type { Counts } from "../../telemetry/counts.ts";
import { droppedTotal, imbalance, type Ledger } from "../../telemetry/ledger.ts";
import type { LatencyPart } from "../../telemetry/recorder.ts";
import type { SelfCheck } from "../../telemetry/result.ts";
import type { StageFigures } from "../../workloads/stage.ts";

/**
 * Self-checks of a run. Each compares two figures obtained in different ways (counters of the tape and counters of departures, levels over
 * time and latencies, samples and totals), so that a mistake in either shows. All are exact but for rounding: their tolerances are far
 * above that and far below anything a reader of the figures would notice.
 */

/** Relative: sums of 10⁸ instants over hours lose 10⁻⁴ of sojourns of 10 µs, a run of minutes less than 10⁻⁹ of anything. */
const SUMS = 0.001;
/** Relative, for the times of one item, which add up to the last digit. */
const PARTS = 1e-6;
/** Per item: sojourns below this are no more exact than reading a clock; nor are they where the clock went back by more. */
const CLOCK: Nanoseconds = 100;
/** Buckets are 0.1 % wide, so a value is off by half of that; those under 2048 ns are truncated to integers. */
const BUCKETS = 0.002;
const WHOLE: Nanoseconds = 1;
/** Clocks of two threads agree to the tick where one clock serves all, and to about a millisecond where none does. */
const STEP_BACK: Nanoseconds = 2e6;

/** The figures compared; times in nanoseconds, of items due after warm-up unless stated otherwise. */
export interface Evidence {
  /** Over all items. */
  readonly ledger: Ledger;
  /** Departures beyond the items ever taken, and items out of their key's order. */
  readonly countedTwice: number;
  /** Messages of one key must be handled one after another. */
  readonly ordered: boolean;
  readonly counts: Counts;
  readonly histograms: Readonly<Record<LatencyPart, Histogram>>;
  readonly from: Nanoseconds;
  readonly until: Nanoseconds;
  /** Arrivals by the tape, and the time integral of their number. */
  readonly arrivals: number;
  readonly arrivalArea: number;
  /** Items lost with a thread that died, without a recorded departure. */
  readonly lost: number;
  /** Sums over the samples. */
  readonly told: { readonly offered: number; readonly processed: number; readonly dropped: number; readonly measured: number };
  readonly queue: { readonly meanDepth: number; readonly highWater: number };
  /**
   * Time integrals of waiting items and of items at work, over the whole run, summed from the levels of the series; null where some items
   * are not in the histograms.
   */
  readonly levels: { readonly waiting: number; readonly inFlight: number } | null;
  /** The latency that is spent waiting: `queue`, or `schedule` where there is none. */
  readonly waitsIn: "queue" | "schedule";
  /** Requests sent, for workloads that make requests; null: others. */
  readonly requests: RequestTotals | null;
  /** Largest step of the clock back between two samples. */
  readonly steppedBack: Nanoseconds;
}

/** Requests sent, and their outcomes. */
export type RequestTotals = NonNullable<StageFigures["requests"]>;

export interface Little {
  readonly meanInSystem: number;
  readonly lambdaTimesW: number;
  readonly relativeError: number;
}

/**
 * L = λW (J. D. C. Little, 1961) over the time from warm-up to the end. L is the time integral of (due − left), from the tape's due times
 * and from counters of departures, which are independent of latencies. W is the mean of the sojourn histogram, and of the time inside of
 * items that are in no histogram: rejected, dropped, or unfinished, which count up to the end.
 */
export function littlesLaw({ from, until, arrivals, arrivalArea, counts, histograms }: Evidence): Little {
  const span = Math.max(1, until - from);
  const leftArea = counts.left * until - counts.leftInstants;
  const meanInSystem = (arrivalArea - leftArea) / span;
  const ended = histograms.sojourn.count + counts.others;
  const inside = histograms.sojourn.sum + counts.othersInside;
  const lambdaTimesW = ended === 0 ? 0 : ((arrivals / span) * inside) / ended;
  const scale = Math.max(meanInSystem, lambdaTimesW);
  return { meanInSystem, lambdaTimesW, relativeError: scale > 0 ? Math.abs(meanInSystem - lambdaTimesW) / scale : 0 };
}

/** All checks of a run, in the order of reporting. */
export function selfChecks(evidence: Evidence): SelfCheck[] {
  const { ledger, countedTwice, counts, lost, queue } = evidence;
  const checks: SelfCheck[] = [
    exactly("ledger", imbalance(ledger)),
    exactly("countedOnce", Math.max(0, countedTwice)),
    exactly("keyOrder", evidence.ordered ? counts.orderViolations : 0),
    { name: "clock", ok: backwards(evidence) <= STEP_BACK, figure: backwards(evidence) / 1e6 },
    partsCheck(evidence),
    histogramCheck(evidence),
    seriesCheck(evidence),
    { name: "highWater", ok: queue.meanDepth <= queue.highWater * (1 + 1e-9) + 1e-9, figure: queue.highWater - queue.meanDepth },
  ];
  // Items lost with a dead thread are in no counter; such a run has failed in any case.
  if (lost === 0) checks.push(exactly("departures", evidence.arrivals - counts.left), littleCheck(evidence));
  if (lost === 0 && evidence.requests !== null) checks.push(attemptsCheck(evidence.requests));
  if (evidence.levels !== null) checks.push(...levelChecks(evidence, evidence.levels));
  return checks;
}

/** A failed check in a sentence, with the figures that are not to be trusted. */
export function problemOf({ name, figure }: SelfCheck, { ledger }: Pick<Evidence, "ledger">): string {
  const size = Math.abs(figure);
  switch (name) {
    case "ledger":
      return figure > 0
        ? `The ledger does not balance: ${size} of ${counted(ledger.scheduled, "item")} ${agreeing(size, "is", "are")} unaccounted for.`
        : `The ledger does not balance: ${counted(size, "item")} more went than the ${ledger.scheduled} that came.`;
    case "countedOnce":
      return "The ledger did not balance at a sample: an item was counted twice.";
    case "keyOrder":
      return `${counted(size, "item was", "items were")} worked out of the order of their key.`;
    case "clock":
      return `The clock went back by ${size.toFixed(3)} ms: no time that was measured can be relied on.`;
    case "departures":
      return `${counted(size, "item")} ${figure > 0 ? "fewer" : "more"} left than came after warm-up: departures, arrivals or warm-up are counted wrongly.`;
    case "littlesLaw":
      return `Little's law is off by ${percent(size)}: sojourn times are not what the number in the system says (L = λW).`;
    case "parts":
      return `The parts (schedule, queue, batch, service) differ from sojourn by ${percent(size)}: a part of the time is measured wrongly or not at all.`;
    case "histograms":
      return `A histogram differs by ${percent(size)} from what was recorded in it: its percentiles cannot be relied on.`;
    case "series":
      return `The series differs from the totals by ${counted(size, "item")}: charts do not show the whole run.`;
    case "highWater":
      return `The queue's mean depth is above its high-water mark by ${size.toFixed(3)}: one of them is wrong.`;
    case "waiting":
      return `Waits differ by ${percent(size)} from what the depth over time says: one of them is measured wrongly.`;
    case "inFlight":
      return `Time at work differs by ${percent(size)} from what was in flight over time: one of them is measured wrongly.`;
    case "attempts":
      return `${counted(size, "request that went out", "requests that went out")} came to no end, or to two: attempts, byStatus, byError, byHost and byCause do not add up.`;
    default:
      return name satisfies never;
  }
}

function percent(share: number): string {
  return `${formatCount(100 * share)} %`;
}

function exactly(name: SelfCheck["name"], off: number): SelfCheck {
  return { name, ok: off === 0, figure: off };
}

/** Compares two sums over `count` items: their difference as a share of the larger. */
function compared(name: SelfCheck["name"], a: number, b: number, count: number, share: number, each: number): SelfCheck {
  const larger = Math.max(Math.abs(a), Math.abs(b));
  const off = Math.abs(a - b);
  return { name, ok: off <= share * larger + each * count, figure: larger > 0 ? off / larger : 0 };
}

/** Every request sent has one outcome, one host and one cause. */
function attemptsCheck({ attempts, byStatus, byError, byHost, byCause }: RequestTotals): SelfCheck {
  const total = (counts: object): number => Object.values(counts).reduce((sum: number, count: number) => sum + count, 0);
  const hosts = Object.values(byHost).reduce((sum, host) => sum + host.attempts, 0);
  const sums = [total(byStatus) + total(byError), hosts, byCause === undefined ? attempts : total(byCause)];
  return exactly("attempts", Math.max(...sums.map((sum) => Math.abs(attempts - sum))));
}

/** Every part of the sojourn has as many items as there are sojourns, and the parts add up to them. */
function partsCheck(evidence: Evidence): SelfCheck {
  const { sojourn, ...parts } = evidence.histograms;
  const { counts } = evidence;
  const all = Object.values(parts);
  const sum = all.reduce((total, part) => total + part.sum, 0);
  const check = compared("parts", sum, sojourn.sum, sojourn.count, PARTS, tick(evidence));
  const recorded = counts.measured + counts.measuredFailed;
  const missing = Math.max(...[sojourn, ...all].map((part) => Math.abs(part.count - recorded)));
  if (missing === 0) return check;
  return { name: "parts", ok: false, figure: Math.max(check.figure, missing / Math.max(1, recorded)) };
}

/** The buckets contain what was recorded, by the exact sums. */
function histogramCheck({ histograms }: Evidence): SelfCheck {
  let worst: SelfCheck = { name: "histograms", ok: true, figure: 0 };
  for (const histogram of Object.values(histograms)) {
    const { count, sum } = histogram.inBuckets();
    const check = compared("histograms", sum, histogram.sum, count, BUCKETS, WHOLE);
    const missing = Math.max(Math.abs(count - histogram.count), ...SHARES.map((share) => misplaced(histogram, share))) / Math.max(1, count);
    const figure = Math.max(check.figure, missing);
    const ok = check.ok && missing === 0;
    if (worst.ok ? !ok || figure > worst.figure : !ok && figure > worst.figure) worst = { name: "histograms", ok, figure };
  }
  return worst;
}

const SHARES = [0.5, 0.9, 0.99, 0.999];

/** Number of values by which a percentile misses its rank. */
function misplaced(histogram: Histogram, share: number): number {
  if (histogram.count === 0) return 0;
  const rank = Math.max(1, Math.ceil(share * histogram.count - 1e-9));
  const { before, through } = histogram.ranksAt(histogram.percentile(share));
  return Math.max(0, before + 1 - rank, rank - through);
}

function seriesCheck({ told, ledger, counts, lost }: Evidence): SelfCheck {
  const figure = Math.max(
    lost === 0 ? Math.abs(told.measured - counts.measured - counts.measuredFailed) : 0,
    Math.abs(told.offered - ledger.scheduled),
    Math.abs(told.processed - ledger.processed),
    Math.abs(told.dropped - droppedTotal(ledger)),
  );
  return { name: "series", ok: figure < 0.5, figure };
}

function littleCheck(evidence: Evidence): SelfCheck {
  const { from, until, arrivals } = evidence;
  const { meanInSystem, lambdaTimesW } = littlesLaw(evidence);
  const span = Math.max(1, until - from);
  return compared("littlesLaw", meanInSystem * span, lambdaTimesW * span, arrivals, SUMS, tick(evidence));
}

/** Little's law for the queue alone and for work alone: the time integral of a level is the sum of the times that items spend in it. */
function levelChecks(evidence: Evidence, { waiting, inFlight }: NonNullable<Evidence["levels"]>): SelfCheck[] {
  const { [evidence.waitsIn]: wait, batch, service } = evidence.histograms;
  const each = tick(evidence);
  return [
    compared("waiting", waiting, wait.sum, wait.count, SUMS, each),
    compared("inFlight", inFlight, batch.sum + service.sum, service.count, SUMS, each),
  ];
}

/** Accuracy of one item's times. */
function tick(evidence: Evidence): Nanoseconds {
  return CLOCK + backwards(evidence);
}

/** Largest step of an instant back before the one it follows, between samples or along an item's path. */
function backwards({ steppedBack, histograms }: Evidence): Nanoseconds {
  return Math.max(steppedBack, ...Object.values(histograms).map(({ below }) => below));
}
