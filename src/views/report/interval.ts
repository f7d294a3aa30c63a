import { isBorne } from "../../kernel/borne.ts";
import { msOrNone } from "../../kernel/units.ts";
import { type Percentile, SHARES, TOO_FEW } from "../../telemetry/percentiles.ts";
import { joined, type Span } from "../../telemetry/series.ts";

/** How long the items of some intervals took, in words: percentiles of the worst of them, or that too few items bear one. */

const itemsOf = ({ from, sample }: Span) => Math.round((sample.processed * (sample.t - from)) / 1000);

/** Fewer items than these have their p99 in the slowest of them. */
const ALL_BELOW = 100;

/** A percentile; a dash where nothing was done. */
export function intervalText(spans: readonly Span[], percentile: "p50" | "p99"): string {
  const ms = joined(spans)[percentile];
  return ms === null || areBorne(spans, percentile) ? msOrNone(ms) : TOO_FEW;
}

/** How long the slow ones took: the 99th percentile, or the longest where so few items end in an interval that it is the same. */
export function slowText(spans: readonly Span[]): string {
  const { p99 } = joined(spans);
  const few = p99 !== null && !areBorne(spans, "p99") && spans.every((span) => itemsOf(span) < ALL_BELOW);
  return few ? `max ${msOrNone(p99)}` : `p99 ${intervalText(spans, "p99")}`;
}

/** Median and slow ones; of items that bear no median, the slow ones alone where they are known. */
export function latencyText(spans: readonly Span[]): string {
  const [median, slow] = [`p50 ${intervalText(spans, "p50")}`, slowText(spans)];
  return median.endsWith(TOO_FEW) && slow.startsWith("max") ? slow : `${median}  ${slow}`;
}

/** In an interval in which nothing was done there is nothing to bear. */
function areBorne(spans: readonly Span[], percentile: Percentile): boolean {
  return spans.every((span) => itemsOf(span) === 0 || isBorne(itemsOf(span), SHARES[percentile]));
}
