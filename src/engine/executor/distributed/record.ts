import type { Nanoseconds } from "../../../kernel/clock.ts";

/**
 * The record of a batch, as JSON in the results stream; instants are nanoseconds since the run's base, by the clock of Redis.
 *
 *     [host, partition, claimed, dequeued, stretch…]     stretch: [first, count, began, ended] or [number, 1, began, ended, reason, figures]
 *
 * `reason` is null where the item did not fail; both may be missing.
 */

/** Items `first`…`first + count − 1` of a partition, worked one right after another from `began` to `ended`. */
export interface Stretch {
  readonly first: number;
  readonly count: number;
  readonly began: Nanoseconds;
  readonly ended: Nanoseconds;
  /** Why the item failed; null: these were processed. */
  readonly reason: string | null;
  /** What the one item adds to the figures of its workload, which alone knows what it is; absent: nothing. */
  readonly figures?: unknown;
}

export interface BatchRecord {
  /** Id of the worker. */
  readonly host: string;
  readonly partition: number;
  readonly claimed: boolean;
  readonly dequeued: Nanoseconds;
  readonly stretches: readonly Stretch[];
}

/** Longest reason that is kept, most items of a stretch, and largest record that is read. */
const LONGEST_REASON = 500;
const LONGEST_STRETCH = 10_000;
const LONGEST_RECORD = 4_000_000;

export function recordText({ host, partition, claimed, dequeued, stretches }: BatchRecord): string {
  const told = stretches.map(({ first, count, began, ended, reason, figures }) => {
    const times = `${first},${count},${Math.round(began)},${Math.round(ended)}`;
    if (reason === null && figures === undefined) return `[${times}]`;
    const why = JSON.stringify(reason?.slice(0, LONGEST_REASON) ?? null);
    return figures === undefined ? `[${times},${why}]` : `[${times},${why},${JSON.stringify(figures)}]`;
  });
  return `[${JSON.stringify(host)},${partition},${claimed ? 1 : 0},${Math.round(dequeued)},${told.join(",")}]`;
}

/** Reads a record; null when it is none. Never throws. */
export function readRecord(text: string): BatchRecord | null {
  if (text.length > LONGEST_RECORD) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  const [host, partition, claimed, dequeued, ...rest] = value as readonly unknown[];
  if (typeof host !== "string" || !isCount(partition) || !Number.isFinite(dequeued)) return null;
  const stretches: Stretch[] = [];
  for (const one of rest) {
    const stretch = stretchOf(one);
    if (stretch === null) return null;
    stretches.push(stretch);
  }
  return { host, partition, claimed: claimed === 1, dequeued: dequeued as number, stretches };
}

function stretchOf(value: unknown): Stretch | null {
  if (!Array.isArray(value)) return null;
  const [first, count, began, ended, reason = null, figures] = value as readonly unknown[];
  if (!isCount(first) || !isCount(count) || count > LONGEST_STRETCH || !Number.isFinite(began) || !Number.isFinite(ended)) return null;
  if (reason !== null && typeof reason !== "string") return null;
  const times = { first, count, began: began as number, ended: ended as number, reason };
  return figures === undefined ? times : { ...times, figures };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
