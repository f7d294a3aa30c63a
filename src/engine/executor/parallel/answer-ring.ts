import { RingReader, RingWriter } from "../../../kernel/frame-ring.ts";
import { wordsFor } from "../../../kernel/word-buffer.ts";

/** A ring of answers from a Worker to the source's thread: a pair (id, found), then the JSON if found. */

/** Most UTF-8 bytes of one UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

export class AnswerWriter {
  private readonly ring: RingWriter;

  constructor(memory: SharedArrayBuffer) {
    this.ring = new RingWriter(memory);
  }

  /** Writes an answer; false when the ring has no room for it. */
  write(id: number, json: string | null): boolean {
    const { words } = this.ring;
    if (this.ring.open(2 + wordsFor(BYTES_PER_UNIT * (json?.length ?? 0))) === 0) return false;
    words.pair(id, json === null ? 0 : 1);
    if (json !== null) words.text(json);
    this.ring.publish(1, 0);
    return true;
  }
}

export class AnswerReader {
  private readonly ring: RingReader;

  constructor(memory: SharedArrayBuffer) {
    this.ring = new RingReader(memory);
  }

  /** Passes all answers in the ring to `hear`; false when there was none. */
  read(hear: (id: number, json: string | null) => void): boolean {
    const { words } = this.ring;
    let any = false;
    while (this.ring.open()) {
      const id = words.low();
      const json = words.high === 0 ? null : words.text();
      this.ring.close();
      hear(id, json);
      any = true;
    }
    return any;
  }
}
