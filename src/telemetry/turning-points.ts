import type { Sample } from "./sample.ts";

/** Share of the capacity from which a queue counts as full, and below which it has room again: depths are means over intervals. */
export const FULL_SHARE = 0.95;
const ROOM_SHARE = 0.5;

/** Silence of Redis from which it is told, in milliseconds: a server that is busy answers later than usual, too. */
const SILENT_MS = 1000;

export type Turn = "full" | "room" | "drops begin" | "drops end" | "breaker" | "redis silent" | "redis answers";

/**
 * Follows a case for its turns of events: queue full or with room again, drops that begin or end, a breaker that opens or closes, a Redis
 * that gives no answer or answers again.
 */
export class TurningPoints {
  private full = false;
  private dropping = false;
  private breaker = "closed";
  private silent = false;

  /** `capacity`: places in the queue; null: there is no end to it. */
  constructor(private readonly capacity: number | null) {}

  /** The turns since the sample before. */
  next({ depth, dropped, fetch, distributed }: Pick<Sample, "depth" | "dropped" | "fetch" | "distributed">): Turn[] {
    const turns: Turn[] = [];
    if (this.capacity !== null && this.full !== depth >= this.capacity * (this.full ? ROOM_SHARE : FULL_SHARE)) {
      this.full = !this.full;
      turns.push(this.full ? "full" : "room");
    }
    // A full queue drops again in a moment, though an interval may have none.
    const dropping = dropped > 0 || (this.dropping && this.full);
    if (dropping !== this.dropping) turns.push(dropping ? "drops begin" : "drops end");
    this.dropping = dropping;
    if (fetch !== undefined && fetch.breaker !== this.breaker) {
      this.breaker = fetch.breaker;
      turns.push("breaker");
    }
    const silent = (distributed?.silentMs ?? 0) > SILENT_MS;
    if (silent !== this.silent) turns.push(silent ? "redis silent" : "redis answers");
    this.silent = silent;
    return turns;
  }
}
