import { copyOf } from "../payload/payload.ts";
import {
  type DeadLetter,
  fullError,
  type GroupDepth,
  type GroupState,
  type LeaseRef,
  type LeaseRequest,
  type Lent,
  type ListRequest,
  type NewMessage,
  type Note,
  type Noted,
  type QueueStore,
  type Receipt,
  type Settlement,
  type StoredMessage,
  type StoreOptions,
  type TaskState,
  type Terms,
  unknownGroup,
} from "../store.ts";
import { LoneSending, type Sending } from "./entry.ts";
import { buriedLetter, Group } from "./group.ts";

/** Queue messages in the memory of this process. */
export class MemoryStore implements QueueStore {
  readonly shared = false;
  private readonly groups: Map<string, Group>;
  private readonly all: Group[];
  private readonly known = new Map<string, { readonly id: number; readonly at: number }>();
  private lastId = 0;
  /** Values are given out as they came in. */
  private readonly shares: boolean;

  constructor(private readonly options: StoreOptions) {
    this.shares = options.values === "shared";
    this.groups = new Map(options.groups.map((name) => [name, new Group(options)]));
    this.all = [...this.groups.values()];
  }

  fullest(): string {
    return [...this.groups].reduce((a, b) => (b[1].size > a[1].size ? b : a))[0];
  }

  room(): number {
    let fullest = 0;
    for (let i = 0; i < this.all.length; i++) fullest = Math.max(fullest, (this.all[i] as Group).size);
    return this.options.capacity - fullest;
  }

  send(messages: readonly NewMessage[], now: number): Receipt[] {
    this.forget(now);
    if (messages.length > this.room()) this.checkRoom(messages);
    let sending: Sending = { at: now, caller: null };
    return messages.map(({ value, terms, caller = null }) => {
      if (caller !== sending.caller) sending = { at: now, caller };
      return this.take(value, terms, sending);
    });
  }

  /** Throws when what is new among them does not fit. */
  private checkRoom(messages: readonly NewMessage[]): void {
    const fresh = new Set<unknown>();
    const replaced = new Set<number>();
    for (const { terms } of messages) {
      const before = terms.idempotencyKey === null ? undefined : this.known.get(terms.idempotencyKey);
      if (before === undefined || terms.replace === true) fresh.add(terms.idempotencyKey ?? {});
      if (before !== undefined && terms.replace === true) replaced.add(before.id);
    }
    for (const group of this.all) {
      const left = [...replaced].filter((id) => group.isUntouched(id)).length;
      if (group.size + fresh.size - left > this.options.capacity) throw fullError(this.options.capacity, this.fullest());
    }
  }

  sendOne(value: unknown, terms: Terms, now: number): Receipt | null {
    if (this.known.size > 0) this.forget(now);
    const known = terms.idempotencyKey !== null && this.known.has(terms.idempotencyKey);
    return known || this.room() > 0 ? this.take(value, terms, new LoneSending(now)) : null;
  }

  private take(value: unknown, terms: Terms, sending: Sending): Receipt {
    const { idempotencyKey } = terms;
    const before = idempotencyKey === null ? undefined : this.known.get(idempotencyKey);
    if (before !== undefined && terms.replace !== true) return { id: before.id, duplicate: true };
    if (before !== undefined) this.replace(before.id, idempotencyKey as string);
    const id = ++this.lastId;
    if (idempotencyKey !== null) this.known.set(idempotencyKey, { id, at: sending.at });
    for (let i = 0; i < this.all.length; i++) (this.all[i] as Group).add(id, value, terms, sending);
    return { id, duplicate: false };
  }

  private replace(id: number, idempotencyKey: string): void {
    for (const group of this.all) if (group.isUntouched(id)) group.discard([id]);
    // To be remembered behind the others.
    this.known.delete(idempotencyKey);
  }

  /** Drops expired idempotency keys; they stand in the order of their times, so the old ones are in front. */
  private forget(now: number): void {
    for (const [key, { at }] of this.known) {
      if (at + this.options.rememberMs > now) return;
      this.known.delete(key);
    }
  }

  lease(group: string, request: LeaseRequest, now: number): Lent {
    return this.group(group).lease(request, now);
  }

  settle(group: string, token: number, settlement: Settlement, now: number): number[] {
    return this.group(group).settle(token, settlement, now);
  }

  extend(group: string, token: number, leases: readonly LeaseRef[], until: number): number[] {
    return this.group(group).extend(token, leases, until);
  }

  note(group: string, token: number, notes: readonly Note[], until: number, now: number): void {
    this.group(group).note(token, notes, until, now);
  }

  noted(group: string, id: number, about: Note["about"], now: number): Noted | null {
    const noted = this.group(group).notes.get(id, about, now);
    return noted === null || this.shares ? noted : { ...noted, value: copyOf(noted.value) };
  }

  nextAt(group: string): number | null {
    return this.group(group).nextAt();
  }

  depth(group: string): GroupDepth {
    return this.group(group).depth();
  }

  survey(group: string): GroupState {
    return this.group(group).survey();
  }

  unsettled(group: string): number {
    return this.group(group).size;
  }

  list(group: string, request: ListRequest): StoredMessage[] {
    return this.group(group).list(request);
  }

  remove(group: string, ids: readonly number[]): number[] {
    return this.group(group).discard(ids);
  }

  pause(group: string, paused: boolean): void {
    this.group(group).paused = paused;
  }

  stateOf(group: string, id: number): TaskState {
    if (id < 1 || id > this.lastId || !Number.isInteger(id)) return "unknown";
    return this.group(group).stateOf(id);
  }

  deadLetters(group: string, limit: number): DeadLetter[] {
    return [...this.group(group).dead.values()].slice(0, limit).map(buriedLetter);
  }

  redrive(group: string, ids: readonly number[] | "all"): number {
    return this.group(group).redrive(ids);
  }

  dropGroup(name: string): void {
    const group = this.group(name);
    this.groups.delete(name);
    this.all.splice(this.all.indexOf(group), 1);
  }

  close(): void {}

  private group(name: string): Group {
    const group = this.groups.get(name);
    if (group === undefined) throw unknownGroup(name, this.groups.keys());
    return group;
  }
}
