import { BEHIND, DELAYED, READY } from "../state.ts";
import { limit } from "./rows.ts";
import type { prepare, Row } from "./statements.ts";

/** The order of messages of one key, in a file: only the first of a key, and those leased with it, may be at work. */
export class RowOrder {
  constructor(
    private readonly sql: ReturnType<typeof prepare>,
    readonly ordered: boolean,
  ) {}

  /** Whether a returning message may be the first of its key: none of the key is leased, and those sent later give way. */
  mayGoFirst(grp: number, { seq, key }: Row): boolean {
    if (!this.ordered || key === null) return true;
    const { sql } = this;
    const first = sql.firstOf.get(grp, key)?.seq ?? Number.POSITIVE_INFINITY;
    if (first < seq || sql.lentOf.get(grp, key) !== null) return false;
    sql.giveWay.run(grp, key);
    return true;
  }

  /** Leases later messages of the same keys, as far as `max` allows. */
  followers(rows: Row[], grp: number, max: number, until: number, token: number, now: number): void {
    const heads = rows.length;
    for (let i = 0; i < heads && rows.length < max; i++) {
      const { key, seq } = rows[i] as Row;
      if (key === null) continue;
      for (const next of this.sql.after.all(grp, key, seq, limit(max - rows.length))) {
        if (next.state !== BEHIND || next.at > now) break;
        rows.push(this.sql.follow.get(until, token, next.seq) as Row);
      }
    }
  }

  /** Returns a message to its group, not available before `at` if that is not 0; where it comes to stand behind an earlier one of its key, promotes that one. */
  putBack(grp: number, row: Row, attempt: number, at = 0): void {
    const state = this.waitingState(grp, row);
    this.sql.back.run(state === READY && at > 0 ? DELAYED : state, at, attempt, row.seq);
    if (state === BEHIND) this.promote(grp, row.key);
  }

  /** State of a returning message: READY, or BEHIND an earlier one of its key. */
  private waitingState(grp: number, { seq, key }: Row): number {
    if (!this.ordered || key === null) return READY;
    return (this.sql.firstOf.get(grp, key)?.seq ?? seq) < seq ? BEHIND : READY;
  }

  /** Promotes the next message of a key whose first one has left. */
  promote(grp: number, key: string | null): void {
    if (!this.ordered || key === null) return;
    this.sql.promote.run(grp, key);
  }
}
