import { BEHIND, DELAYED, LEASED, READY } from "../state.ts";
import type { Entry } from "./entry.ts";

/** Actions on a message whose place among those of its key changes. */
export interface OnTurn {
  /** It is now the first of its key. */
  promoted(entry: Entry): void;
  /** It was the first of its key, and a returning message is now before it. */
  demoted(entry: Entry): void;
}

/** Unsettled messages of each key, in order of sending: only the first of a key, and those leased with it, may be at work. */
export class KeyChains {
  private readonly chains = new Map<string, Map<number, Entry>>();
  /** Keys with a message at work that was sent after one that was made available again meanwhile. */
  private readonly overtaken = new Set<string>();

  constructor(
    private readonly ordered: boolean,
    private readonly on: OnTurn,
  ) {}

  /** Appends a message to its key. True when it is the first, or its order does not matter. */
  join(entry: Entry): boolean {
    if (!this.ordered) return true;
    const { key } = entry;
    if (key === null) return true;
    const chain = this.chains.get(key);
    if (chain === undefined) this.chains.set(key, new Map([[entry.id, entry]]));
    else chain.set(entry.id, entry);
    return chain === undefined;
  }

  /** Inserts a returning message before those sent after it, except those at work. True when it is now the first. */
  rejoin(entry: Entry): boolean {
    const { key } = entry;
    const chain = key === null ? undefined : this.chains.get(key);
    if (key === null || chain === undefined) return this.join(entry);
    chain.delete(entry.id);
    const others = [...chain.values()];
    const leased = others.filter(({ state }) => state === LEASED);
    const waiting = [...others.filter(({ state }) => state !== LEASED), entry].sort((a, b) => a.id - b.id);
    chain.clear();
    for (const one of [...leased, ...waiting]) chain.set(one.id, one);
    if (leased.length > 0) {
      this.overtaken.add(key);
      return false;
    }
    this.overtaken.delete(key);
    const first = waiting[0] === entry;
    if (!first) this.promote(chain);
    else for (const one of others) if (one.state === READY || one.state === DELAYED) this.on.demoted(one);
    return first;
  }

  /** True when a leased message that returns is the first of its key. */
  comesFirst(entry: Entry): boolean {
    const { key } = entry;
    if (!this.ordered || key === null) return true;
    if (this.overtaken.has(key)) return this.rejoin(entry);
    for (const id of this.chains.get(key)?.keys() ?? []) return id === entry.id;
    return true;
  }

  /** Removes a settled message. */
  leave(entry: Entry): void {
    if (!this.ordered) return;
    const { key } = entry;
    if (key === null) return;
    const chain = this.chains.get(key);
    chain?.delete(entry.id);
    if (chain !== undefined && chain.size > 0) {
      this.promote(chain);
      return;
    }
    this.chains.delete(key);
    this.overtaken.delete(key);
  }

  /** Offers to `take` the messages right behind one of the same key, which may be leased with it, until `take` returns false. */
  followers({ id, key }: Entry, now: number, take: (entry: Entry) => boolean): void {
    if (!this.ordered || key === null) return;
    for (const entry of this.chains.get(key)?.values() ?? []) {
      if (entry.id <= id) continue;
      // A message that another consumer holds blocks those after it.
      if (entry.state !== BEHIND || entry.at > now || !take(entry)) return;
    }
  }

  private promote(chain: ReadonlyMap<number, Entry>): void {
    for (const first of chain.values()) {
      if (first.state === BEHIND) this.on.promoted(first);
      return;
    }
  }
}
