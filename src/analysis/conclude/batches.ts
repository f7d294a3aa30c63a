import { formatCount } from "../../kernel/units.ts";
import { listed } from "../../kernel/wording.ts";
import { bestFigures, leftOutText, thoughText } from "../../telemetry/best-text.ts";
import { isDisturbed } from "../../telemetry/disturbance.ts";
import { tailsDiffer } from "../../telemetry/noise.ts";
import { percentileOf, tailOf, tailText } from "../../telemetry/percentiles.ts";
import { pointsText } from "../../telemetry/point-text.ts";
import { bestOf, groupedBy, whyNoBest } from "../../telemetry/points.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { at, ofLoads } from "./series.ts";

/** A batch of one is released at once, and one that is always full before its timeout: there the timeout has no effect. */
function acts(one: CaseResult, field: string): boolean {
  const size = Number(one.params["batch.size"] ?? Number.NaN);
  return field !== "batch.timeout" || !(size === 1 || one.batches.meanSize >= 0.99 * size);
}

interface Told {
  readonly sentence: string;
  /** The points that none beats beyond noise; null: none is called best. */
  readonly points: ReadonlySet<string> | null;
}

/** Finds the best batch, and whether it changes with another field. */
export function bestBatches(all: readonly CaseResult[], batched: readonly string[], fields: readonly string[]): string[] {
  const cases = all.filter(({ mode }) => mode !== "sync");
  const others = fields.filter((field) => !batched.includes(field));
  const name = (of: CaseResult) =>
    batched
      .filter((field) => acts(of, field))
      .map((field) => `${field} ${at(of, field)}`)
      .join(" and ");
  const told = [...groupedBy(cases, others)].flatMap(([label, group]): Told[] => {
    // One case alone is not the best.
    if (group.length < 2) return [];
    const loads = ofLoads(group, batched[0] ?? "");
    if (loads !== "") return [{ sentence: `${label}: no batch is called best${loads}.`, points: null }];
    const best = bestOf(group);
    if (best === null) return [{ sentence: `${label}: ${noBest(group)}.`, points: null }];
    // Without the disturbance another point might be better: whether the best one moves is not known.
    const points = group.some(isDisturbed) ? null : new Set([best.one, ...best.asGood].map(name));
    // Where a field has no effect, its points count as one.
    const rest = best.asGood.filter((one) => name(one) !== name(best.one));
    const beside = rest.length === 0 ? "" : `, and as good but for noise at ${pointsText(rest, group)}`;
    const times = group.map(({ latency }) => latency.sojourn);
    const tail = tailOf(times) ?? "p50";
    const length = ({ latency }: CaseResult) => percentileOf(latency.sojourn, tail) ?? 0;
    const figures = (of: CaseResult) => `${formatCount(of.throughput)}/s, ${tailText(of.latency.sojourn, times)}`;
    const worst = group.reduce((a, b) => (length(b) > length(a) ? b : a));
    const longest =
      !isDisturbed(worst) && tailsDiffer(best.one, worst) > 0 ? `; longest ${tail} at ${name(worst)} (${figures(worst)})` : "";
    const told = `best at ${name(best.one)} (${bestFigures(best, group)})${beside}${leftOutText(group)}${thoughText(best, group)}${longest}`;
    return [{ sentence: `${label}: ${told}.`, points }];
  });
  return [
    ...told.map(({ sentence }) => sentence),
    ...moved(
      told.map(({ points }) => points),
      others.join(" and ") || "the mode",
    ),
    ...movedWithin(cases, batched, others),
  ];
}

/** The best size at one timeout may change where the best point overall does not. */
function movedWithin(cases: readonly CaseResult[], batched: readonly string[], others: readonly string[]): string[] {
  if (!batched.includes("batch.size") || !batched.includes("batch.timeout") || others.length === 0) return [];
  return [...groupedBy(cases, ["batch.timeout"])].flatMap(([label, atTimeout]) => {
    const groups = [...groupedBy(atTimeout, others).values()].map((group) => ({ of: pointOf(group, others), best: bestSizes(group) }));
    const named = groups.flatMap(({ of, best }) => (best === null ? [] : [{ of, best }]));
    const apart = named.length === groups.length && named.some((a) => named.some((b) => !a.best.some((size) => b.best.includes(size))));
    if (!apart) return [];
    return [`${label}: the best batch.size moves, ${listed(named.map(({ of, best }) => `${best.join(" or ")} at ${of}`))}.`];
  });
}

function pointOf([one]: readonly CaseResult[], fields: readonly string[]): string {
  return one === undefined ? "" : fields.map((field) => `${field} ${at(one, field)}`).join(" and ");
}

/** Sizes of the points that none beats beyond noise; null: none is best. */
function bestSizes(group: readonly CaseResult[]): string[] | null {
  const best = group.length < 2 || group.some(isDisturbed) ? null : bestOf(group);
  return best === null ? null : [best.one, ...best.asGood].map((one) => at(one, "batch.size"));
}

function noBest(group: readonly CaseResult[]): string {
  const why = whyNoBest(group);
  switch (why) {
    case "disturbed":
      return "no batch is called best of cases that were disturbed";
    case "invalid":
      return "no batch is called best, since none was measured validly";
    case "outage":
      return "no batch is called best, since the server had an outage";
    case "alike":
      return "no batch is better than the others by more than noise";
    case "without bound":
      return "no batch is called best: what keeps up is only what nothing limits";
    case "overloaded":
      return "no batch keeps up with what comes";
    default:
      return why satisfies never;
  }
}

/** The best point changes when two groups have no best point in common, and stays when all have. */
function moved(groups: readonly (ReadonlySet<string> | null)[], along: string): string[] {
  const known = groups.filter((points) => points !== null);
  if (known.length < 2 || known.length < groups.length) return [];
  const [one, ...rest] = known as [ReadonlySet<string>, ...ReadonlySet<string>[]];
  const common = [...one].find((point) => rest.every((points) => points.has(point)));
  // The first of each is the one called best.
  const [named] = one;
  if (common !== undefined && rest.every((points) => [...points][0] === named)) return ["The best point stays where it is."];
  if (common !== undefined) return [`${common} is among the best at each.`];
  const apart = known.some((a) => known.some((b) => ![...a].some((point) => b.has(point))));
  return apart ? [`The best point moves with ${along}.`] : [];
}
