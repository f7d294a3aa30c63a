import { IdTable } from "../../../kernel/id-table.ts";
import { BEHIND, DELAYED, GONE, LEASED, READY, STATE_NAMES } from "../state.ts";
import type {
  DeadLetter,
  GroupDepth,
  GroupState,
  LeaseRef,
  LeaseRequest,
  Lent,
  ListRequest,
  Note,
  Settlement,
  StoredMessage,
  StoreOptions,
  TaskState,
  Terms,
} from "../store.ts";
import { Entry, type LeaseGrant, type Sending, SharedEntry } from "./entry.ts";
import { Expirations, type OnDue } from "./expirations.ts";
import { KeyChains } from "./key-chains.ts";
import { Notes } from "./notes.ts";
import { ReadyQueue } from "./ready-queue.ts";

const NONE: readonly DeadLetter[] = [];

/** A dead letter, but for its value. */
interface Burial {
  readonly entry: Entry;
  readonly letter: Omit<DeadLetter, "value">;
}

function storedMessage(entry: Entry, reason: string | null): StoredMessage {
  const { id, value, key, priority, state, attempt, sentAt, idempotencyKey, headers } = entry;
  const name = reason === null ? STATE_NAMES[state] : "dead";
  return { id, value, key, priority, state: name as StoredMessage["state"], attempts: attempt, sentAt, idempotencyKey, headers, reason };
}

export function buriedLetter({ entry, letter }: Burial): DeadLetter {
  return { ...letter, value: entry.value };
}

/** The messages of one group and their states. */
export class Group {
  readonly dead = new Map<number, Burial>();
  readonly notes = new Notes();
  private readonly entries = new IdTable<Entry>();
  private readonly ready: ReadyQueue;
  private readonly leases = new Expirations();
  private readonly chains: KeyChains;
  private readonly kind: typeof Entry;
  /** Time of the current call of `wake`. */
  private now = 0;
  /** Messages that died since the last lease call. */
  private died: DeadLetter[] = [];
  /** Number of messages in each state. */
  private readonly counts = [0, 0, 0, 0, 0];

  /** Nothing is leased. */
  paused = false;

  constructor(private readonly options: StoreOptions) {
    this.kind = options.values === "shared" ? SharedEntry : Entry;
    this.ready = new ReadyQueue(options.agingMs ?? Number.POSITIVE_INFINITY);
    this.chains = new KeyChains(options.order === "key", {
      promoted: (entry) => this.appear(entry),
      // A delay continues meanwhile.
      demoted: (entry) => {
        if (entry.state === READY) entry.at = 0;
        this.become(entry, BEHIND);
      },
    });
  }

  get size(): number {
    return this.entries.size;
  }

  add(id: number, value: unknown, terms: Terms, sending: Sending): void {
    const { delayMs } = terms;
    const entry = new this.kind(id, value, terms, sending);
    this.entries.set(id, entry);
    if (!this.chains.join(entry)) {
      this.become(entry, BEHIND);
      if (delayMs > 0) entry.at = sending.at + delayMs;
    } else if (delayMs > 0) this.wait(entry, sending.at + delayMs);
    else {
      this.become(entry, READY);
      this.ready.push(entry);
    }
  }

  lease({ max, until, token }: LeaseRequest, now: number): Lent {
    const dead = this.wake(now);
    const taken: Entry[] = [];
    if (this.paused) return { messages: taken, dead };
    const grant: LeaseGrant = { token, until, entries: taken, left: 0 };
    this.ready.take(max, (entry) => taken.push(this.lend(entry, grant)));
    const heads = taken.length;
    // Later messages of the same keys, as far as `max` allows.
    for (let i = 0; i < heads && taken.length < max; i++) {
      this.chains.followers(taken[i] as Entry, now, (entry) => taken.push(this.lend(entry, grant)) < max);
    }
    this.leases.grant(grant);
    return { messages: taken, dead };
  }

  private lend(entry: Entry, grant: LeaseGrant): Entry {
    this.become(entry, LEASED);
    entry.attempt++;
    entry.at = grant.until;
    entry.lease = grant;
    return entry;
  }

  settle(token: number, { acknowledged, again, dead, released }: Settlement, now: number): number[] {
    const lost: number[] = [];
    for (const ref of acknowledged) {
      const entry = this.held(token, ref, lost);
      if (entry === null) continue;
      this.leases.end(entry);
      this.remove(entry);
    }
    for (const ref of dead) {
      const entry = this.held(token, ref, lost);
      if (entry === null) continue;
      this.leases.end(entry);
      this.bury(entry, ref.reason, now);
    }
    for (const ref of again) {
      const entry = this.held(token, ref, lost);
      if (entry === null) continue;
      this.leases.end(entry);
      this.putBack(entry, now + ref.delayMs);
    }
    for (const ref of released) {
      const entry = this.held(token, ref, lost);
      if (entry === null) continue;
      this.leases.end(entry);
      entry.attempt--;
      this.putBack(entry, ref.delayMs === undefined ? 0 : now + ref.delayMs);
    }
    return lost;
  }

  extend(token: number, leases: readonly LeaseRef[], until: number): number[] {
    const lost: number[] = [];
    for (const ref of leases) {
      const entry = this.held(token, ref, lost);
      if (entry !== null) entry.at = until;
    }
    return lost;
  }

  note(token: number, notes: readonly Note[], until: number, now: number): void {
    for (const note of notes) if (this.held(token, note, []) !== null) this.notes.set(note, until, now);
  }

  nextAt(): number | null {
    return this.leases.nextAt(this.onDue);
  }

  depth(): GroupDepth {
    const [ready = 0, delayed = 0, leased = 0, behind = 0] = this.counts;
    return { ready, delayed, leased, behind, dead: this.dead.size };
  }

  survey(): GroupState {
    return { ...this.depth(), oldestSentAt: this.ready.oldest()?.sentAt ?? null, paused: this.paused };
  }

  list({ states, after, limit }: ListRequest): StoredMessage[] {
    const listed: StoredMessage[] = [];
    const wanted = new Set<TaskState>(states);
    if (["waiting", "delayed", "working"].some((state) => wanted.has(state as TaskState))) {
      for (const entry of this.entries.values()) {
        if (listed.length >= limit) break;
        if (entry.id > after && wanted.has(STATE_NAMES[entry.state] as TaskState)) listed.push(storedMessage(entry, null));
      }
    }
    const dead = wanted.has("dead") ? [...this.dead.values()].filter(({ entry }) => entry.id > after) : [];
    listed.push(...dead.map(({ entry, letter }) => storedMessage(entry, letter.reason)));
    return listed.sort((a, b) => a.id - b.id).slice(0, limit);
  }

  /** True for a message that nobody has begun. */
  isUntouched(id: number): boolean {
    const entry = this.entries.get(id);
    return entry !== undefined && entry.state !== LEASED && entry.attempt === 0;
  }

  discard(ids: readonly number[]): number[] {
    return ids.filter((id) => {
      if (this.dead.delete(id)) return true;
      const entry = this.entries.get(id);
      if (entry === undefined || entry.state === LEASED) return false;
      this.remove(entry);
      return true;
    });
  }

  stateOf(id: number): TaskState {
    if (this.dead.has(id)) return "dead";
    return STATE_NAMES[this.entries.get(id)?.state ?? GONE] as TaskState;
  }

  redrive(ids: readonly number[] | "all"): number {
    const chosen = ids === "all" ? [...this.dead.keys()] : ids;
    let count = 0;
    for (const id of chosen) {
      const entry = this.dead.get(id)?.entry;
      if (entry === undefined) continue;
      this.dead.delete(id);
      this.entries.set(id, entry);
      entry.attempt = 0;
      entry.at = 0;
      if (this.chains.rejoin(entry)) this.makeReady(entry);
      else this.become(entry, BEHIND);
      count++;
    }
    return count;
  }

  /** Makes available what is due and whose lease ran out; returns the messages that died of it. */
  private wake(now: number): readonly DeadLetter[] {
    this.now = now;
    this.leases.wake(now, this.onDue);
    if (this.died.length === 0) return NONE;
    const { died } = this;
    this.died = [];
    return died;
  }

  private readonly onDue: OnDue = {
    delayed: (entry) => this.makeReady(entry),
    ranOut: (entry) => this.runOut(entry, this.now),
  };

  private runOut(entry: Entry, now: number): void {
    this.leases.end(entry);
    if (entry.attempt >= this.options.maxAttempts) this.died.push(this.bury(entry, `its lease ran out ${entry.attempt} times`, now));
    else this.putBack(entry);
  }

  /** Returns a message to its queue, not available before `at` if that is not 0. */
  private putBack(entry: Entry, at = 0): void {
    entry.at = at;
    // It comes after the one before it, however soon its own time is.
    if (!this.chains.comesFirst(entry)) this.become(entry, BEHIND);
    else this.appear(entry);
  }

  /** Makes the first message of its key available, when its time has come. */
  private appear(entry: Entry): void {
    if (entry.at > 0) this.wait(entry, entry.at);
    else this.makeReady(entry);
  }

  private held(token: number, { id, attempt }: LeaseRef, lost: number[]): Entry | null {
    const entry = this.entries.get(id);
    if (entry !== undefined && entry.state === LEASED && entry.lease?.token === token && entry.attempt === attempt) return entry;
    lost.push(id);
    return null;
  }

  private remove(entry: Entry): void {
    this.become(entry, GONE);
    this.entries.delete(entry.id);
    this.chains.leave(entry);
  }

  private bury(entry: Entry, reason: string, now: number): DeadLetter {
    const { id, key, attempt } = entry;
    const burial = { entry, letter: { id, key, attempts: attempt, reason, at: now } };
    this.dead.set(id, burial);
    this.remove(entry);
    return buriedLetter(burial);
  }

  private wait(entry: Entry, at: number): void {
    this.become(entry, DELAYED);
    entry.at = at;
    this.leases.delay(entry, at);
  }

  private makeReady(entry: Entry): void {
    this.become(entry, READY);
    this.ready.putBack(entry);
  }

  private become(entry: Entry, state: number): void {
    (this.counts[entry.state] as number)--;
    (this.counts[state] as number)++;
    entry.state = state;
  }
}
