import { WordReader, WordWriter } from "./word-buffer.ts";

/**
 * A ring of 8-byte words in shared memory between one writing and one reading thread. It carries frames: a head word (items, flags) and the
 * words after it, published by one atomic store and freed by another. A frame is never split by the ring's end: when the rest is too short
 * a SKIP head sends the reader back to the start.
 */

const WRITTEN = 0;
const READ = 1;
const HEADER_BYTES = 64;
const SKIP = 0xffffffff;

/** Flag of the last frame of a batch. */
export const BATCH_END = 1;

export function ringMemory(words: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + words * 8);
}

export class RingWriter {
  readonly words: WordWriter;
  private readonly header: Int32Array;
  private readonly capacity: number;
  /** Where the open frame begins. */
  private start = 0;
  private position = 0;

  constructor(memory: SharedArrayBuffer) {
    this.header = new Int32Array(memory, 0, HEADER_BYTES >>> 2);
    this.words = new WordWriter(memory, HEADER_BYTES);
    this.capacity = this.words.size;
  }

  /** Most words that one frame can have, whatever the ring's state. */
  get largestFrame(): number {
    return (this.capacity >>> 1) - 2;
  }

  /** Opens a frame with room for at least `words` words; returns how many there are, or 0 when there is no room yet. */
  open(words: number): number {
    const read = Atomics.load(this.header, READ);
    // One word stays free, to distinguish an empty ring from a full one.
    if (read > this.position) {
      const room = read - this.position - 2;
      return room >= words ? this.begin(this.position, room) : 0;
    }
    const toEnd = this.capacity - this.position - (read === 0 ? 2 : 1);
    if (toEnd >= words) return this.begin(this.position, toEnd);
    if (read - 2 < words) return 0;
    this.words.at = this.position;
    if (this.position < this.capacity) this.words.pair(SKIP, 0);
    return this.begin(0, read - 2);
  }

  /** Publishes what was written since `open` as a frame of `items` items. */
  publish(items: number, flags: number): void {
    const end = this.words.at;
    this.words.at = this.start;
    this.words.pair(items, flags);
    this.position = end === this.capacity ? 0 : end;
    Atomics.store(this.header, WRITTEN, this.position);
  }

  private begin(at: number, room: number): number {
    this.start = at;
    this.words.at = at + 1;
    return room;
  }
}

export class RingReader {
  readonly words: WordReader;
  /** Items of the open frame. */
  items = 0;
  flags = 0;
  private readonly header: Int32Array;
  private position = 0;

  constructor(memory: SharedArrayBuffer) {
    this.header = new Int32Array(memory, 0, HEADER_BYTES >>> 2);
    this.words = new WordReader(memory, HEADER_BYTES);
  }

  get empty(): boolean {
    return Atomics.load(this.header, WRITTEN) === this.position;
  }

  /** Opens the next frame for reading from `words`; false when there is none. */
  open(): boolean {
    if (this.empty) return false;
    if (this.position === this.words.size) this.position = 0;
    this.words.at = this.position;
    this.items = this.words.low();
    if (this.items === SKIP) {
      this.words.at = 0;
      this.items = this.words.low();
    }
    this.flags = this.words.high;
    return true;
  }

  /** Gives the frame's words back to the writer. */
  close(): void {
    this.position = this.words.at === this.words.size ? 0 : this.words.at;
    Atomics.store(this.header, READ, this.position);
  }
}
