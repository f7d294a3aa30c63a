/** A binary min-heap ordered by a number, first in first out among equals. */
export class Heap<T> {
  private readonly at: number[] = [];
  private readonly order: number[] = [];
  private readonly values: T[] = [];
  private pushed = 0;

  get size(): number {
    return this.at.length;
  }

  /** The smallest number in the heap; Infinity when it is empty. */
  get next(): number {
    return this.at[0] ?? Number.POSITIVE_INFINITY;
  }

  /** The value with the smallest number. */
  peek(): T | undefined {
    return this.values[0];
  }

  push(at: number, value: T): void {
    let i = this.at.length;
    const order = this.pushed++;
    this.at.push(at);
    this.order.push(order);
    this.values.push(value);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.before(at, order, parent)) break;
      this.move(parent, i);
      i = parent;
    }
    this.place(i, at, order, value);
  }

  /** Removes and returns the value with the smallest number. */
  pop(): T | undefined {
    const top = this.values[0];
    const at = this.at.pop();
    const order = this.order.pop();
    const value = this.values.pop();
    const size = this.at.length;
    if (at === undefined || order === undefined || size === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && this.before(this.at[child + 1] ?? 0, this.order[child + 1] ?? 0, child)) child++;
      if (this.before(at, order, child)) break;
      this.move(child, i);
      i = child;
    }
    this.place(i, at, order, value as T);
    return top;
  }

  clear(): void {
    this.at.length = 0;
    this.order.length = 0;
    this.values.length = 0;
  }

  private before(at: number, order: number, i: number): boolean {
    const other = this.at[i] ?? 0;
    return at < other || (at === other && order < (this.order[i] ?? 0));
  }

  private move(from: number, to: number): void {
    this.place(to, this.at[from] ?? 0, this.order[from] ?? 0, this.values[from] as T);
  }

  private place(i: number, at: number, order: number, value: T): void {
    this.at[i] = at;
    this.order[i] = order;
    this.values[i] = value;
  }
}
