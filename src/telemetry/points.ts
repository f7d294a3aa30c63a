import type { CaseResult } from "./result.ts";

/** The cases of a sweep by where they stand in it. */

/** A swept value as a person reads it. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** The swept fields that have more than one value among the cases, in the order of the scenario. */
export function variedFields(cases: readonly CaseResult[]): string[] {
  return Object.keys(cases[0]?.params ?? {}).filter((field) => new Set(cases.map(({ params }) => valueText(params[field]))).size > 1);
}

/** Cases alike in mode and in these fields, each group under a name that says so. */
export function groupedBy(cases: readonly CaseResult[], fields: readonly string[]): Map<string, CaseResult[]> {
  const groups = new Map<string, CaseResult[]>();
  for (const one of cases) {
    const name = [one.mode, ...fields.map((field) => `${field} ${valueText(one.params[field])}`)].join(", ");
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return groups;
}

/** The best point: the highest throughput, and of those within 2 % of it the shortest p99; null of none. */
export function bestOf(cases: readonly CaseResult[]): CaseResult | null {
  const most = Math.max(...cases.map(({ throughput }) => throughput));
  const near = cases.filter(({ throughput }) => throughput >= 0.98 * most);
  return near.sort((a, b) => a.latency.sojourn.p99 - b.latency.sojourn.p99)[0] ?? null;
}
