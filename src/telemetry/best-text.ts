import { formatCount, formatMs } from "../kernel/units.ts";
import { counted } from "../kernel/wording.ts";
import { type KeptSummary, percentileText, tailOf, tailText } from "./percentiles.ts";
import { pointsText } from "./point-text.ts";
import { type Best, type Criterion, leftOut, type Unfit } from "./points.ts";
import type { CaseResult } from "./result.ts";

/** Sentences about a best point. */

/** Its figures: throughput, the highest percentile that all of `among` bear, or the mean where there is none, and the criterion that decided. */
export function bestFigures({ one, by }: Pick<Best, "one" | "by">, among: readonly CaseResult[] = [one]): string {
  const times = among.map(({ latency }) => latency.sojourn);
  const { sojourn } = one.latency;
  const figures = `${formatCount(one.throughput)}/s, ${tailOf(times) === null ? `mean ${formatMs(sojourn.mean)}` : tailText(sojourn, times)}`;
  switch (by) {
    case "throughput":
    case "p99":
      return figures;
    case "median":
      return `${figures}, median ${percentileText(one.latency.sojourn, "p50")}`;
    case "queries":
      return one.queries.answered > 0 ? `${figures}, ${queriesText(one, among)}` : figures;
    case "attempts":
      return `${figures}, ${counted(one.fetch?.attempts ?? 0, "attempt")}`;
    default:
      return by satisfies never;
  }
}

function queriesText({ queries }: CaseResult, among: readonly CaseResult[]): string {
  const asked = among.map((one) => one.queries.latency).filter(({ count }) => count > 0);
  const tail = tailOf(asked) ?? "p99";
  return `${tail} of queries ${percentileText(queries.latency, tail)}`;
}

/** The highest percentile that both of a pair bear, as text. */
function tailIn(pair: readonly CaseResult[], one: CaseResult, of: (one: CaseResult) => KeptSummary): string {
  return percentileText(of(one), tailOf(pair.map(of)) ?? "p99");
}

/** Where something else is better than at the best point, each as a clause; "" where nothing is. */
export function thoughText({ one, though }: Best, among: readonly CaseResult[]): string {
  return though
    .map(({ by, at }) => {
      const { what, of } = LESS[by];
      return `, though ${what} less at ${pointsText([at], among)} (${of(at, [at, one])} against ${of(one, [at, one])})`;
    })
    .join("");
}

/** Clauses that name the points that do not qualify as best, with reasons; "" where all do. */
export function leftOutText(cases: readonly CaseResult[]): string {
  return [...leftOut(cases)].map(([why, those]) => `; left out as ${UNFIT[why]}: ${pointsText(those, cases)}`).join("");
}

const UNFIT: Readonly<Record<Unfit, string>> = {
  invalid: "not measured whole",
  disturbed: "disturbed",
  "without bound": "paid for without a bound",
  overloaded: "not keeping up",
  failing: "failing more often",
};

const LESS: Readonly<Record<Criterion, { readonly what: string; readonly of: (one: CaseResult, pair: readonly CaseResult[]) => string }>> =
  {
    throughput: { what: "all of it takes", of: ({ durationMs }) => formatMs(durationMs) },
    p99: { what: "the slowest take", of: (one, pair) => tailIn(pair, one, ({ latency }) => latency.sojourn) },
    median: { what: "the median message takes", of: ({ latency }) => percentileText(latency.sojourn, "p50") },
    queries: { what: "the slowest queries wait", of: (one, pair) => tailIn(pair, one, ({ queries }) => queries.latency) },
    attempts: { what: "the server is asked", of: ({ fetch }) => counted(fetch?.attempts ?? 0, "attempt") },
  };
