/**
 * Reads and writes values in aligned 8-byte words of one buffer, shared between threads or not. A word is a float64 or a pair of uint32;
 * text is its UTF-8 bytes, padded with zeros to whole words.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Words that `text` bytes take. */
export function wordsFor(bytes: number): number {
  return (bytes + 7) >>> 3;
}

abstract class Words {
  protected readonly floats: Float64Array;
  protected readonly pairs: Uint32Array;
  protected readonly bytes: Uint8Array;
  /** Index of the next word. */
  at = 0;

  constructor(buffer: ArrayBufferLike, byteOffset = 0, byteLength = buffer.byteLength - byteOffset) {
    this.floats = new Float64Array(buffer, byteOffset, byteLength >>> 3);
    this.pairs = new Uint32Array(buffer, byteOffset, byteLength >>> 2);
    this.bytes = new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** Words in the buffer. */
  get size(): number {
    return this.floats.length;
  }
}

export class WordWriter extends Words {
  float(value: number): void {
    this.floats[this.at++] = value;
  }

  pair(low: number, high: number): void {
    const i = this.at++ << 1;
    this.pairs[i] = low;
    this.pairs[i + 1] = high;
  }

  /** Byte length as a pair (length, tag), then the bytes. */
  text(text: string, tag = 0): void {
    const lengthAt = this.at << 1;
    const from = (this.at + 1) << 3;
    const { written } = encoder.encodeInto(text, this.bytes.subarray(from));
    this.pairs[lengthAt] = written;
    this.pairs[lengthAt + 1] = tag;
    this.at += 1 + wordsFor(written);
  }

  /** Bytes after their length. */
  blob(bytes: Uint8Array): void {
    this.pairs[this.at << 1] = bytes.length;
    this.pairs[(this.at << 1) + 1] = 0;
    this.bytes.set(bytes, (this.at + 1) << 3);
    this.at += 1 + wordsFor(bytes.length);
  }

  /** The bytes of all words so far. */
  get written(): Uint8Array {
    return this.bytes.subarray(0, this.at << 3);
  }

  /** Advances over `bytes` bytes set to one value. */
  fill(bytes: number, value: number): void {
    const from = this.at << 3;
    this.bytes.fill(value, from, from + bytes);
    this.at += wordsFor(bytes);
  }
}

export class WordReader extends Words {
  float(): number {
    return this.floats[this.at++] as number;
  }

  /** The lower half of the next word; the upper half is `high`. */
  low(): number {
    const i = this.at++ << 1;
    this.high = this.pairs[i + 1] as number;
    return this.pairs[i] as number;
  }

  /** Upper half of the word `low` read last. */
  high = 0;

  text(): string {
    const length = this.low();
    const from = this.at << 3;
    this.at += wordsFor(length);
    // A copy: TextDecoder refuses views of shared memory.
    return decoder.decode(this.bytes.slice(from, from + length));
  }

  /** Bytes that `blob` wrote; a copy. */
  blob(): Uint8Array {
    const length = this.low();
    const from = this.at << 3;
    this.at += wordsFor(length);
    return this.bytes.slice(from, from + length);
  }

  skip(bytes: number): void {
    this.at += wordsFor(bytes);
  }
}
