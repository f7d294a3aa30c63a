import type { Clock, Nanoseconds } from "../../../kernel/clock.ts";
import type { RedisPort, RedisReply } from "../../../kernel/redis/port.ts";

/** Exchanges before a run and after it, and at each sign of life in between. */
export const EXCHANGES = 32;
/** Exchanges that count: the latest. An offset of long ago says nothing about a clock that drifts. */
const KEPT = 64;
/** Resolution of TIME. */
const TICK: Nanoseconds = 1000;

/** What two clocks differ by: theirs − ours, at most `error` off. */
export interface Offset {
  readonly offset: Nanoseconds;
  readonly error: Nanoseconds;
}

/**
 * Compares two clocks by exchanges (D. L. Mills, RFC 5905): ours is read, then theirs, then ours again. Theirs was read in between, so the
 * offset is known to half of the round trip; the shortest counts.
 */
export class ClockComparison {
  private readonly exchanges: (Offset & { readonly roundTrip: Nanoseconds })[] = [];

  add(sent: Nanoseconds, theirs: Nanoseconds, received: Nanoseconds): void {
    const roundTrip = received - sent;
    if (!(roundTrip >= 0)) return;
    if (this.exchanges.length === KEPT) this.exchanges.shift();
    this.exchanges.push({ offset: theirs - (sent + received) / 2, error: roundTrip / 2 + TICK, roundTrip });
  }

  /** By the shortest of the latest exchanges; null: there was none. */
  get best(): Offset | null {
    let best: Offset | null = null;
    for (const { offset, error } of this.exchanges) if (best === null || error <= best.error) best = { offset, error };
    return best;
  }

  /** Median round trip; 0: there was none. */
  get roundTrip(): Nanoseconds {
    const sorted = this.exchanges.map(({ roundTrip }) => roundTrip).sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }
}

/** Compares a clock with that of Redis. `base`: second of Redis's clock from which its instants are counted. */
export async function compareClocks(
  redis: RedisPort,
  clock: Clock,
  base: number,
  exchanges = EXCHANGES,
  comparison = new ClockComparison(),
): Promise<ClockComparison> {
  for (let i = 0; i < exchanges; i++) {
    const sent = clock.now();
    const time = await redis.send("TIME");
    comparison.add(sent, sinceBase(time, base), clock.now());
  }
  return comparison;
}

/** Nanoseconds since a second of Redis's clock, from the reply to TIME. */
export function sinceBase(time: RedisReply, base: number): Nanoseconds {
  const [seconds, micros] = (Array.isArray(time) ? time : []) as readonly RedisReply[];
  return (Number(seconds) - base) * 1e9 + Number(micros) * 1e3;
}

/** The second that Redis's clock shows now. */
export async function secondOf(redis: RedisPort): Promise<number> {
  return Math.floor(sinceBase(await redis.send("TIME"), 0) / 1e9);
}
