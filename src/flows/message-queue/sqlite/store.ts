import type { Database } from "bun:sqlite";
import { inTransaction } from "../../../kernel/sqlite.ts";
import { printable } from "../../../kernel/text.ts";
import { decode, encode } from "../payload/text.ts";
import { BEHIND, DELAYED, LEASED, READY } from "../state.ts";
import {
  type DeadLetter,
  fullError,
  type GroupDepth,
  type Leased,
  type LeaseRef,
  type LeaseRequest,
  type Lent,
  type NewMessage,
  QueueError,
  type QueueStore,
  type Receipt,
  type Settlement,
  type TaskState,
  type Terms,
  unknownGroup,
} from "../store.ts";
import { queueError } from "./errors.ts";
import { openFile, type SqliteOptions } from "./file.ts";
import { MOST_GROUPS } from "./schema.ts";
import { type DeadRow, prepare, type Row } from "./statements.ts";

/** Queue messages in a file, by bun:sqlite in write-ahead mode; several processes may have it open. */
export class SqliteStore implements QueueStore {
  readonly sendOne = null;
  readonly shared = true;
  private readonly db: Database;
  private readonly sql: ReturnType<typeof prepare>;
  private open = true;

  constructor(private readonly options: SqliteOptions) {
    try {
      this.db = openFile(options);
      this.sql = prepare(this.db, options.order === "key");
    } catch (error) {
      throw queueError(error, options.file);
    }
  }

  room(): number {
    return this.guarded(() => this.options.capacity - (this.sql.fullest.get()?.size ?? 0));
  }

  fullest(): string {
    return this.guarded(() => this.sql.fullest.get()?.name ?? "");
  }

  send(messages: readonly NewMessage[], now: number): Receipt[] {
    return this.transaction(() => {
      const { sql } = this;
      sql.forget.run(now - this.options.rememberMs);
      const groups = sql.groups.all();
      let last = sql.last.get()?.last ?? 0;
      const first = last;
      const receipts: Receipt[] = [];
      for (const message of messages) {
        const { idempotencyKey } = message.terms;
        const before = idempotencyKey === null ? null : sql.known.get(idempotencyKey);
        if (before !== null) {
          receipts.push({ id: before.id, duplicate: true });
          continue;
        }
        last++;
        if (idempotencyKey !== null) sql.remember.run(idempotencyKey, last, now);
        const value = encode(message.value);
        for (const { grp } of groups) this.insert(last, grp, message.terms, value, now);
        receipts.push({ id: last, duplicate: false });
      }
      const added = last - first;
      if (added === 0) return receipts;
      if (added + (sql.fullest.get()?.size ?? 0) > this.options.capacity)
        throw fullError(this.options.capacity, sql.fullest.get()?.name ?? "");
      sql.setLast.run(last);
      sql.growAll.run(added);
      return receipts;
    });
  }

  private insert(id: number, grp: number, { key, priority, delayMs, idempotencyKey }: Terms, value: string, now: number): void {
    const behind = this.options.order === "key" && key !== null && this.sql.firstOf.get(grp, key) !== null;
    const state = behind ? BEHIND : delayMs > 0 ? DELAYED : READY;
    const at = delayMs > 0 ? now + delayMs : 0;
    this.sql.insert.run(id * MOST_GROUPS + grp, grp, state, -priority, at, key, now, idempotencyKey, value);
  }

  lease(group: string, { max, until, token }: LeaseRequest, now: number): Lent {
    return this.transaction(() => {
      const grp = this.number(group);
      const dead = this.wake(grp, now);
      const rows = this.sql.lease.all(until, token, grp, limit(max)) as Row[];
      // The rows of an UPDATE come in no particular order.
      rows.sort((a, b) => a.rank - b.rank || a.seq - b.seq);
      if (this.options.order === "key") this.followers(rows, grp, max, until, token, now);
      return { messages: rows.map(leasedOf), dead };
    });
  }

  /** Leases later messages of the same keys, as far as `max` allows. */
  private followers(rows: Row[], grp: number, max: number, until: number, token: number, now: number): void {
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

  settle(group: string, token: number, { acknowledged, again, dead, released }: Settlement, now: number): number[] {
    return this.transaction(() => {
      const grp = this.number(group);
      const { sql } = this;
      const lost: number[] = [];
      const died = dead.flatMap((ref) => {
        const row = sql.held.get(ref.id * MOST_GROUPS + grp, token, ref.attempt) as Row | null;
        return row === null ? [] : [{ row, reason: ref.reason }];
      });
      // First what makes room: a full file could not settle anything otherwise.
      const gone = this.leave(grp, token, dead, lost) + this.leave(grp, token, acknowledged, lost);
      for (const { row, reason } of died) this.bury(grp, row, reason, now);
      for (const ref of again) {
        const seq = ref.id * MOST_GROUPS + grp;
        const { changes } = sql.again.run(now + ref.delayMs, seq, token, ref.attempt);
        if (changes === 0) lost.push(ref.id);
        // It comes after the one before it, however soon its own time is.
        else if (this.options.order === "key") for (const { key } of sql.stayBehind.all(seq)) this.promote(grp, key);
      }
      for (const ref of released) {
        const row = sql.held.get(ref.id * MOST_GROUPS + grp, token, ref.attempt) as Row | null;
        if (row === null) lost.push(ref.id);
        else this.putBack(grp, row, row.attempt - 1);
      }
      if (gone > 0) sql.shrink.run(gone, grp);
      return lost;
    });
  }

  /** Removes the messages that are held, adds the others to `lost`, and promotes the next of each key; returns how many left. */
  private leave(grp: number, token: number, refs: readonly LeaseRef[], lost: number[]): number {
    let gone = 0;
    for (const [attempt, ids] of Map.groupBy(refs, (ref) => ref.attempt)) {
      const rows = this.sql.acknowledge.all(JSON.stringify(ids.map(({ id }) => id * MOST_GROUPS + grp)), token, attempt);
      gone += rows.length;
      if (this.options.order === "key") for (const { key } of rows) this.promote(grp, key);
      if (rows.length === ids.length) continue;
      const left = new Set(rows.map(({ seq }) => seq));
      for (const { id } of ids) if (!left.has(id * MOST_GROUPS + grp)) lost.push(id);
    }
    return gone;
  }

  extend(group: string, token: number, leases: readonly LeaseRef[], until: number): number[] {
    return this.transaction(() => {
      const grp = this.number(group);
      return leases
        .filter(({ id, attempt }) => this.sql.extend.run(until, id * MOST_GROUPS + grp, token, attempt).changes === 0)
        .map(({ id }) => id);
    });
  }

  nextAt(group: string): number | null {
    return this.guarded(() => this.sql.nextAt.get(this.number(group))?.at ?? null);
  }

  depth(group: string): GroupDepth {
    return this.guarded(() => {
      const grp = this.number(group);
      const counts = new Map(this.sql.depth.all(grp).map(({ state, n }) => [state, n]));
      const of = (state: number) => counts.get(state) ?? 0;
      return { ready: of(READY), delayed: of(DELAYED), leased: of(LEASED), behind: of(BEHIND), dead: this.sql.deadCount.get(grp)?.n ?? 0 };
    });
  }

  stateOf(group: string, id: number): TaskState {
    return this.guarded(() => {
      const seq = id * MOST_GROUPS + this.number(group);
      if (!Number.isSafeInteger(seq) || id < 1) return "unknown";
      const state = this.sql.state.get(seq)?.state;
      if (state === undefined) {
        if (this.sql.deadState.get(seq) !== null) return "dead";
        return id <= (this.sql.last.get()?.last ?? 0) ? "done" : "unknown";
      }
      return state === LEASED ? "working" : state === DELAYED ? "delayed" : "waiting";
    });
  }

  deadLetters(group: string, most: number): DeadLetter[] {
    return this.guarded(() => (this.sql.deadLetters.all(this.number(group), limit(most)) as DeadRow[]).map(letterOf));
  }

  redrive(group: string, ids: readonly number[] | "all"): number {
    return this.transaction(() => {
      const grp = this.number(group);
      const { sql } = this;
      const all =
        ids === "all" ? (sql.deadLetters.all(grp, -1) as DeadRow[]).map(({ seq }) => seq) : ids.map((id) => id * MOST_GROUPS + grp);
      let count = 0;
      for (const seq of all) {
        const row = sql.unbury.get(seq) as Row | null;
        if (row === null) continue;
        sql.insert.run(seq, grp, this.mayGoFirst(grp, row) ? READY : BEHIND, row.rank, 0, row.key, row.sent, row.idem, row.value);
        count++;
      }
      if (count > 0) sql.grow.run(count, grp);
      return count;
    });
  }

  /** Whether a returning message may be the first of its key: none of the key is leased, and those sent later give way. */
  private mayGoFirst(grp: number, { seq, key }: Row): boolean {
    if (this.options.order === "none" || key === null) return true;
    const { sql } = this;
    const first = sql.firstOf.get(grp, key)?.seq ?? Number.POSITIVE_INFINITY;
    if (first < seq || sql.lentOf.get(grp, key) !== null) return false;
    sql.giveWay.run(grp, key);
    return true;
  }

  dropGroup(group: string): void {
    this.transaction(() => {
      const { sql } = this;
      const grp = this.number(group);
      sql.dropMessages.run(grp);
      sql.dropDead.run(grp);
      sql.dropGroup.run(grp);
    });
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    for (const statement of Object.values(this.sql)) statement.finalize();
    this.db.close();
  }

  /** Makes available what is due and whose lease ran out; returns the messages that died of it. */
  private wake(grp: number, now: number): readonly DeadLetter[] {
    const { sql } = this;
    const died: DeadLetter[] = [];
    if ((sql.nextAt.get(grp)?.at ?? Number.POSITIVE_INFINITY) > now) return died;
    for (const row of sql.expired.all(grp, now) as Row[]) {
      if (row.attempt < this.options.maxAttempts) {
        this.putBack(grp, row, row.attempt);
        continue;
      }
      const reason = `its lease ran out ${row.attempt} times`;
      sql.remove.run(row.seq);
      this.bury(grp, row, reason, now);
      this.promote(grp, row.key);
      died.push(letterOf({ ...row, reason, died: now }));
    }
    // Last, since a message that died may have made way for one that is already due.
    sql.due.run(grp, now);
    if (died.length > 0) sql.shrink.run(died.length, grp);
    return died;
  }

  private bury(grp: number, { seq, rank, attempt, key, sent, idem, value }: Row, reason: string, now: number): void {
    this.sql.bury.run(seq, grp, rank, attempt, key, sent, idem, value, reason, now);
  }

  /** Returns a message to its group; where it comes to stand behind an earlier one of its key, promotes that one. */
  private putBack(grp: number, row: Row, attempt: number): void {
    const state = this.waitingState(grp, row);
    this.sql.back.run(state, attempt, row.seq);
    if (state === BEHIND) this.promote(grp, row.key);
  }

  /** State of a returning message: READY, or BEHIND an earlier one of its key. */
  private waitingState(grp: number, { seq, key }: Row): number {
    if (this.options.order === "none" || key === null) return READY;
    return (this.sql.firstOf.get(grp, key)?.seq ?? seq) < seq ? BEHIND : READY;
  }

  /** Promotes the next message of a key whose first one has left. */
  private promote(grp: number, key: string | null): void {
    if (this.options.order === "none" || key === null) return;
    this.sql.promote.run(grp, key);
  }

  /** Number of a group, read from the file each time: another process may have dropped the group and reused its number. */
  private number(group: string): number {
    const { sql } = this;
    const found = sql.number.get(group);
    if (found === null)
      throw unknownGroup(
        group,
        sql.groups.all().map(({ name }) => name),
      );
    return found.grp;
  }

  private transaction<T>(work: () => T): T {
    return this.guarded(() => inTransaction(this.db, work));
  }

  private guarded<T>(work: () => T): T {
    if (!this.open) throw new QueueError("closed", `${printable(this.options.file, 200)} is closed`);
    try {
      return work();
    } catch (error) {
      throw queueError(error, this.options.file);
    }
  }
}

function leasedOf({ seq, rank, attempt, key, sent, idem, value }: Row): Leased {
  return {
    id: Math.floor(seq / MOST_GROUPS),
    value: decode(value),
    key,
    priority: rank === 0 ? 0 : -rank,
    attempt,
    sentAt: sent,
    idempotencyKey: idem,
  };
}

function letterOf({ seq, value, key, attempt, reason, died }: DeadRow): DeadLetter {
  return { id: Math.floor(seq / MOST_GROUPS), value: decode(value), key, attempts: attempt, reason, at: died };
}

/** SQL's limit: negative means none. */
function limit(most: number): number {
  return Number.isFinite(most) ? most : -1;
}
