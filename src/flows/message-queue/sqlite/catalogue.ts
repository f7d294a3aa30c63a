import { textOf } from "../payload/payload.ts";
import { decode } from "../payload/text.ts";
import { BEHIND, DELAYED, LEASED, READY, STATE_NAMES } from "../state.ts";
import type { GroupDepth, GroupState, ListRequest, Note, Noted, StoredMessage, TaskState } from "../store.ts";
import type { RowOrder } from "./row-order.ts";
import { limit, storedMessage } from "./rows.ts";
import { MOST_GROUPS } from "./schema.ts";
import type { DeadRow, ListedRow, prepare, Row } from "./statements.ts";

const NUMBERS: readonly number[] = [READY, DELAYED, LEASED, BEHIND];

/** Looks at the messages of a group in a file, and changes them by hand. To be called within a transaction where they change. */
export class Catalogue {
  constructor(
    private readonly sql: ReturnType<typeof prepare>,
    private readonly keys: RowOrder,
    private readonly agingMs: number,
  ) {}

  depth(grp: number): GroupDepth {
    const { ready, delayed, leased, behind, dead } = this.survey(grp);
    return { ready, delayed, leased, behind, dead };
  }

  /** Counts what indices hold, and the rest by subtraction: a message's own row is not read. */
  survey(grp: number): GroupState {
    const { sql } = this;
    const { n: ready = 0, first = null } = sql.ready.get(grp) ?? {};
    const timed = new Map(sql.timed.all(grp).map(({ state, n }) => [state, n]));
    const [delayed, leased] = [timed.get(DELAYED) ?? 0, timed.get(LEASED) ?? 0];
    const behind = (sql.size.get(grp)?.size ?? 0) - ready - delayed - leased;
    const oldestSentAt = first === null ? null : (sql.sent.get(first)?.sent ?? null);
    return { ready, delayed, leased, behind, dead: sql.deadCount.get(grp)?.n ?? 0, oldestSentAt, paused: sql.isPaused.get(grp) !== null };
  }

  stateOf(grp: number, id: number): TaskState {
    const seq = id * MOST_GROUPS + grp;
    if (!Number.isSafeInteger(seq) || id < 1) return "unknown";
    const state = this.sql.state.get(seq)?.state;
    if (state !== undefined) return STATE_NAMES[state] as TaskState;
    if (this.sql.deadState.get(seq) !== null) return "dead";
    return id <= (this.sql.last.get()?.last ?? 0) ? "done" : "unknown";
  }

  note(grp: number, token: number, notes: readonly Note[], until: number): void {
    for (const { id, attempt, about, value } of notes)
      this.sql.note.run(about, textOf(value), until, id * MOST_GROUPS + grp, token, attempt);
  }

  noted(grp: number, id: number, about: Note["about"], now: number): Noted | null {
    const row = this.sql.noted.get(id * MOST_GROUPS + grp, about, now);
    return row === null ? null : { value: decode(row.value), revision: row.revision };
  }

  list(grp: number, { states, after, limit: most }: ListRequest): StoredMessage[] {
    const wanted = new Set<string>(states);
    const numbers = NUMBERS.filter((state) => wanted.has(STATE_NAMES[state] as string));
    const from = after * MOST_GROUPS + MOST_GROUPS - 1;
    const rows = numbers.length === 0 ? [] : (this.sql.list.all(grp, from, JSON.stringify(numbers), limit(most)) as ListedRow[]);
    const dead = wanted.has("dead") ? (this.sql.listDead.all(grp, from, limit(most)) as DeadRow[]) : [];
    const { agingMs } = this;
    const listed = rows.map((row) => storedMessage(row, row.state, null, agingMs));
    for (const row of dead) listed.push(storedMessage(row, null, row.reason, agingMs));
    return listed.sort((a, b) => a.id - b.id).slice(0, most);
  }

  remove(grp: number, ids: readonly number[]): number[] {
    const { sql } = this;
    let gone = 0;
    const removed = ids.filter((id) => {
      const seq = id * MOST_GROUPS + grp;
      const row = sql.discard.get(seq);
      if (row === null) return sql.unbury.get(seq) !== null;
      gone++;
      this.keys.promote(grp, row.key);
      return true;
    });
    if (gone > 0) sql.shrink.run(gone, grp);
    return removed;
  }

  redrive(grp: number, ids: readonly number[] | "all"): number {
    const { sql } = this;
    const all = ids === "all" ? (sql.deadLetters.all(grp, -1) as DeadRow[]).map(({ seq }) => seq) : ids.map((id) => id * MOST_GROUPS + grp);
    let count = 0;
    for (const seq of all) {
      const row = sql.unbury.get(seq) as Row | null;
      if (row === null) continue;
      sql.insert.run(seq, grp, this.keys.mayGoFirst(grp, row) ? READY : BEHIND, row.rank, 0, row.key, row.sent, row.idem, row.value);
      count++;
    }
    if (count > 0) sql.grow.run(count, grp);
    return count;
  }

  dropGroup(grp: number): void {
    const { sql } = this;
    sql.dropMessages.run(grp);
    sql.dropDead.run(grp);
    sql.dropNotes.run(grp);
    sql.dropBuckets.run(grp);
    sql.resume.run(grp);
    sql.dropGroup.run(grp);
  }
}
