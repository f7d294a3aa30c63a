/** Values of a page: one kilobyte, since each priority in use has one. */
const SIZE = 128;

interface Page<T> {
  readonly slots: (T | undefined)[];
  next: Page<T> | null;
}

function newPage<T>(): Page<T> {
  return { slots: new Array<T | undefined>(SIZE).fill(undefined), next: null };
}

/** First in, first out, in pages of consecutive values: however many wait, none is moved, as a ring moves all whenever it grows. */
export class Fifo<T> {
  length = 0;
  private first = newPage<T>();
  private last = this.first;
  /** Place of the first value in its page, and of the next one in the last. */
  private head = 0;
  private tail = 0;

  push(value: T): void {
    if (this.tail === SIZE) {
      this.last.next = newPage<T>();
      this.last = this.last.next;
      this.tail = 0;
    }
    this.last.slots[this.tail++] = value;
    this.length++;
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    if (this.head === SIZE) {
      this.first = this.first.next as Page<T>;
      this.head = 0;
    }
    const value = this.first.slots[this.head];
    this.first.slots[this.head++] = undefined;
    if (--this.length === 0) {
      this.head = 0;
      this.tail = 0;
    }
    return value;
  }

  peek(): T | undefined {
    if (this.length === 0) return undefined;
    return this.head === SIZE ? this.first.next?.slots[0] : this.first.slots[this.head];
  }
}
