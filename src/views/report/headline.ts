import { formatCount } from "../../kernel/units.ts";
import { listed } from "../../kernel/wording.ts";
import { mostDone } from "../../telemetry/points.ts";
import { haveUnlikeTapes } from "../../telemetry/rate-changes.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { disturbedSign } from "./disturbed.ts";

/**
 * The outcome of a run of several modes in one line: which did most, what was predicted, and what limited each. null: there are no two to
 * compare.
 */
export function headline(cases: readonly CaseResult[]): string | null {
  const compared = cases.filter(({ status, ledger }) => status === "completed" && ledger.processed > 0);
  if (compared.length < 2 || new Set(compared.map(({ mode }) => mode)).size < compared.length) return null;
  if (haveUnlikeTapes(compared))
    return `the arrival rate was changed by hand, so the tapes differ: ${byLimit(compared).map(groupText).join("; ")}`;
  const most = mostDone(compared);
  const beyond = most.length === 1 ? "did most" : "did as much, but for noise";
  const groups = [most, compared.filter((one) => !most.includes(one))].flatMap(byLimit);
  const [first = "", ...others] = groups.map(groupText);
  // Of one that did more its name has been said.
  const leading = most.length === 1 ? first.replace(`${most[0]?.mode} `, "") : first;
  return `${listed(most.map(({ mode }) => mode))} ${beyond}: ${[leading.replace(PREDICTED, " of $1 predicted"), ...others].join("; ")}`;
}

/** Groups of cases with the same limit, which stand side by side. */
function byLimit(cases: readonly CaseResult[]): readonly (readonly CaseResult[])[] {
  return [...Map.groupBy(cases, ({ explanation }) => limitIn(explanation)).values()];
}

/** The first predicted figure, which is called so. */
const PREDICTED = / of ([\d.]+(?: [kMG])?)/;

/** Figures of cases, measured and predicted, and their limit. */
function groupText(group: readonly CaseResult[]): string {
  const figures = group.map((one) => {
    const { throughput: expected, capacity } = one.predicted;
    // Of work whose time is unknown only the arrivals are: they are no expectation of what is done.
    const of = expected === null || capacity === null ? "" : ` of ${formatCount(expected)}`;
    return `${one.mode} ${formatCount(one.throughput)}/s${disturbedSign(one)}${of}`;
  });
  const limit = limitIn(group[0]?.explanation ?? "");
  return `${figures.join(", ")}${limit === "" ? "" : ` (limit: ${limit})`}`;
}

/** What an explanation names as the limit, "": nothing. */
function limitIn(explanation: string): string {
  const [, limit = ""] = /(?:^|\. )([A-Z][^.:;]{1,60}?) (?:is|are) the limit\b/.exec(explanation) ?? [];
  return limit.charAt(0).toLowerCase() + limit.slice(1);
}
