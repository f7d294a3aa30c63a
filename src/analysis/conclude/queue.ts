import { countTerm, durationTerm, equation, rateTerm, secondsTerm } from "../../kernel/equation.ts";
import { median } from "../../kernel/median.ts";
import { formatMs } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { droppedTotal } from "../../telemetry/ledger.ts";
import { slowest, typical } from "../../telemetry/percentiles.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { parseThreshold } from "../../telemetry/threshold.ts";
import { anyField } from "./any-field.ts";
import { type About, at, ofLoads } from "./series.ts";

/** The p99 of the sojourn time in a scenario's thresholds, in milliseconds; null: it has none. */
export function statedP99(thresholds: Scenario["thresholds"]): number | null {
  const rules = (thresholds?.["sojourn_ms"] ?? []).map((rule) =>
    parseThreshold("sojourn_ms", typeof rule === "string" ? rule : rule.threshold),
  );
  const limits = rules.flatMap((rule) =>
    typeof rule !== "string" && rule.aggregation === "p" && rule.share === 0.99 && rule.operator.startsWith("<") ? [rule.limit] : [],
  );
  return limits.length === 0 ? null : Math.min(...limits);
}

/** W ≈ K · S: the item in the last place of a full queue waits for all before it; where nothing is dropped, also before the queue. */
export function queueSize(p99: number | null): About {
  return (asSwept, label, field) => {
    // `sync` has no queue.
    if (asSwept.every(({ queue }) => queue.capacity === null)) return null;
    const series = asSwept.toSorted((a, b) => placesOf(a, field) - placesOf(b, field));
    const full = series.filter((one) => typeof one.params[field] === "number" && one.queue.highWater >= (one.params[field] as number));
    const one = full.at(-1);
    if (one === undefined) return anyField(series, label, field);
    const { latency, ledger } = one;
    const places = one.params[field] as number;
    if (droppedTotal(ledger) === 0 && latency.schedule.mean > 0.5 * latency.queue.mean) {
      return `${label}: where the queue holds the source back, what finds it full waits before it: with ${counted(places, "place")} ${formatMs(latency.schedule.mean)} before and ${formatMs(latency.queue.mean)} in the queue on average, ${worded(slowest(latency.sojourn))} in all${ofLoads(series, field)}. No number of places makes that shorter; fewer arrivals, or dropping some, would.`;
    }
    if (ledger.dropped.oldest > ledger.dropped.newest && one.offeredRate !== null) {
      const pushed = equation(countTerm(places), [["÷", rateTerm(one.offeredRate)]], secondsTerm);
      return `${label}: where the oldest go, every arrival pushes the line on, and a full queue costs its capacity ÷ arrival rate: ${pushed}, measured ${worded(typical(latency.sojourn))}${ofLoads(series, field)}.`;
    }
    const each = latency.service.mean;
    const able = atWork(one);
    const atOnce = able < 1.5 ? [] : [["÷", countTerm(able, "at work at once")] as const];
    const cost = equation(countTerm(places), [["×", durationTerm(each)], ...atOnce], secondsTerm);
    const promised =
      p99 === null ? "" : ` For the p99 of ${formatMs(p99)} that is promised: ${placesFor(p99, each, atOnce.length === 0 ? 1 : able)}.`;
    const smallest = series.find((other) => droppedTotal(other.ledger) === 0);
    const none = smallest === undefined ? "" : ` With ${at(smallest, field)} places nothing is dropped.`;
    return `${label}: a full queue costs its capacity × processing time: ${cost}, measured ${worded(slowest(latency.sojourn))}${ofLoads(series, field)}.${promised}${none}`;
  };
}

const worded = ({ word, ms }: { readonly word: string; readonly ms: number }) => `${word} ${formatMs(ms)}`;

/** Capacity of a case, for sorting. */
function placesOf({ params }: CaseResult, field: string): number {
  const places = params[field];
  return typeof places === "number" ? places : Number.MAX_VALUE;
}

/** Items at work on average while there are enough: by Little's law over the run, and while some waited. */
function atWork({ latency, throughput, series }: CaseResult): number {
  const draining = series.filter(({ depth, processed }) => depth >= 1 && processed > 0).map(({ processed }) => processed);
  return (Math.max(throughput, median(draining)) * latency.service.mean) / 1000;
}

/** Largest capacity that keeps the p99. */
function placesFor(p99: number, each: number, atOnce: number): string {
  if (each > p99) return "no number of places gives it, since a message alone takes longer";
  const [by, steps] = [durationTerm(each), atOnce === 1 ? [] : [["×", countTerm(atOnce)] as const]];
  return equation(durationTerm(p99), [["÷", by], ...steps], (value) => countTerm(value, "places"));
}
