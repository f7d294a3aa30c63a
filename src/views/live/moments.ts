import { formatMs } from "../../kernel/units.ts";
import type { CaseView } from "./store.ts";

/** A change in a case, at an instant of its time. */
export interface Moment {
  /** Milliseconds since t = 0. */
  readonly t: number;
  readonly kind: "full" | "drops" | "drained" | "breaker";
  readonly text: string;
}

/** Share of the capacity from which a queue counts as full, since depths are means over intervals. */
const FULL_SHARE = 0.95;

/** Share of its capacity below which a queue has room again. */
const ROOM_SHARE = 0.5;

const remembered = new WeakMap<CaseView["series"], readonly Moment[]>();

/** The moments of a case in order: queue full, first drops, breaker open or closed, room in the queue again. */
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
