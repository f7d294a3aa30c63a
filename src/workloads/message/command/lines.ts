import { isUtf8 } from "node:buffer";

const REPLACEMENT = "\ufffd";

/** Splits a stream of bytes into lines of UTF-8. Holds at most one incomplete line, of bounded length. */
export class LineSplitter {
  private readonly parts: Uint8Array[] = [];
  private size = 0;
  private readonly decoder = new TextDecoder();

  /** `longest`: bytes of a line at most. */
  constructor(private readonly longest: number) {}

  /**
   * Passes on the lines that `bytes` completes, without their ends and without blank ones; `garbled`: the line was not valid UTF-8. False when
   * a line is too long.
   */
  read(bytes: Uint8Array, hear: (line: string, garbled: boolean) => void): boolean {
    const end = bytes.lastIndexOf(0x0a);
    if (end < 0) return this.keep(bytes);
    const first = bytes.indexOf(0x0a);
    if (this.size + first > this.longest) return false;
    const whole = this.size > 0 ? this.joined(bytes.subarray(0, end)) : bytes.subarray(0, end);
    const text = this.decoder.decode(whole);
    // A replacement character may be in the line, or stand for invalid bytes.
    const garbled = text.includes(REPLACEMENT) && !isUtf8(whole);
    for (const line of text.split("\n")) if (line.trim() !== "") hear(line, garbled && line.includes(REPLACEMENT));
    return this.keep(bytes.subarray(end + 1));
  }

  private keep(rest: Uint8Array): boolean {
    if (this.size + rest.length > this.longest) return false;
    // The source may reuse its buffer.
    if (rest.length > 0) this.parts.push(rest.slice());
    this.size += rest.length;
    return true;
  }

  private joined(last: Uint8Array): Uint8Array {
    const whole = Buffer.concat([...this.parts, last]);
    this.parts.length = 0;
    this.size = 0;
    return whole;
  }
}
