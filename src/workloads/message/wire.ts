import { deserialize, serialize } from "bun:jsc";
import { encode as pack, decode as unpack } from "@msgpack/msgpack";
import { monotonic, type Nanoseconds } from "../../kernel/clock.ts";
import type { WordReader, WordWriter } from "../../kernel/word-buffer.ts";
import type { WireFormat } from "../../scenario/schema.ts";
import { type Dictionary, encodedBytes, PayloadDecoder, PayloadEncoder } from "./codec.ts";
import { makeOp, type Op, type OpKind, Payload } from "./message.ts";

/** Writes payloads for another thread. */
export interface PayloadWriter {
  encode(payload: Payload, words: WordWriter): void;
  /** Upper bound of the bytes written. */
  most(payload: Payload): number;
}

/** Reads payloads of the same format. */
export interface PayloadReader {
  /** `used`: a payload no longer needed, which may be refilled. */
  decode(words: WordReader, used: Payload | null): Payload;
}

export function writerFor(format: WireFormat, dictionary: Dictionary): PayloadWriter {
  return format === "ring" ? new PayloadEncoder(dictionary) : new PlainWriter(FORMATS[format].toBytes);
}

export function readerFor(format: WireFormat): PayloadReader {
  return format === "ring" ? new PayloadDecoder() : new PlainReader(FORMATS[format].fromBytes);
}

/** A payload as a plain value, which any library can serialize. */
interface Plain {
  readonly ops: readonly PlainOp[];
  readonly timestamp?: number;
  readonly padding?: string;
}

interface PlainOp {
  readonly op: OpKind;
  readonly key: string;
  readonly value: unknown;
  /** The value is JSON text. */
  readonly json?: true;
}

interface Format {
  readonly toBytes: (value: Plain) => Uint8Array;
  readonly fromBytes: (bytes: Uint8Array) => Plain;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const FORMATS: Readonly<Record<Exclude<WireFormat, "ring">, Format>> = {
  json: {
    toBytes: (value) => encoder.encode(JSON.stringify(value)),
    fromBytes: (bytes) => JSON.parse(decoder.decode(bytes)) as Plain,
  },
  messagepack: {
    toBytes: (value) => pack({ ...value, ops: value.ops.map(portable) }),
    fromBytes: (bytes) => unpack(bytes) as Plain,
  },
  "structured-clone": {
    toBytes: (value) => new Uint8Array(serialize(value)),
    fromBytes: (bytes) => deserialize(bytes.slice().buffer) as Plain,
  },
};

/** Factor by which other formats may exceed the ring's own. */
export const WIDEST_FORMAT = 4;

class PlainWriter implements PayloadWriter {
  constructor(private readonly toBytes: Format["toBytes"]) {}

  encode(payload: Payload, words: WordWriter): void {
    words.blob(this.toBytes(plainOf(payload)));
  }

  /** Escapes may double a text, and every library adds a header to each value. */
  most(payload: Payload): number {
    return WIDEST_FORMAT * encodedBytes(payload) + 256 * (1 + payload.ops.length);
  }
}

class PlainReader implements PayloadReader {
  constructor(private readonly fromBytes: Format["fromBytes"]) {}

  decode(words: WordReader): Payload {
    const { ops, timestamp, padding } = this.fromBytes(words.blob());
    const made = ops.map(({ op, key, value, json }) => makeOp(op, key, json === true ? JSON.parse(value as string) : value));
    return new Payload(made, padding?.length ?? 0, timestamp ?? null);
  }
}

const paddings = new Map<number, string>();

function plainOf({ ops, padding, timestamp }: Payload): Plain {
  const plain: { ops: Plain["ops"]; timestamp?: number; padding?: string } = { ops: ops.map(plainOp) };
  if (timestamp !== null) plain.timestamp = timestamp;
  if (padding > 0) plain.padding = paddingOf(padding);
  return plain;
}

/** MessagePack has no lone surrogates and refuses some field names: values that may contain these are sent as JSON text. */
function portable(op: PlainOp): PlainOp {
  const { value } = op;
  const plain = typeof value === "string" ? value.isWellFormed() : typeof value !== "object";
  return plain ? op : { ...op, value: JSON.stringify(value), json: true };
}

function plainOp({ kind, key, value }: Op): Plain["ops"][number] {
  return { op: kind, key, value };
}

function paddingOf(size: number): string {
  const known = paddings.get(size) ?? " ".repeat(size);
  paddings.set(size, known);
  return known;
}

/** One of this many messages is timed, a power of two: reading the clock costs as much as a short message. */
const EVERY = 64;

/** Cost of one direction, from the timed messages. */
export interface WireCost {
  readonly timed: number;
  readonly nanoseconds: number;
  readonly bytes: number;
  /** Nanoseconds per message below which the clock has no meaning. */
  readonly resolution: number;
}

/** Doublings of the median within which a span counts; longer ones were interrupted, and say nothing about the format. */
const INTERRUPTED = 3;
const OCTAVES = 32;

/**
 * Times one message in 64. The cost of reading the clock is timed beside each of them, since it differs between a cold and a busy core: the
 * message's cost is the difference of the two means.
 */
export class WireMeter {
  private messages = 0;
  private bytes = 0;
  private readonly spans = new Spans();
  private readonly empty = new Spans();

  constructor(private readonly clock: { now(): Nanoseconds } = monotonic) {}

  /** True when the next message is to be timed. */
  get due(): boolean {
    return (this.messages++ & (EVERY - 1)) === 0;
  }

  /** Adds a message of `bytes` bytes that took the time since `began`. */
  add(began: Nanoseconds, bytes: number): void {
    const ended = this.clock.now();
    this.spans.add(ended - began);
    this.empty.add(this.clock.now() - ended);
    this.bytes += bytes;
  }

  get cost(): WireCost {
    const { count } = this.spans;
    const reading = this.empty.usual();
    // The end of one reading and the beginning of the next overlap with what is between them.
    const resolution = reading / 2;
    return { timed: count, nanoseconds: Math.max(resolution, this.spans.usual() - reading) * count, bytes: this.bytes, resolution };
  }
}

/** Spans of time, without interrupted ones. */
class Spans {
  count = 0;
  /** Number of spans from each power of two nanoseconds to the next, and their sums. */
  private readonly counts = new Float64Array(OCTAVES);
  private readonly sums = new Float64Array(OCTAVES);

  add(span: Nanoseconds): void {
    const octave = 31 - Math.clz32(Math.max(1, Math.min(span, 2 ** 31 - 1)));
    this.counts[octave] = (this.counts[octave] as number) + 1;
    this.sums[octave] = (this.sums[octave] as number) + span;
    this.count++;
  }

  /** Mean of the spans that were not interrupted. */
  usual(): Nanoseconds {
    let [count, sum, half] = [0, 0, OCTAVES];
    for (let octave = 0; octave < OCTAVES && octave <= half + INTERRUPTED; octave++) {
      count += this.counts[octave] as number;
      sum += this.sums[octave] as number;
      if (half === OCTAVES && count >= this.count / 2) half = octave;
    }
    return count > 0 ? sum / count : 0;
  }
}

export function addCosts(costs: readonly WireCost[]): WireCost {
  const sum = (pick: (cost: WireCost) => number) => costs.reduce((total, cost) => total + pick(cost), 0);
  return {
    timed: sum((c) => c.timed),
    nanoseconds: sum((c) => c.nanoseconds),
    bytes: sum((c) => c.bytes),
    resolution: costs.reduce((most, { resolution }) => Math.max(most, resolution), 0),
  };
}
