import type { Clock, Nanoseconds } from "../../../kernel/clock.ts";
import type { RedisPort, RedisReply } from "../../../kernel/redis/port.ts";

/** Exchanges before a run and after it, and of each look in between. */
const EXCHANGES = 32;
const EXCHANGES_EACH = 4;
/** Exchanges that count: the latest. An offset of long ago says little about a clock that drifts. */
const KEPT = 64;
/** Resolution of TIME. */
const TICK: Nanoseconds = 1000;
/** Rate at which two clocks may drift apart: PHI of RFC 5905. */
const DRIFT = 15e-6;

/** What two clocks differ by: theirs − ours, at most `error` off. */
export interface Offset {
  readonly offset: Nanoseconds;
  readonly error: Nanoseconds;
}

/**
 * Compares two clocks by exchanges (D. L. Mills, RFC 5905): ours is read, then theirs, then ours again. Theirs was read in between, so the
 * offset was known to half of the round trip then, and since has become less sure by what clocks drift. The surest counts.
 */
export class ClockComparison {
  private exchanges: (Offset & { readonly roundTrip: Nanoseconds; readonly at: Nanoseconds })[] = [];

  add(sent: Nanoseconds, theirs: Nanoseconds, received: Nanoseconds): void {
    const roundTrip = received - sent;
    if (!(roundTrip >= 0 && Number.isFinite(theirs))) return;
    const [offset, error] = [theirs - (sent + received) / 2, roundTrip / 2 + TICK];
    const before = this.bestAt(received);
    // A clock was set: what was found before does not hold.
    if (before !== null && Math.abs(offset - before.offset) > error + before.error) this.exchanges = [];
    if (this.exchanges.length === KEPT) this.exchanges.shift();
    this.exchanges.push({ offset, error, roundTrip, at: received });
  }

  /** As of the latest exchange; null: there was none. */
  get best(): Offset | null {
    return this.bestAt(this.exchanges.at(-1)?.at ?? 0);
  }

  private bestAt(now: Nanoseconds): Offset | null {
    let best: Offset | null = null;
    for (const { offset, error, at } of this.exchanges) {
      const since = error + DRIFT * (now - at);
      if (best === null || since <= best.error) best = { offset, error: since };
    }
    return best;
  }

  /** Median round trip; 0: there was none. */
  get roundTrip(): Nanoseconds {
    const sorted = this.exchanges.map(({ roundTrip }) => roundTrip).sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }
}

/** A clock beside that of Redis through a run: compared before it and, since clocks drift, again and again during it. */
export class ComparedClock {
  /** The offset before the run; the latest, and when that was found. */
  private first: Offset | null = null;
  private latest: Offset | null = null;
  private foundAt: Nanoseconds = 0;
  /** Largest error of an offset that was used. */
  error: Nanoseconds = 0;
  /** Median round trip before the run. */
  roundTrip: Nanoseconds = 0;
  private readonly comparison = new ClockComparison();

  /** `base`: second of Redis's clock from which its instants are counted. */
  constructor(
    private readonly redis: Pick<RedisPort, "send">,
    private readonly clock: Clock,
    private readonly base: number,
  ) {}

  /** Compares it before the run. */
  async begin(): Promise<Offset> {
    this.first = await this.look(EXCHANGES);
    this.roundTrip = this.comparison.roundTrip;
    return this.first;
  }

  /** Compares it again. */
  async follow(): Promise<void> {
    await this.look(EXCHANGES_EACH);
  }

  /** Compares it anew after the run. */
  async end(): Promise<Offset> {
    return new ComparedClock(this.redis, this.clock, this.base).begin();
  }

  /** Offset before the run. */
  get before(): Offset {
    return this.first ?? { offset: 0, error: 0 };
  }

  /** What has been added to the offset since. */
  get drift(): Nanoseconds {
    return (this.latest ?? this.before).offset - this.before.offset;
  }

  private async look(exchanges: number): Promise<Offset> {
    if (this.latest !== null) this.error = Math.max(this.error, this.latest.error + DRIFT * (this.clock.now() - this.foundAt));
    for (let i = 0; i < exchanges; i++) {
      const sent = this.clock.now();
      const time = await this.redis.send("TIME");
      this.comparison.add(sent, sinceBase(time, this.base), this.clock.now());
    }
    const { best } = this.comparison;
    if (best === null) throw new Error("no exchange with the clock of Redis came about");
    this.latest = best;
    this.foundAt = this.clock.now();
    this.error = Math.max(this.error, best.error);
    return best;
  }
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
