import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";

/** Longest line that is kept; the rest of a longer one is skipped and the line marked. */
export const MAX_LINE_BYTES = 1_000_000;

const CHUNK = 256 * 1024;
const NEWLINE = 10;

/** Reads a text file line by line with blocking reads and bounded memory, whatever the size of file or line. */
export class LineReader {
  /** Number of the line last read, from 1. */
  line = 0;
  /** Set when the line last read was longer than MAX_LINE_BYTES and was cut. */
  cut = false;
  /** Set when the line last read was not valid UTF-8. */
  garbled = false;
  private readonly descriptor: number;
  private readonly chunk = Buffer.allocUnsafe(CHUNK);
  private start = 0;
  private end = 0;
  private ended = false;
  private open = true;

  constructor(file: string) {
    this.descriptor = openSync(file, "r");
  }

  /** The next line without its line break, or null at the end. */
  next(): string | null {
    let parts: Buffer[] | null = null;
    let length = 0;
    this.cut = false;
    this.garbled = false;
    for (;;) {
      const at = this.chunk.indexOf(NEWLINE, this.start);
      if (at >= 0 && at < this.end) {
        const text = this.finish(parts, length, at);
        this.start = at + 1;
        this.line++;
        return text;
      }
      if (this.end > this.start) {
        if (length + this.end - this.start > MAX_LINE_BYTES) this.cut = true;
        else {
          parts ??= [];
          parts.push(Buffer.from(this.chunk.subarray(this.start, this.end)));
          length += this.end - this.start;
        }
      }
      if (!this.fill()) {
        if (parts === null && !this.cut) return null;
        const text = this.finish(parts, length, this.start);
        this.line++;
        return text;
      }
    }
  }

  close(): void {
    if (this.open) closeSync(this.descriptor);
    this.open = false;
  }

  private finish(parts: Buffer[] | null, length: number, at: number): string {
    let end = at;
    if (parts === null) {
      if (end > this.start && this.chunk[end - 1] === 13) end--;
      if (end - this.start > MAX_LINE_BYTES) this.cut = true;
      return this.cut ? "" : this.decode(this.chunk, this.start, end);
    }
    if (length + end - this.start > MAX_LINE_BYTES) this.cut = true;
    if (this.cut) return "";
    parts.push(this.chunk.subarray(this.start, end));
    const whole = Buffer.concat(parts);
    const text = this.decode(whole, 0, whole.length);
    return text.endsWith("\r") ? text.slice(0, -1) : text;
  }

  private decode(bytes: Buffer, from: number, to: number): string {
    const text = bytes.toString("utf8", from, to);
    // A replacement character may be in the file, or stand for invalid bytes.
    if (text.includes("\ufffd")) this.garbled = !isUtf8(bytes.subarray(from, to));
    return this.line === 0 && text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  private fill(): boolean {
    this.start = 0;
    this.end = 0;
    if (this.ended) return false;
    const read = readSync(this.descriptor, this.chunk, 0, CHUNK, null);
    this.end = read;
    this.chunk.fill(0, read);
    if (read === 0) this.ended = true;
    return read > 0;
  }
}
