import { formatMs, formatRate } from "../kernel/units.ts";
import { listed } from "../kernel/wording.ts";
import { paramsText } from "./params.ts";
import type { CaseResult, RateChange } from "./result.ts";

/** To the next arrival rate above, or below. */
export type RateStep = "up" | "down";

/** Most changes that a sentence names. */
const NAMED = 6;

/** "400/s from 3.20 s". */
export function rateChangeText({ atMs, rate }: RateChange): string {
  return `${formatRate(rate)} from ${formatMs(atMs)}`;
}

/** The changes of a case's rate as a sentence. `of`: the cases, where it does not stand at one; "": it does. */
export function rateChangesText(changes: readonly RateChange[], of = ""): string {
  const named = changes.slice(0, NAMED).map(rateChangeText);
  const more = changes.length - named.length;
  return `The arrival rate${of === "" ? "" : ` of ${of}`} was changed by hand: ${listed(more === 0 ? named : [...named, `${more} more`])}.`;
}

type Paced = Pick<CaseResult, "rateChanges">;

/** True for a case whose load is not that of the scenario, since its rate was changed by hand. */
export function hasChangedRate({ rateChanges = [] }: Paced): boolean {
  return rateChanges.length > 0;
}

/** True for two cases of one scenario that had the same load. */
export function hadSameLoad({ rateChanges: a = [] }: Paced, { rateChanges: b = [] }: Paced): boolean {
  return a.length === b.length && a.every(({ atMs, rate }, i) => b[i]?.atMs === atMs && b[i].rate === rate);
}

/** True when cases of one point got different tapes, since the rate was changed after one of them had begun. */
export function haveUnlikeTapes(cases: readonly Pick<CaseResult, "params" | "tape" | "rateChanges">[]): boolean {
  if (!cases.some(hasChangedRate)) return false;
  const points = Map.groupBy(cases, ({ params }) => paramsText(params));
  return [...points.values()].some((those) => new Set(those.map(({ tape }) => tape.hash)).size > 1);
}
