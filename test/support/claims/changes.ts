import type { KeptSummary } from "../../../src/telemetry/percentiles.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { highest, percentile } from "./claim.ts";
import { differ } from "./fitness.ts";
import { type Cases, labelled, text } from "./points.ts";
import { type Parts, says } from "./template.ts";

/** What changes along a field, as a sentence says it, held against every point of the sweep. */

interface Measure {
  readonly name: string;
  readonly of: (one: CaseResult, among: Cases) => number;
  /** What "does not change beyond noise" may hide between any two points: a factor, and so many of its unit. */
  readonly times: number;
  readonly spare: number;
  /** Of fewer messages it is chance. */
  readonly fewest?: number;
}

const tailOf = (of: (one: CaseResult) => KeptSummary) => (one: CaseResult, among: Cases) => {
  const name = highest(among.map(of));
  return name === null ? Number.NaN : (percentile(of(one), name) ?? Number.NaN);
};

const MEASURES: readonly Measure[] = [
  // Of bursts the rate varies from sample to sample, and with it what may be noise.
  { name: "throughput (per second)", of: ({ throughput }) => throughput, times: 1.3, spare: 0 },
  {
    name: "the median sojourn time",
    of: ({ latency }) => percentile(latency.sojourn, "p50") ?? Number.NaN,
    times: 1.6,
    spare: 0.1,
    fewest: 240,
  },
  {
    name: "the p99 of the sojourn time",
    of: tailOf(({ latency }) => latency.sojourn),
    times: 2.5,
    spare: 0.3,
    fewest: 300,
  },
  { name: "the p99 of queries", of: tailOf(({ queries }) => queries.latency), times: 3, spare: 0.3 },
  {
    name: "the share that was not done",
    of: ({ ledger }) => (ledger.scheduled - ledger.processed) / Math.max(1, ledger.scheduled),
    times: 1.06,
    spare: 0.015,
  },
];

/** Parts: label, field, a and b of "label, field from a to b: throughput (per second) changes". */
export function wrongChanges({ label = "", field = "", a = "", b = "", changes = "" }: Parts, cases: Cases): string | null {
  const group = labelled(label, cases);
  const to = b.replace(/ \(the offered load.*$/, "");
  const find = (value: string) => group.find((one) => text(one.params[field]) === value);
  const [from, until] = [find(a), find(to)];
  if (from === undefined || until === undefined) return "no such points";
  const same = group.every(({ tape }) => tape.hash !== null && tape.hash === from.tape.hash);
  const rates = group.flatMap(({ offeredRate }) => (offeredRate === null ? [] : [offeredRate]));
  const loads = !field.startsWith("load.") && differ(Math.min(...rates), Math.max(...rates), 0.06);
  if (loads && !same && to === b) return "the load differed, and nobody says so";
  const told = changesOf(changes);
  const wrong = MEASURES.flatMap((measure) => wrongChange(measure, told.get(measure.name) ?? null, { from, until, group, find }) ?? []);
  return wrong[0] ?? null;
}

/** What is said of each measure; of one that is not named, that it does not change. */
function changesOf(text: string): Map<string, string> {
  const rest = text.replace(
    /^does not change beyond noise(?:, nor does the median(?: or the p\d+)? of the sojourn time|; of the sojourn time too few items bear a median)?(?:, but |$)/,
    "",
  );
  if (rest === "") return new Map();
  const clauses = (rest === text ? `throughput (per second) ${text}` : rest).split(/, (?=the (?:median|p\d+|share))/);
  return new Map(
    clauses.map((clause) => {
      const plain = clause.replace(/^the p\d+ /, "the p99 ");
      const name = MEASURES.find((measure) => plain.startsWith(measure.name))?.name ?? "";
      return [name, plain.slice(name.length + 1)];
    }),
  );
}

interface Along {
  readonly from: CaseResult;
  readonly until: CaseResult;
  readonly group: Cases;
  readonly find: (value: string) => CaseResult | undefined;
}

function wrongChange(
  { name, of: among, times, spare, fewest = 0 }: Measure,
  change: string | null,
  { from, until, group, find }: Along,
): string | null {
  const of = (one: CaseResult) => among(one, group);
  const values = group.map(of);
  const few = group.some(({ latency }) => latency.sojourn.count < fewest);
  const apart = (high: number, low: number) => !few && high > times * low + spare;
  if (change === null || change === "does not change beyond noise")
    return apart(Math.max(...values), Math.min(...values)) ? `${name} does change` : null;
  const goes = /goes from (.*?) to (.*?)(?: and is |$)/.exec(change);
  if (goes !== null) {
    if (!says(goes[1], of(from)) || !says(goes[2], of(until))) return `${name} goes otherwise`;
    if (!differ(of(from), of(until), 0.045)) return `${name} does not go anywhere`;
  }
  const ends = [of(from), of(until)];
  for (const [word, most, beyond] of [
    ["highest", Math.max(...values), apart(Math.max(...values), Math.max(...ends))],
    ["lowest", Math.min(...values), apart(Math.min(...ends), Math.min(...values))],
  ] as const) {
    const is = new RegExp(`is ${word} at (.*?) \\((.*?)\\)`).exec(change);
    if (is === null && beyond) return `${name} lies beyond both ends, and nobody says so`;
    if (is === null) continue;
    const there = find(is[1] ?? "");
    if (there === undefined || !says(is[2], of(there)) || of(there) !== most) return `${name} is ${word} elsewhere`;
  }
  return null;
}
