/** Something that has a place among others while it is under way. */
export interface Slotted {
  slot: number;
}

/** What is under way, each in a slot of its own: a set whose members know where they are. */
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
}
