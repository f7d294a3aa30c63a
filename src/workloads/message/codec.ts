import { type WordReader, type WordWriter, wordsFor } from "../../kernel/words.ts";
import { type Op, type OpKind, Payload } from "./message.ts";

/**
 * How a message crosses a thread: a word for its size, a word or two per op. Text that has been sent before goes as its
 * number in a dictionary that both sides build up from the stream, so a key that comes a million times is spelt once.
 *
 *     message  (ops | guarded << 16, padding) op… padding
 *     op       (kind | tag << 8, key) value
 *     value    number: float64 · text: (its number) · JSON: bytes · new text is spelt where it first comes
 */

const NUMBER = 0;
const TEXT = 1;
const JSON_VALUE = 2;
/** Marks a text that is spelt out and takes the next number, or (PLAIN) no number because the dictionary is full. */
const NEW = 0xffffffff;
const PLAIN = 0xfffffffe;
const DICTIONARY = 65_536;
const LONGEST_TEXT = 256;

export class PayloadEncoder {
  private readonly numbers = new Map<string, number>();

  encode(payload: Payload, words: WordWriter): void {
    const { ops, padding } = payload;
    words.pair(ops.length, padding);
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i] as Op;
      const value = op.value;
      if (typeof value === "number") {
        this.head(op, NUMBER, words);
        words.float(value);
      } else if (typeof value === "string") {
        this.head(op, TEXT, words);
        this.string(value, words);
      } else {
        this.head(op, JSON_VALUE, words);
        words.text(JSON.stringify(value));
      }
    }
    if (padding > 0) words.fill(padding, 0x20);
  }

  private head(op: Op, tag: number, words: WordWriter): void {
    const number = this.numbers.get(op.key);
    if (number !== undefined) {
      words.pair(op.kind | (tag << 8), number);
      return;
    }
    words.pair(op.kind | (tag << 8), this.define(op.key));
    words.text(op.key);
  }

  private string(text: string, words: WordWriter): void {
    const number = this.numbers.get(text);
    if (number !== undefined) {
      words.pair(number, 0);
      return;
    }
    words.pair(this.define(text), 0);
    words.text(text);
  }

  private define(text: string): number {
    if (this.numbers.size >= DICTIONARY || text.length > LONGEST_TEXT) return PLAIN;
    this.numbers.set(text, this.numbers.size);
    return NEW;
  }
}

/** Most bytes a payload takes. A UTF-16 unit is at most three bytes of UTF-8. */
export function encodedBytes(payload: Payload): number {
  let words = 1 + wordsFor(payload.padding);
  for (const op of payload.ops) {
    words += 4 + wordsFor(op.key.length * 3);
    if (typeof op.value === "string") words += wordsFor(op.value.length * 3);
    else if (typeof op.value !== "number") words += wordsFor(JSON.stringify(op.value).length * 3);
  }
  return words * 8;
}

export class PayloadDecoder {
  private readonly texts: string[] = [];

  decode(words: WordReader): Payload {
    const count = words.low();
    const padding = words.high;
    const ops: Op[] = new Array(count);
    for (let i = 0; i < count; i++) ops[i] = this.op(words);
    if (padding > 0) words.skip(padding);
    return new Payload(ops, padding);
  }

  private op(words: WordReader): Op {
    const head = words.low();
    const key = this.resolve(words.high, words);
    const tag = head >>> 8;
    const kind = (head & 0xff) as OpKind;
    if (tag === NUMBER) return { kind, key, value: words.float() };
    if (tag === TEXT) return { kind, key, value: this.resolve(words.low(), words) };
    return { kind, key, value: JSON.parse(words.text()) as unknown };
  }

  private resolve(number: number, words: WordReader): string {
    if (number < PLAIN) return this.texts[number] as string;
    const text = words.text();
    if (number === NEW) this.texts.push(text);
    return text;
  }
}

