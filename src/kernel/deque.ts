/** A double-ended queue: first in, first out, in a ring of slots that doubles when it is full. */
export class Deque<T> {
  private slots: (T | undefined)[];
  private mask: number;
  private head = 0;
  private tail = 0;

  constructor(sizeHint = 16) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, sizeHint)));
    this.slots = new Array<T | undefined>(size).fill(undefined);
    this.mask = size - 1;
  }

  get length(): number {
    return this.tail - this.head;
  }

  push(value: T): void {
    if (this.tail - this.head > this.mask) this.grow();
    this.slots[this.tail++ & this.mask] = value;
  }

  shift(): T | undefined {
    if (this.tail === this.head) return undefined;
    const at = this.head++ & this.mask;
    const value = this.slots[at];
    this.slots[at] = undefined;
    return value;
  }

  /** Moves up to `count` items to the end of a list. */
  shiftInto(list: T[], count: number): void {
    const { slots, mask } = this;
    const end = this.head + count;
    for (let i = this.head; i < end; i++) {
      list.push(slots[i & mask] as T);
      slots[i & mask] = undefined;
    }
    this.head = end;
  }

  peek(): T | undefined {
    return this.tail === this.head ? undefined : this.slots[this.head & this.mask];
  }

  /** The value at a place, counted from the first; undefined beyond the last. */
  at(place: number): T | undefined {
    return place < 0 || place >= this.length ? undefined : this.slots[(this.head + place) & this.mask];
  }

  /** Puts another value at the place of one. */
  put(place: number, value: T): void {
    if (place >= 0 && place < this.length) this.slots[(this.head + place) & this.mask] = value;
  }

  /** Removes all values. */
  clear(): void {
    while (this.length > 0) this.shift();
  }

  /** Removes and returns all that match; both keep their order. */
  take(matches: (value: T) => boolean): T[] {
    const taken: T[] = [];
    for (let left = this.length; left > 0; left--) {
      const value = this.shift() as T;
      if (matches(value)) taken.push(value);
      else this.push(value);
    }
    return taken;
  }

  /** Inserts values in front of all others, in their order. */
  putFirst(values: readonly T[]): void {
    const behind = this.length;
    for (const value of values) this.push(value);
    for (let i = 0; i < behind; i++) this.push(this.shift() as T);
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let at = this.head; at < this.tail; at++) yield this.slots[at & this.mask] as T;
  }

  private grow(): void {
    const length = this.length;
    const next = new Array<T | undefined>(this.slots.length * 2).fill(undefined);
    for (let i = 0; i < length; i++) next[i] = this.slots[(this.head + i) & this.mask];
    this.slots = next;
    this.mask = next.length - 1;
    this.head = 0;
    this.tail = length;
  }
}
