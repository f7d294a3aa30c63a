import { formatCount, formatMs } from "../kernel/units.ts";
import { pointsText } from "./point-text.ts";
import type { Best, Criterion } from "./points.ts";
import type { CaseResult } from "./result.ts";

/** What is said of a best point beside its name. */

/** The figures of it: what was done, the p99, and what else it was told by. */
export function bestFigures({ one, by }: Pick<Best, "one" | "by">): string {
  const { sojourn } = one.latency;
  const figures = `${formatCount(one.throughput)}/s, p99 ${formatMs(sojourn.p99)}`;
  if (by === "median") return `${figures}, median ${formatMs(sojourn.p50)}`;
  return by === "queries" && one.queries.answered > 0 ? `${figures}, p99 of queries ${formatMs(one.queries.latency.p99)}` : figures;
}

/** Where something else is better than at the best, each as a clause; "" where nothing is. */
export function thoughText({ one, though }: Best, among: readonly CaseResult[]): string {
  return though
    .map(({ by, at }) => {
      const { what, of } = WAITS[by];
      return `, though ${what} less at ${pointsText([at], among)} (${formatMs(of(at))} against ${formatMs(of(one))})`;
    })
    .join("");
}

const WAITS: Readonly<Record<Criterion, { readonly what: string; readonly of: (one: CaseResult) => number }>> = {
  throughput: { what: "it takes", of: ({ durationMs }) => durationMs },
  p99: { what: "the slowest take", of: ({ latency }) => latency.sojourn.p99 },
  median: { what: "the median message takes", of: ({ latency }) => latency.sojourn.p50 },
  queries: { what: "the slowest queries wait", of: ({ queries }) => queries.latency.p99 },
};
