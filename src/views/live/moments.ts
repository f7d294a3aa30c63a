import { formatMs } from "../../kernel/units.ts";
import type { CaseView } from "./store.ts";

/** Something that began or ended in a case, at an instant of its time. */
export interface Moment {
  /** Milliseconds since t = 0. */
  readonly t: number;
  readonly kind: "full" | "drops" | "drained" | "breaker";
  readonly text: string;
}

/** A queue this full is full: its depth is a mean over an interval. */
const FULL_SHARE = 0.95;

/** How much shorter than an interval's capacity the queue has to be for it to have room again. */
const ROOM_SHARE = 0.5;

const remembered = new WeakMap<CaseView["series"], readonly Moment[]>();

/** The moments of a case in order: its queue full, its first drops, its breaker open or closed, its queue with room again. */
export function momentsOf(one: CaseView): readonly Moment[] {
  const known = remembered.get(one.series);
  if (known !== undefined) return known;
  const moments = found(one);
  remembered.set(one.series, moments);
  return moments;
}

function found({ series, outline: { capacity } }: CaseView): Moment[] {
  const moments: Moment[] = [];
  let full = false;
  let dropping = false;
  let breaker = "closed";
  let from = 0;
  for (const { t, depth, dropped, fetch } of series) {
    if (capacity != null && !full && depth >= capacity * FULL_SHARE) {
      full = true;
      moments.push({ t: from, kind: "full", text: `queue full (${capacity})` });
    } else if (capacity != null && full && depth < capacity * ROOM_SHARE) {
      full = false;
      moments.push({ t: from, kind: "drained", text: "queue has room again" });
    }
    if (dropped > 0 && !dropping) moments.push({ t: from, kind: "drops", text: "drops begin" });
    dropping = dropped > 0 || (dropping && full);
    if (fetch !== undefined && fetch.breaker !== breaker) {
      breaker = fetch.breaker;
      moments.push({ t: from, kind: "breaker", text: `breaker ${breaker}` });
    }
    from = t;
  }
  return moments;
}

/** Since when the queue is full, in milliseconds; null: it is not. */
export function fullSince(one: CaseView): number | null {
  const last = momentsOf(one).findLast(({ kind }) => kind === "full" || kind === "drained");
  return last?.kind === "full" ? last.t : null;
}

/** Since when items are dropped, in milliseconds; null: the last interval dropped none. */
export function droppingSince(one: CaseView): number | null {
  if ((one.series.at(-1)?.dropped ?? 0) === 0 && fullSince(one) === null) return null;
  return momentsOf(one).findLast(({ kind }) => kind === "drops")?.t ?? null;
}

/** An instant of a case as a person reads it. */
export function instantText(t: number): string {
  return t < 1000 && t > 0 ? `${(t / 1000).toFixed(1)} s` : formatMs(Math.max(t, 0)).replace(/^0$/, "0 s");
}
