import { Ring } from "../queueing/ring.ts";

/** What happens to a value that finds a buffer full. `block`: who puts it waits. `latest`: only the newest is kept. */
export type ChannelOverflow = "block" | "drop-oldest" | "drop-newest" | "latest";

/**
 * A bounded buffer between who makes values and who iterates over them. Values leave in the order they came; several readers
 * share them. Closing lets what is buffered be read to the end; failing does so too, and then throws.
 */
export class Channel<T> implements AsyncIterableIterator<T, undefined> {
  /** Values that overflow threw away. */
  dropped = 0;
  private readonly buffer: Ring<T>;
  private readonly readers = new Ring<{ resolve(result: IteratorResult<T, undefined>): void; reject(error: unknown): void }>(2);
  private readonly writers = new Ring<() => void>(2);
  private closed = false;
  private failure: { readonly error: unknown } | null = null;

  constructor(
    /** Most values it holds. */
    readonly capacity: number,
    readonly overflow: ChannelOverflow = "block",
    private readonly onReturn: () => void = () => {},
  ) {
    this.buffer = new Ring(Math.min(capacity, 1024));
  }

  get length(): number {
    return this.buffer.length;
  }

  /** True when `offer` would keep a value without dropping one. */
  get hasRoom(): boolean {
    return this.closed || this.readers.length > 0 || this.buffer.length < this.capacity;
  }

  get ended(): boolean {
    return this.closed;
  }

  /** Takes a value if it may; false when it did not get in, or, with `block`, when there is no room. */
  offer(value: T): boolean {
    if (this.closed) return false;
    const reader = this.readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value });
      return true;
    }
    if (this.buffer.length >= this.capacity) {
      if (this.overflow === "block") return false;
      this.dropped++;
      if (this.overflow === "drop-newest") return false;
      if (this.overflow === "latest") {
        this.dropped += this.buffer.length - 1;
        while (this.buffer.length > 0) this.buffer.shift();
      } else this.buffer.shift();
    }
    this.buffer.push(value);
    return true;
  }

  /** Waits for room with `block`; false when the channel was closed meanwhile. */
  async put(value: T): Promise<boolean> {
    while (this.overflow === "block" && !this.hasRoom) await this.room();
    return this.offer(value);
  }

  /** Resolves when a value was read or the channel has closed. */
  room(): Promise<void> {
    return new Promise((resolve) => this.writers.push(resolve));
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.buffer.length > 0) {
      const value = this.buffer.shift() as T;
      this.writers.shift()?.();
      return Promise.resolve({ done: false, value });
    }
    if (this.closed) {
      const { failure } = this;
      this.failure = null;
      return failure === null ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure.error);
    }
    return new Promise((resolve, reject) => this.readers.push({ resolve, reject }));
  }

  /** The reader leaves: nothing more is kept. */
  return(): Promise<IteratorResult<T, undefined>> {
    while (this.buffer.length > 0) this.buffer.shift();
    this.close();
    this.onReturn();
    return Promise.resolve({ done: true, value: undefined });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (let writer = this.writers.shift(); writer !== undefined; writer = this.writers.shift()) writer();
    for (let reader = this.readers.shift(); reader !== undefined; reader = this.readers.shift()) {
      if (this.failure === null) reader.resolve({ done: true, value: undefined });
      else reader.reject(this.failure.error);
      this.failure = null;
    }
  }

  /** As `close`, and the one who reads on gets the error. */
  fail(error: unknown): void {
    if (this.closed) return;
    this.failure = { error };
    this.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
