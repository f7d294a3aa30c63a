import { Deque } from "../../kernel/deque.ts";
import { Heap } from "../../kernel/heap.ts";
import { IdTable } from "../../kernel/id-table.ts";
import type { DeadLetter, GroupDepth, Leased, LeaseRef, LeaseRequest, Lent, Settlement, StoreOptions, TaskState, Terms } from "./store.ts";

/** Where a message stands: numbers, because each is counted three times in its life. */
const READY = 0;
const DELAYED = 1;
const LEASED = 2;
const BEHIND = 3;
const GONE = 4;

/** A message as one group sees it. */
class Entry implements Leased {
  state = GONE;
  attempt = 0;
  /** delayed: when it is due; leased: when the lease runs out. */
  at = 0;
  loan: Loan | null = null;

  constructor(
    readonly id: number,
    readonly value: unknown,
    private readonly terms: Terms,
    readonly sentAt: number,
  ) {}

  get key(): string | null {
    return this.terms.key;
  }
  get priority(): number {
    return this.terms.priority;
  }
  get idempotencyKey(): string | null {
    return this.terms.idempotencyKey;
  }
}

const NONE: readonly DeadLetter[] = [];

/** What one call has lent. */
interface Loan {
  readonly token: number;
  readonly until: number;
  /** Empty once all are settled. */
  entries: Entry[];
  left: number;
}

/** Available messages of one priority, as they were sent: new ones in a ring, those that came back by their number. */
interface Rank {
  readonly fresh: Deque<Entry>;
  readonly returned: Heap<Entry>;
}

/** The messages of one group and where each of them stands. */
export class Group {
  readonly dead = new Map<number, { readonly entry: Entry; readonly letter: DeadLetter }>();
  private readonly entries = new IdTable<Entry>();
  private readonly ranks = new Map<number, Rank>();
  /** Priorities there are, highest first. */
  private priorities: number[] = [];
  /** Delayed entries by their time, and leased ones that are out of line; what has changed since is skipped. */
  private readonly timed = new Heap<Entry>();
  /** Loans in the order they run out. */
  private readonly loans = new Deque<Loan>(16);
  private lastUntil = 0;
  /** What died since the last call that lends. */
  private died: DeadLetter[] = [];
  /** Entries of each key that are not settled, as they were sent. */
  private readonly chains = new Map<string, Map<number, Entry>>();
  /** Keys of which one is at work that was sent after one that was made available again meanwhile. */
  private readonly overtaken = new Set<string>();
  /** Messages by where they stand. */
  private readonly counts = [0, 0, 0, 0, 0];

  constructor(private readonly options: StoreOptions) {}

  get size(): number {
    return this.entries.size;
  }

  add(id: number, value: unknown, terms: Terms, now: number): void {
    const { priority, delayMs } = terms;
    const entry = new Entry(id, value, terms, now);
    this.entries.set(id, entry);
    if (!this.joinChain(entry)) {
      this.become(entry, BEHIND);
      if (delayMs > 0) entry.at = now + delayMs;
    } else if (delayMs > 0) this.wait(entry, now + delayMs);
    else {
      this.become(entry, READY);
      this.rank(priority).fresh.push(entry);
    }
  }

  lease({ max, until, token }: LeaseRequest, now: number): Lent {
    const dead = this.wake(now);
    const taken: Entry[] = [];
    const loan: Loan = { token, until, entries: taken, left: 0 };
    for (const priority of [...this.priorities]) {
      const rank = this.rank(priority);
      while (taken.length < max) {
        const entry = takeFirst(rank);
        if (entry === undefined) break;
        if (entry.state !== READY) continue;
        taken.push(this.lend(entry, loan));
      }
      if (priority !== 0 && rank.fresh.length === 0 && rank.returned.size === 0) this.dropRank(priority);
      if (taken.length >= max) break;
    }
    if (this.options.order === "key") this.followers(taken, max, loan, now);
    loan.left = taken.length;
    if (until < this.lastUntil) for (const entry of taken) this.timed.push(until, entry);
    else if (taken.length > 0) {
      this.loans.push(loan);
      this.lastUntil = until;
    }
    return { messages: taken, dead };
  }

  /** Later messages of the keys that were taken, as far as there is room for them. */
  private followers(taken: Entry[], max: number, loan: Loan, now: number): void {
    const heads = taken.length;
    for (let i = 0; i < heads && taken.length < max; i++) {
      const { id, key } = taken[i] as Entry;
      if (key === null) continue;
      for (const entry of this.chains.get(key)?.values() ?? []) {
        if (entry.id <= id) continue;
        // One that somebody else is at holds up those after it.
        if (taken.length >= max || entry.state !== BEHIND || entry.at > now) break;
        taken.push(this.lend(entry, loan));
      }
    }
  }

  private lend(entry: Entry, loan: Loan): Entry {
    this.become(entry, LEASED);
    entry.attempt++;
    entry.at = loan.until;
    entry.loan = loan;
    return entry;
  }

  settle(token: number, { acknowledged, again, dead, released }: Settlement, now: number): number[] {
    const lost: number[] = [];
    for (const ref of acknowledged) {
      const entry = this.held(token, ref, lost);
      if (entry === null) continue;
      this.endLoan(entry);
      this.remove(entry);
    }
    for (const ref of dead) {
      const entry = this.held(token, ref, lost);
      if (entry === null) continue;
      this.endLoan(entry);
      this.bury(entry, ref.reason, now);
    }
    for (const ref of again) {
      const entry = this.held(token, ref, lost);
      if (entry === null) continue;
      this.endLoan(entry);
      if (this.comesFirst(entry)) this.wait(entry, now + ref.delayMs);
      else {
        // Its turn comes after the one before it, however soon its own time does.
        this.become(entry, BEHIND);
        entry.at = now + ref.delayMs;
      }
    }
    for (const ref of released) {
      const entry = this.held(token, ref, lost);
      if (entry === null) continue;
      this.endLoan(entry);
      entry.attempt--;
      this.release(entry);
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

  nextAt(): number | null {
    this.dropLoans(0);
    const next = Math.min(this.timed.next, this.loans.peek()?.until ?? Number.POSITIVE_INFINITY);
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  depth(): GroupDepth {
    const [ready = 0, delayed = 0, leased = 0, behind = 0] = this.counts;
    return { ready, delayed, leased, behind, dead: this.dead.size };
  }

  stateOf(id: number): TaskState {
    if (this.dead.has(id)) return "dead";
    const state = this.entries.get(id)?.state ?? GONE;
    if (state === LEASED) return "working";
    if (state === GONE) return "done";
    return state === DELAYED ? "delayed" : "waiting";
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
      if (this.rejoinChain(entry)) this.makeReady(entry);
      else this.become(entry, BEHIND);
      count++;
    }
    return count;
  }

  /** Makes available what is due and what a consumer kept too long; gives what died of that. */
  private wake(now: number): readonly DeadLetter[] {
    this.dropLoans(now);
    while (this.timed.next <= now) {
      const due = this.timed.next;
      const entry = this.timed.pop();
      if (entry === undefined || (entry.state !== DELAYED && entry.state !== LEASED)) continue;
      if (entry.at > now) {
        if (entry.at > due) this.timed.push(entry.at, entry);
      } else if (entry.state === DELAYED) this.makeReady(entry);
      else this.runOut(entry, now);
    }
    if (this.died.length === 0) return NONE;
    const { died } = this;
    this.died = [];
    return died;
  }

  /** Loans that are settled or have run out. */
  private dropLoans(now: number): void {
    for (let loan = this.loans.peek(); loan !== undefined && (loan.left === 0 || loan.until <= now); loan = this.loans.peek()) {
      this.loans.shift();
      for (const entry of loan.entries) {
        if (entry.loan !== loan || entry.state !== LEASED) continue;
        // Lengthened meanwhile.
        if (entry.at > now) this.timed.push(entry.at, entry);
        else this.runOut(entry, now);
      }
    }
  }

  private runOut(entry: Entry, now: number): void {
    this.endLoan(entry);
    if (entry.attempt >= this.options.maxAttempts) this.died.push(this.bury(entry, `its lease ran out ${entry.attempt} times`, now));
    else this.release(entry);
  }

  private endLoan(entry: Entry): void {
    const { loan } = entry;
    entry.loan = null;
    if (loan !== null && --loan.left === 0) loan.entries = [];
  }

  /** Back to where it waits. */
  private release(entry: Entry): void {
    entry.at = 0;
    if (this.comesFirst(entry)) this.makeReady(entry);
    else this.become(entry, BEHIND);
  }

  private held(token: number, { id, attempt }: LeaseRef, lost: number[]): Entry | null {
    const entry = this.entries.get(id);
    if (entry !== undefined && entry.state === LEASED && entry.loan?.token === token && entry.attempt === attempt) return entry;
    lost.push(id);
    return null;
  }

  private remove(entry: Entry): void {
    this.become(entry, GONE);
    this.entries.delete(entry.id);
    this.leaveChain(entry);
  }

  private bury(entry: Entry, reason: string, now: number): DeadLetter {
    const { id, value, key, attempt } = entry;
    const letter = { id, value, key, attempts: attempt, reason, at: now };
    this.dead.set(id, { entry, letter });
    this.remove(entry);
    return letter;
  }

  private wait(entry: Entry, at: number): void {
    this.become(entry, DELAYED);
    entry.at = at;
    this.timed.push(at, entry);
  }

  private makeReady(entry: Entry): void {
    this.become(entry, READY);
    this.rank(entry.priority).returned.push(entry.id, entry);
  }

  private become(entry: Entry, state: number): void {
    (this.counts[entry.state] as number)--;
    (this.counts[state] as number)++;
    entry.state = state;
  }

  /** True when it is the first of its key, or its order does not matter. */
  private joinChain(entry: Entry): boolean {
    if (this.options.order === "none" || entry.key === null) return true;
    const chain = this.chains.get(entry.key);
    if (chain === undefined) this.chains.set(entry.key, new Map([[entry.id, entry]]));
    else chain.set(entry.id, entry);
    return chain === undefined;
  }

  /** The same for one that comes back: before what was sent after it, but for what is at work. */
  private rejoinChain(entry: Entry): boolean {
    const { key } = entry;
    const chain = key === null ? undefined : this.chains.get(key);
    if (key === null || chain === undefined) return this.joinChain(entry);
    chain.delete(entry.id);
    const others = [...chain.values()];
    const lent = others.filter(({ state }) => state === LEASED);
    const waiting = [...others.filter(({ state }) => state !== LEASED), entry].sort((a, b) => a.id - b.id);
    chain.clear();
    for (const one of [...lent, ...waiting]) chain.set(one.id, one);
    if (lent.length > 0) {
      this.overtaken.add(key);
      return false;
    }
    this.overtaken.delete(key);
    // It was the turn of one of them.
    if (waiting[0] === entry) for (const one of others) if (one.state === READY || one.state === DELAYED) this.giveWay(one);
    if (waiting[0] !== entry) this.promote(chain);
    return waiting[0] === entry;
  }

  /** Behind another of its key again; a delay goes on meanwhile. */
  private giveWay(entry: Entry): void {
    if (entry.state === READY) entry.at = 0;
    this.become(entry, BEHIND);
  }

  /** Whether one that was lent and comes back is the first of its key. */
  private comesFirst(entry: Entry): boolean {
    const { key } = entry;
    if (this.options.order === "none" || key === null) return true;
    if (this.overtaken.has(key)) return this.rejoinChain(entry);
    for (const id of this.chains.get(key)?.keys() ?? []) return id === entry.id;
    return true;
  }

  private leaveChain(entry: Entry): void {
    const { key } = entry;
    if (this.options.order === "none" || key === null) return;
    const chain = this.chains.get(key);
    chain?.delete(entry.id);
    if (chain !== undefined && chain.size > 0) {
      this.promote(chain);
      return;
    }
    this.chains.delete(key);
    this.overtaken.delete(key);
  }

  /** The turn of the first of a key, unless it has it. */
  private promote(chain: ReadonlyMap<number, Entry>): void {
    for (const first of chain.values()) {
      if (first.state !== BEHIND) return;
      if (first.at > 0) this.wait(first, first.at);
      else this.makeReady(first);
      return;
    }
  }

  private dropRank(priority: number): void {
    this.ranks.delete(priority);
    this.priorities.splice(this.priorities.indexOf(priority), 1);
  }

  private rank(priority: number): Rank {
    let rank = this.ranks.get(priority);
    if (rank === undefined) {
      rank = { fresh: new Deque(16), returned: new Heap() };
      this.ranks.set(priority, rank);
      const at = this.priorities.findIndex((other) => other < priority);
      this.priorities.splice(at < 0 ? this.priorities.length : at, 0, priority);
    }
    return rank;
  }
}

function takeFirst({ fresh, returned }: Rank): Entry | undefined {
  const next = fresh.peek();
  return returned.size > 0 && returned.next < (next?.id ?? Number.POSITIVE_INFINITY) ? returned.pop() : fresh.shift();
}
