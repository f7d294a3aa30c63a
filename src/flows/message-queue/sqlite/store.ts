import type { Database } from "bun:sqlite";
import { inTransaction, sqliteTrouble } from "../../../kernel/sqlite.ts";
import { printable } from "../../../kernel/text.ts";
import { realTimers, type SteadyClock, steadyClock } from "../../../kernel/timers.ts";
import type { BucketRule } from "../../../resilience/token-bucket.ts";
import { messageText } from "../payload/message-text.ts";
import {
  type DeadLetter,
  type GroupDepth,
  type GroupState,
  type LeaseRef,
  type LeaseRequest,
  type Lent,
  type ListRequest,
  type NewMessage,
  type Note,
  type Noted,
  QueueError,
  type QueueStore,
  type Receipt,
  type Settlement,
  type StoreAnswer,
  type StoredMessage,
  type TaskState,
  type Tokens,
  unknownGroup,
} from "../store.ts";
import { Catalogue } from "./catalogue.ts";
import { queueError } from "./errors.ts";
import { openFile, type SqliteOptions } from "./file.ts";
import { readFileClock } from "./file-clock.ts";
import { FileIdentity } from "./identity.ts";
import { LockTurns } from "./lock-turns.ts";
import { NewRows } from "./new-rows.ts";
import { RateBuckets } from "./rate-buckets.ts";
import { Room } from "./room.ts";
import { RowOrder } from "./row-order.ts";
import { leasedOf, letterOf, limit } from "./rows.ts";
import { MOST_GROUPS } from "./schema.ts";
import { type DeadRow, prepare, type Row } from "./statements.ts";

/** What a message takes in the file beside its text, in bytes. */
const ROW_BYTES = 100;
/** Time in which consumers that could not extend their leases while the file was locked may do so, in milliseconds. */
const GRACE_MS = 200;

/** Queue messages in a file, by bun:sqlite in write-ahead mode; several processes may have it open. */
export class SqliteStore implements QueueStore {
  readonly sendOne = null;
  readonly shared = true;
  readonly keepsText = true;
  private readonly db: Database;
  private readonly sql: ReturnType<typeof prepare>;
  private readonly keys: RowOrder;
  private readonly catalogue: Catalogue;
  private readonly identity: FileIdentity;
  private readonly space: Room;
  private readonly turns: LockTurns;
  private readonly agingMs: number;
  private readonly arrivals: NewRows;
  private readonly buckets: RateBuckets;
  readonly clock: SteadyClock;
  private open = true;

  constructor(private readonly options: SqliteOptions) {
    this.agingMs = options.agingMs ?? 0;
    const { file, order, maxBytes, busyMs, timers = realTimers } = options;
    try {
      this.db = openFile(options);
      this.identity = new FileIdentity(file);
      this.sql = prepare(this.db, order === "key");
      this.keys = new RowOrder(this.sql, order === "key");
      this.catalogue = new Catalogue(this.sql, this.keys, this.agingMs);
      this.space = new Room(this.db, file, maxBytes);
      this.buckets = new RateBuckets(this.sql);
      this.arrivals = new NewRows(this.sql, this.keys, options, this.space);
      this.clock = readFileClock(this.db, timers) ?? steadyClock(timers);
      this.turns = new LockTurns(this.db, timers, busyMs);
    } catch (error) {
      throw queueError(error, options.file);
    }
  }

  room(): StoreAnswer<number> {
    return this.guarded(() => this.options.capacity - (this.sql.fullest.get()?.size ?? 0));
  }

  fullest(): StoreAnswer<string> {
    return this.guarded(() => this.sql.fullest.get()?.name ?? "");
  }

  send(messages: readonly NewMessage[], now: number): StoreAnswer<Receipt[]> {
    const texts = messages.map(messageText);
    return this.guarded(() => {
      // What is acknowledged must be in the file of that name.
      this.identity.check();
      this.space.askDisk(texts.reduce((sum, text) => sum + text.length + ROW_BYTES, 0) * this.options.groups.length);
      return inTransaction(this.db, () => this.arrivals.add(messages, texts, now));
    });
  }

  lease(group: string, request: LeaseRequest, now: number): StoreAnswer<Lent> {
    return this.guarded(() => {
      // Each message leased is written: a disk that is nearly full may have room for some of them.
      for (let max = request.max; ; max = Math.ceil(Math.min(max, 1000) / 2)) {
        try {
          return this.inRoom(() => this.take(group, { ...request, max }, now));
        } catch (error) {
          if (sqliteTrouble(error) !== "full" || max <= 1) throw error;
        }
      }
    });
  }

  private take(group: string, { max, until, token }: LeaseRequest, now: number): Lent {
    const grp = this.number(group);
    const dead = this.wake(grp, now);
    if (this.sql.isPaused.get(grp) !== null) return { messages: [], dead };
    const rows = this.sql.lease.all(until, token, grp, limit(max)) as Row[];
    // The rows of an UPDATE come in no particular order.
    rows.sort((a, b) => a.rank - b.rank || a.seq - b.seq);
    if (this.keys.ordered) this.keys.followers(rows, grp, max, until, token, now);
    return { messages: rows.map((row) => leasedOf(row, this.agingMs)), dead };
  }

  settle(group: string, token: number, { acknowledged, again, dead, released }: Settlement, now: number): StoreAnswer<number[]> {
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
        else if (this.keys.ordered) for (const { key } of sql.stayBehind.all(seq)) this.keys.promote(grp, key);
      }
      for (const ref of released) {
        const row = sql.held.get(ref.id * MOST_GROUPS + grp, token, ref.attempt) as Row | null;
        if (row === null) lost.push(ref.id);
        else this.keys.putBack(grp, row, row.attempt - 1, ref.delayMs === undefined ? 0 : now + ref.delayMs);
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
      if (this.keys.ordered) for (const { key } of rows) this.keys.promote(grp, key);
      if (rows.length === ids.length) continue;
      const left = new Set(rows.map(({ seq }) => seq));
      for (const { id } of ids) if (!left.has(id * MOST_GROUPS + grp)) lost.push(id);
    }
    return gone;
  }

  extend(group: string, token: number, leases: readonly LeaseRef[], until: number): StoreAnswer<number[]> {
    return this.transaction(() => {
      const grp = this.number(group);
      return leases
        .filter(({ id, attempt }) => this.sql.extend.run(until, id * MOST_GROUPS + grp, token, attempt).changes === 0)
        .map(({ id }) => id);
    });
  }

  /** A full file keeps none: its messages are to be settled all the same. */
  note(group: string, token: number, notes: readonly Note[], until: number, now: number): StoreAnswer<void> {
    return this.guarded(() => {
      try {
        inTransaction(this.db, () => {
          this.sql.forgetNotes.run(now);
          this.catalogue.note(this.number(group), token, notes, until);
          this.space.checkLimit();
        });
      } catch (error) {
        if (sqliteTrouble(error) !== "full" && !(error instanceof QueueError && error.problem === "disk full")) throw error;
      }
    });
  }

  noted(group: string, id: number, about: Note["about"], now: number): StoreAnswer<Noted | null> {
    return this.guarded(() => this.catalogue.noted(this.number(group), id, about, now));
  }

  takeTokens(group: string, bucket: string, rule: BucketRule, want: number, now: number): StoreAnswer<Tokens> {
    return this.transaction(() => this.buckets.take(this.number(group), bucket, rule, want, now));
  }

  nextAt(group: string): StoreAnswer<number | null> {
    return this.guarded(() => this.sql.nextAt.get(this.number(group))?.at ?? null);
  }

  depth(group: string): StoreAnswer<GroupDepth> {
    return this.guarded(() => this.catalogue.depth(this.number(group)));
  }

  survey(group: string): StoreAnswer<GroupState> {
    return this.guarded(() => this.catalogue.survey(this.number(group)));
  }

  unsettled(group: string): StoreAnswer<number> {
    return this.guarded(() => this.sql.size.get(this.number(group))?.size ?? 0);
  }

  stateOf(group: string, id: number): StoreAnswer<TaskState> {
    return this.guarded(() => this.catalogue.stateOf(this.number(group), id));
  }

  list(group: string, request: ListRequest): StoreAnswer<StoredMessage[]> {
    return this.guarded(() => this.catalogue.list(this.number(group), request));
  }

  deadLetters(group: string, most: number): StoreAnswer<DeadLetter[]> {
    return this.guarded(() => (this.sql.deadLetters.all(this.number(group), limit(most)) as DeadRow[]).map(letterOf));
  }

  remove(group: string, ids: readonly number[]): StoreAnswer<number[]> {
    return this.transaction(() => this.catalogue.remove(this.number(group), ids));
  }

  redrive(group: string, ids: readonly number[] | "all"): StoreAnswer<number> {
    return this.transaction(() => this.catalogue.redrive(this.number(group), ids));
  }

  pause(group: string, paused: boolean): StoreAnswer<void> {
    return this.transaction(() => {
      (paused ? this.sql.pause : this.sql.resume).run(this.number(group));
    });
  }

  dropGroup(group: string): StoreAnswer<void> {
    return this.transaction(() => this.catalogue.dropGroup(this.number(group)));
  }

  trouble(): QueueError | null {
    return this.open ? this.identity.problem : null;
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.space.shrink();
    this.space.close();
    for (const statement of Object.values(this.sql)) statement.finalize();
    this.db.close();
  }

  /** Makes available what is due and whose lease ran out; returns the messages that died of it. */
  private wake(grp: number, now: number): readonly DeadLetter[] {
    const { sql } = this;
    const died: DeadLetter[] = [];
    if ((sql.nextAt.get(grp)?.at ?? Number.POSITIVE_INFINITY) > now) return died;
    for (const row of sql.expired.all(grp, now - this.grace(now)) as Row[]) {
      if (row.attempt < this.options.maxAttempts) {
        this.keys.putBack(grp, row, row.attempt);
        continue;
      }
      const reason = `its lease ran out ${row.attempt} times`;
      sql.remove.run(row.seq);
      this.bury(grp, row, reason, now);
      this.keys.promote(grp, row.key);
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

  /** For how long others were kept from extending their leases just now, in milliseconds; only where the caller goes by this clock. */
  private grace(now: number): number {
    const locked = this.turns.lockedFor(GRACE_MS);
    return locked > 0 && Math.abs(this.clock.now() - now) < 2 * locked + GRACE_MS ? locked : 0;
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

  /** Runs a change that makes room sooner or later. */
  private transaction<T>(work: () => T): StoreAnswer<T> {
    return this.guarded(() => this.inRoom(work));
  }

  /** Runs a transaction. Where the disk is full, its log gives its room back first. */
  private inRoom<T>(work: () => T): T {
    try {
      return inTransaction(this.db, work);
    } catch (error) {
      if (sqliteTrouble(error) !== "full" || !this.space.checkpoint()) throw error;
      return inTransaction(this.db, work);
    }
  }

  /** Runs work that another process may keep from its turn for a while; translates errors. */
  private guarded<T>(work: () => T): StoreAnswer<T> {
    const { file } = this.options;
    const run = () => {
      if (!this.open) throw new QueueError("closed", `${printable(file, 200)} is closed`);
      return work();
    };
    try {
      const answer = this.turns.run(run);
      if (!(answer instanceof Promise)) return answer;
      return answer.catch((error: unknown) => {
        throw queueError(error, file);
      });
    } catch (error) {
      throw queueError(error, file);
    }
  }
}
