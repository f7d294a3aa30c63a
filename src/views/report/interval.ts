import { isBorne } from "../../kernel/borne.ts";
import { msOrNone } from "../../kernel/units.ts";
import { type Percentile, SHARES, TOO_FEW } from "../../telemetry/percentiles.ts";
import { joined, type Span } from "../../telemetry/series.ts";

/** Latencies of some intervals, in words: percentiles of the worst interval, or that too few items bear one. */

const itemsOf = ({ from, sample }: Span) => Math.round((sample.processed * (sample.t - from)) / 1000);

/** With fewer items than this, the p99 is that of the slowest. */
const ALL_BELOW = 100;

/** A percentile; a dash where nothing was done. */
function intervalText(spans: readonly Span[], percentile: "p50" | "p99"): string {
  const ms = joined(spans)[percentile];
  return ms === null || areBorne(spans, percentile) ? msOrNone(ms) : TOO_FEW;
}

/** The tail: the 99th percentile, or the longest where an interval has so few items that it is the same. */
export function slowText(spans: readonly Span[]): string {
  const { p99 } = joined(spans);
  const few = p99 !== null && !areBorne(spans, "p99") && spans.every((span) => itemsOf(span) < ALL_BELOW);
  return few ? `max ${msOrNone(p99)}` : `p99 ${intervalText(spans, "p99")}`;
}

/** Median and tail; for items that bear no median, the tail alone where it is known. */
export function latencyText(spans: readonly Span[]): string {
  const [median, slow] = [`p50 ${intervalText(spans, "p50")}`, slowText(spans)];
  return median.endsWith(TOO_FEW) && slow.startsWith("max") ? slow : `${median}  ${slow}`;
}

/** True for intervals without items, which bear everything. */
function areBorne(spans: readonly Span[], percentile: Percentile): boolean {
  return spans.every((span) => itemsOf(span) === 0 || isBorne(itemsOf(span), SHARES[percentile]));
}
