import { Deque } from "../kernel/deque.ts";
import { checkCount, checkOneOf } from "./options.ts";

/**
 * What happens to a value that finds a buffer full. `block`: the writer waits. `latest`: only the newest is kept, whatever the capacity.
 */
export type ChannelOverflow = "block" | "drop-oldest" | "drop-newest" | "latest";

/**
 * A bounded buffer between writers and readers. Values leave in the order they came; several readers share them. After `close` buffered
 * values can still be read; after `fail` too, and then readers get the error.
 */
export class Channel<T> implements AsyncIterableIterator<T, undefined> {
  /** Values dropped by overflow. */
  dropped = 0;
  private readonly buffer: Deque<T>;
  private readonly readers = new Deque<{ resolve(result: IteratorResult<T, undefined>): void; reject(error: unknown): void }>(2);
  /** Waiting writers, oldest first; `held`: the value to put, null where only room is awaited. */
  private readonly writers = new Deque<{ readonly held: { readonly value: T } | null; done(kept: boolean): void }>(2);
  private closed = false;
  private failure: { readonly error: unknown } | null = null;

  /** Most values it holds. */
  readonly capacity: number;

  constructor(
    capacity: number,
    readonly overflow: ChannelOverflow = "block",
    private readonly onReturn: () => void = () => {},
    /** Called with the number of values that an overflow has just dropped. */
    private readonly onDrop: (count: number) => void = () => {},
  ) {
    checkCount("capacity of a channel", capacity, 1);
    checkOneOf("overflow", overflow, ["block", "drop-oldest", "drop-newest", "latest"]);
    this.capacity = overflow === "latest" ? 1 : capacity;
    this.buffer = new Deque(Math.min(this.capacity, 1024));
  }

  /** Values buffered now. */
  get length(): number {
    return this.buffer.length;
  }

  /** True when `offer` would keep a value without dropping one. */
  get hasRoom(): boolean {
    return this.closed || this.readers.length > 0 || (this.buffer.length < this.capacity && this.writers.length === 0);
  }

  /** Puts a value without waiting; false when it was not kept or, with `block`, when there is no room. */
  offer(value: T): boolean {
    if (this.closed) return false;
    const reader = this.readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value });
      return true;
    }
    if (this.buffer.length >= this.capacity || this.writers.length > 0) {
      if (this.overflow === "block") return false;
      this.dropped++;
      this.onDrop(1);
      if (this.overflow === "drop-newest") return false;
      this.buffer.shift();
    }
    this.buffer.push(value);
    return true;
  }

  /** Puts a value; with `block` waits for room, behind earlier writers. Resolves with false when the channel was closed meanwhile. */
  put(value: T): Promise<boolean> {
    if (this.overflow !== "block" || this.hasRoom) return Promise.resolve(this.offer(value));
    return new Promise((resolve) => this.writers.push({ held: { value }, done: resolve }));
  }

  /** Resolves when there may be room, or the channel has closed. */
  room(): Promise<void> {
    return new Promise((resolve) => this.writers.push({ held: null, done: () => resolve() }));
  }

  /** Admits waiting writers as far as there is room. */
  private admit(): void {
    while (this.writers.length > 0 && this.buffer.length < this.capacity) {
      const writer = this.writers.shift();
      if (writer?.held != null) this.buffer.push(writer.held.value);
      writer?.done(true);
      if (writer?.held === null) return;
    }
  }

  /** The next value, awaited; done once the channel is closed and empty. Rejects with the error of `fail`. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.buffer.length > 0) {
      const value = this.buffer.shift() as T;
      if (this.writers.length > 0) this.admit();
      return Promise.resolve({ done: false, value });
    }
    if (this.closed) {
      const { failure } = this;
      this.failure = null;
      return failure === null ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure.error);
    }
    return new Promise((resolve, reject) => this.readers.push({ resolve, reject }));
  }

  /** Called when the reader leaves: nothing more is kept. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.buffer.clear();
    this.close();
    this.onReturn();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** No more values: readers get what is buffered, then the end. Waiting writers are refused. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (let writer = this.writers.shift(); writer !== undefined; writer = this.writers.shift()) writer.done(false);
    // Each waiting reader gets the failure.
    const { failure } = this;
    if (this.readers.length > 0) this.failure = null;
    for (let reader = this.readers.shift(); reader !== undefined; reader = this.readers.shift()) {
      if (failure === null) reader.resolve({ done: true, value: undefined });
      else reader.reject(failure.error);
    }
  }

  /** As `close`, but readers get the error once the buffer is empty. */
  fail(error: unknown): void {
    if (this.closed) return;
    this.failure = { error };
    this.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Closes an iterator that is not read further; rejects with what its own cleanup throws. */
export async function leave(values: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
  await values.return?.();
}
