import { formatMs, formatRate } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import { isIncomplete, spansOf } from "../../telemetry/series.ts";
import { TurningPoints } from "../../telemetry/turning-points.ts";
import type { CaseView } from "./store.ts";

/** A change in a case, at an instant of its time. */
export interface Moment {
  /** Milliseconds since t = 0. */
  readonly t: number;
  readonly kind: "rate" | "full" | "drops" | "drained" | "breaker" | "silent" | "answers" | "late";
  readonly text: string;
}

const remembered = new WeakMap<CaseView["series"], readonly Moment[]>();

/**
 * The moments of a case in order: another arrival rate, queue full, first drops, breaker open or closed, Redis silent or not, items told
 * late, room in the queue again.
 */
export function momentsOf(one: CaseView): readonly Moment[] {
  const known = remembered.get(one.series) ?? inOrder([...turnsOf(one), ...lateIn(one)]);
  remembered.set(one.series, known);
  return one.rateChanges.length === 0 ? known : inOrder([...rateMoments(one), ...known]);
}

function inOrder(moments: readonly Moment[]): Moment[] {
  return moments.toSorted((a, b) => a.t - b.t);
}

function rateMoments({ rateChanges }: CaseView): Moment[] {
  return rateChanges.map(({ atMs, rate }) => ({ t: atMs, kind: "rate", text: `rate ${formatRate(rate)} by hand` }));
}

function turnsOf({ series, outline: { capacity = null } }: CaseView): Moment[] {
  const turns = new TurningPoints(capacity);
  return series.flatMap((sample, i) => {
    const t = series[i - 1]?.t ?? 0;
    return turns.next(sample).flatMap((turn): Moment[] => {
      switch (turn) {
        case "full":
          return [{ t, kind: "full", text: `queue full (${capacity})` }];
        case "room":
          return [{ t, kind: "drained", text: "queue has room again" }];
        case "drops begin":
          return [{ t, kind: "drops", text: "drops begin" }];
        case "drops end":
          return [];
        case "breaker":
          return [{ t, kind: "breaker", text: `breaker ${sample.fetch?.breaker}` }];
        case "redis silent":
          return [{ t, kind: "silent", text: "Redis gives no answer" }];
        case "redis answers":
          return [{ t, kind: "answers", text: "Redis answers again" }];
      }
      return turn satisfies never;
    });
  });
}

/** The beginnings of stretches whose items were told only after a further interval was over. */
function lateIn({ series }: CaseView): Moment[] {
  const stretches: { readonly t: number; items: number }[] = [];
  let within = false;
  for (const span of spansOf(series)) {
    const items = isIncomplete(span) ? (span.sample.distributed?.late?.items ?? 0) : 0;
    const last = stretches.at(-1);
    if (within && items > 0 && last !== undefined) last.items += items;
    else if (items > 0) stretches.push({ t: span.from, items });
    within = items > 0;
  }
  return stretches.map(({ t, items }) => ({ t, kind: "late", text: `${counted(items, "item")} told late` }));
}

/** Since when the queue has been full, in milliseconds; null: it is not. */
export function fullSince(one: CaseView): number | null {
  const last = momentsOf(one).findLast(({ kind }) => kind === "full" || kind === "drained");
  return last?.kind === "full" ? last.t : null;
}

/** Since when items have been dropped, in milliseconds; null: the last interval dropped none. */
export function droppingSince(one: CaseView): number | null {
  if ((one.series.at(-1)?.dropped ?? 0) === 0 && fullSince(one) === null) return null;
  return momentsOf(one).findLast(({ kind }) => kind === "drops")?.t ?? null;
}

/** An instant of a case as text. */
export function instantText(t: number): string {
  return t < 1000 && t > 0 ? `${(t / 1000).toFixed(1)} s` : formatMs(Math.max(t, 0)).replace(/^0$/, "0 s");
}
