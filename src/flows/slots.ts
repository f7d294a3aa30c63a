/** A member of `Slots`, with its index there. */
export interface Slotted {
  slot: number;
  /** When it began, in milliseconds by the clock of its owner. */
  readonly since: number;
}

/** The set of running invocations: each member knows its index, at a fraction of a `Set`'s cost. */
export class Slots<T extends Slotted> {
  size = 0;
  private slots: (T | null)[] = [];
  private free: number[] = [];

  add(member: T): void {
    member.slot = this.free.pop() ?? this.slots.length;
    this.slots[member.slot] = member;
    this.size++;
  }

  delete(member: T): void {
    if (this.slots[member.slot] !== member) return;
    this.slots[member.slot] = null;
    this.free.push(member.slot);
    this.size--;
  }

  clear(): void {
    this.slots = [];
    this.free = [];
    this.size = 0;
  }

  get all(): T[] {
    return this.slots.filter((member) => member !== null);
  }

  /** How long the longest-running member has run, in milliseconds; null: there is none. */
  oldestMs(now: number): number | null {
    if (this.size === 0) return null;
    return Math.max(0, now - this.all.reduce((first, { since }) => Math.min(first, since), Number.POSITIVE_INFINITY));
  }
}
