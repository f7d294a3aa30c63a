import type { Channel } from "./channel.ts";

/**
 * Values that several readers share, each value going to one of them. Every loop over it is a reader of its own: one that breaks off leaves
 * the rest to the others, and the last to leave ends it.
 */
export class SharedOutput<T> implements AsyncIterableIterator<T, undefined> {
  private readers = 0;

  constructor(
    private readonly channel: Channel<T>,
    /** Called when the last reader has left before the end. */
    private readonly onLeft: (reason: unknown) => void,
  ) {}

  next(): Promise<IteratorResult<T, undefined>> {
    return this.channel.next();
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.leave(undefined);
  }

  [Symbol.asyncIterator](): OutputReader<T> {
    this.readers++;
    return new OutputReader(this.channel, (reason) => (--this.readers > 0 ? Promise.resolve() : this.leave(reason)));
  }

  private leave(reason: unknown): Promise<IteratorResult<T, undefined>> {
    this.onLeft(reason);
    return this.channel.return();
  }
}

/** One of the readers of an output. */
export class OutputReader<T> implements AsyncIterableIterator<T, undefined> {
  private left = false;

  constructor(
    private readonly channel: Channel<T>,
    private readonly onLeave: (reason: unknown) => Promise<unknown>,
  ) {}

  next(): Promise<IteratorResult<T, undefined>> {
    return this.left ? Promise.resolve({ done: true, value: undefined }) : this.channel.next();
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.leave(undefined);
  }

  /** As `return`, with a reason for callers whose work is no longer wanted. */
  async leave(reason: unknown): Promise<IteratorResult<T, undefined>> {
    if (!this.left) {
      this.left = true;
      await this.onLeave(reason);
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
