import { type WordReader, type WordWriter, wordsFor } from "../../kernel/word-buffer.ts";
import { INCREMENT, makeOp, NO_NUMBER, type Op, type OpKind, Payload, SET } from "./message.ts";

/**
 * Encoding of messages that cross threads: a word for the size, a word or two per op. A text sent before is replaced by its
 * number in a dictionary that both sides build from the stream, so a key that comes a million times is spelt once.
 *
 *     message  (ops | DATED, padding) timestamp? op… padding
 *     op       (kind | tag << 8, key) value
 *     value    number: float64 · text: (0, its number) · JSON: bytes · a new text is spelt behind its number
 */

const NUMBER = 0;
const TEXT = 1;
const JSON_VALUE = 2;
/** Flag on the number of ops: a timestamp follows. */
const DATED = 0x10000;
/** Flag on a text's number: the text follows, the first time this reader receives it. */
const SPELT = 0x80000000;
const DICTIONARY = 65_536;
/** Stands for a text without a number: the dictionary is full, or the text is long. Always spelt. */
const UNNUMBERED = DICTIONARY;
const LONGEST_TEXT = 256;

/** Numbers of texts, the same for every reader. */
export class Dictionary {
  private readonly numbers = new Map<string, number>();

  numberOf(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    if (this.numbers.size >= DICTIONARY || text.length > LONGEST_TEXT) return UNNUMBERED;
    this.numbers.set(text, this.numbers.size);
    return this.numbers.size - 1;
  }
}

/** Encodes payloads for one reader. */
export class PayloadEncoder {
  /** By number: 1 when the reader knows the text. One more entry, for texts without a number. */
  private readonly known = new Uint8Array(DICTIONARY + 1);

  constructor(private readonly dictionary: Dictionary) {}

  most(payload: Payload): number {
    return encodedBytes(payload);
  }

  encode(payload: Payload, words: WordWriter): void {
    const { ops, padding, timestamp } = payload;
    const { known } = this;
    words.pair(timestamp === null ? ops.length : ops.length | DATED, padding);
    if (timestamp !== null) words.float(timestamp);
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i] as Op;
      const { kind, value, keyNumber, valueNumber } = op;
      // Nearly every op has been spelt before: this part is one loop for the compiler.
      if (keyNumber === NO_NUMBER || known[keyNumber] !== 1) {
        this.introduce(op, words);
      } else if (typeof value === "number") {
        words.pair(kind | (NUMBER << 8), keyNumber);
        words.float(value);
      } else if (valueNumber !== NO_NUMBER && known[valueNumber] === 1) {
        words.pair(kind | (TEXT << 8), keyNumber);
        words.pair(0, valueNumber);
      } else {
        this.introduce(op, words);
      }
    }
    if (padding > 0) words.fill(padding, 0x20);
  }

  /** Writes an op that may contain new texts. */
  private introduce(op: Op, words: WordWriter): void {
    const { kind, key, value } = op;
    if (op.keyNumber === NO_NUMBER) op.keyNumber = this.dictionary.numberOf(key);
    if (typeof value === "number") {
      this.text(kind | (NUMBER << 8), op.keyNumber, key, words);
      words.float(value);
    } else if (typeof value === "string" && (op.valueNumber !== NO_NUMBER || value.isWellFormed())) {
      this.text(kind | (TEXT << 8), op.keyNumber, key, words);
      if (op.valueNumber === NO_NUMBER) op.valueNumber = this.dictionary.numberOf(value);
      this.text(0, op.valueNumber, value, words);
    } else {
      this.text(kind | (JSON_VALUE << 8), op.keyNumber, key, words);
      words.text(JSON.stringify(value));
    }
  }

  private text(low: number, number: number, text: string, words: WordWriter): void {
    if (number !== UNNUMBERED) {
      if (this.known[number] === 1) {
        words.pair(low, number);
        return;
      }
      this.known[number] = 1;
    }
    words.pair(low, number + SPELT);
    words.text(text);
  }
}

/** Upper bound of a payload's encoded bytes. A UTF-16 unit is at most three bytes of UTF-8. */
export function encodedBytes(payload: Payload): number {
  if (payload.encodedBytes < 0) payload.encodedBytes = countBytes(payload);
  return payload.encodedBytes;
}

function countBytes(payload: Payload): number {
  let words = 2 + wordsFor(payload.padding);
  for (const op of payload.ops) {
    words += 4 + wordsFor(op.key.length * 3);
    if (typeof op.value === "string") words += wordsFor(op.value.length * 3);
    else if (typeof op.value !== "number") words += wordsFor(JSON.stringify(op.value).length * 3);
  }
  return words * 8;
}

function blank(ops: number): Payload {
  return new Payload(Array.from({ length: ops }, () => makeOp(SET, "", null)));
}

export class PayloadDecoder {
  private readonly texts: string[] = [];

  /** Decodes a payload; `used`, a payload of this decoder that is no longer needed, is refilled where it fits. */
  decode(words: WordReader, used: Payload | null = null): Payload {
    const head = words.low();
    const padding = words.high;
    const count = head & (DATED - 1);
    const payload = used !== null && used.ops.length === count ? used : blank(count);
    const timestamp = (head & DATED) === 0 ? null : words.float();
    const { ops } = payload;
    const { texts } = this;
    let guarded = 0;
    for (let i = 0; i < count; i++) {
      const op = ops[i] as Op;
      const low = words.low();
      const { high } = words;
      op.key = high < SPELT ? (texts[high] as string) : this.spelt(high, words);
      op.kind = (low & 0xff) as OpKind;
      const tag = low >>> 8;
      if (tag === NUMBER) {
        op.value = words.float();
      } else if (tag === TEXT) {
        words.low();
        const number = words.high;
        op.value = number < SPELT ? texts[number] : this.spelt(number, words);
      } else {
        op.value = JSON.parse(words.text());
      }
      if (op.kind === INCREMENT) guarded = i + 1;
    }
    payload.timestamp = timestamp;
    payload.guarded = guarded;
    payload.padding = padding;
    if (padding > 0) words.skip(padding);
    return payload;
  }

  private spelt(number: number, words: WordReader): string {
    const text = words.text();
    if (number - SPELT !== UNNUMBERED) this.texts[number - SPELT] = text;
    return text;
  }
}
