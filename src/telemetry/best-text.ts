import { formatCount, formatMs } from "../kernel/units.ts";
import { counted } from "../kernel/wording.ts";
import { pointsText } from "./point-text.ts";
import type { Best, Criterion } from "./points.ts";
import type { CaseResult } from "./result.ts";

/** What is said of a best point beside its name. */

/** The figures of it: what was done, the p99, and what else it was told by. */
export function bestFigures({ one, by }: Pick<Best, "one" | "by">): string {
  const figures = `${formatCount(one.throughput)}/s, p99 ${formatMs(one.latency.sojourn.p99)}`;
  switch (by) {
    case "throughput":
    case "p99":
      return figures;
    case "median":
      return `${figures}, median ${formatMs(one.latency.sojourn.p50)}`;
    case "queries":
      return one.queries.answered > 0 ? `${figures}, p99 of queries ${formatMs(one.queries.latency.p99)}` : figures;
    case "attempts":
      return `${figures}, ${counted(one.fetch?.attempts ?? 0, "attempt")}`;
    default:
      return by satisfies never;
  }
}

/** Where something else is better than at the best, each as a clause; "" where nothing is. */
export function thoughText({ one, though }: Best, among: readonly CaseResult[]): string {
  return though
    .map(({ by, at }) => {
      const { what, of } = LESS[by];
      return `, though ${what} less at ${pointsText([at], among)} (${of(at)} against ${of(one)})`;
    })
    .join("");
}

const LESS: Readonly<Record<Criterion, { readonly what: string; readonly of: (one: CaseResult) => string }>> = {
  throughput: { what: "all of it takes", of: ({ durationMs }) => formatMs(durationMs) },
  p99: { what: "the slowest take", of: ({ latency }) => formatMs(latency.sojourn.p99) },
  median: { what: "the median message takes", of: ({ latency }) => formatMs(latency.sojourn.p50) },
  queries: { what: "the slowest queries wait", of: ({ queries }) => formatMs(queries.latency.p99) },
  attempts: { what: "the server is asked", of: ({ fetch }) => counted(fetch?.attempts ?? 0, "attempt") },
};
