import { monotonic } from "../../kernel/clock.ts";
import { hashOf } from "../../kernel/hash.ts";
import type { WordWriter } from "../../kernel/word-buffer.ts";
import { workerName } from "../../load/keys.ts";
import { NOT_UTF8, TOO_LONG } from "../../load/replay.ts";
import type { ServiceTimes } from "../../load/service-times.ts";
import type { Arrival } from "../../load/tape.ts";
import type { Item } from "../../queueing/item.ts";
import type { WireFormat } from "../../scenario/schema.ts";
import type { Rejection } from "../../telemetry/result.ts";
import type { Intake } from "../workload.ts";
import { Dictionary } from "./codec.ts";
import { GeneratedPayloads, type MessageShape } from "./generated.ts";
import { type Payload, parseMessage } from "./message.ts";
import { portableMessage, portablePayload } from "./portable.ts";
import { type PayloadWriter, WireMeter, writerFor } from "./wire.ts";

/** Most rejections kept with line and reason; the rest are only counted. */
const KEPT_REJECTIONS = 100;

/** Turns arrivals into messages: generated ones by number, replayed ones from the text of their line. */
export class MessageIntake implements Intake {
  readonly rejections: Rejection[] = [];
  readonly anywhere = false;
  /** Cost of writing messages for other threads. */
  readonly meter = new WireMeter();
  private readonly generated: GeneratedPayloads;
  private readonly size: number;
  private sequences = new Uint32Array(1024);
  /** Names of replayed keys by number, and the reverse. Generated keys need none. */
  private readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();
  private shards = new Int32Array(0);
  private readonly links: (Link | undefined)[] = [];
  private readonly dictionary = new Dictionary();
  /** Texts of generated payloads. */
  private readonly texts = new Map<Payload, string>();

  constructor(
    shape: MessageShape,
    seed: number,
    /** Service time of each message; null where it is the same for all. */
    private readonly serviceTimes: ServiceTimes | null = null,
    private readonly format: WireFormat = "ring",
    /** Number of generated keys. */
    private readonly keys = Number.POSITIVE_INFINITY,
  ) {
    this.generated = new GeneratedPayloads(shape, seed);
    this.size = shape.size;
  }

  accept(arrival: Arrival, item: Item): string | null {
    if (arrival.line === 0) {
      item.key = arrival.key;
      item.payload = this.generated.next();
      if (this.size > 0) this.fill(item);
    } else {
      const reason = this.parse(arrival, item);
      if (reason !== null) {
        if (this.rejections.length < KEPT_REJECTIONS) this.rejections.push({ line: arrival.line, reason });
        return reason;
      }
    }
    if (this.serviceTimes !== null) item.demand = this.serviceTimes.next();
    const key = item.key;
    if (key >= this.sequences.length) this.sequences = grown(this.sequences, key);
    item.sequence = this.sequences[key] = (this.sequences[key] as number) + 1;
    return null;
  }

  nameOf(key: number): string {
    return this.names[key] ?? workerName(key);
  }

  keyOf(name: string): number | null {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    const generated = this.names.length === 0 ? /^worker-(0|[1-9]\d{0,8})$/.exec(name) : null;
    const key = generated === null ? Number.POSITIVE_INFINITY : Number(generated[1]);
    return key < this.keys ? key : null;
  }

  shardOf(key: number, count: number): number {
    if (key >= this.shards.length) {
      const more = new Int32Array(Math.max(1024, 2 * this.shards.length, key + 1)).fill(-1);
      more.set(this.shards);
      this.shards = more;
    }
    const known = this.shards[key] as number;
    if (known >= 0) return known;
    const shard = shardOfName(this.nameOf(key), count);
    this.shards[key] = shard;
    return shard;
  }

  encode(item: Item, words: WordWriter, shard: number): void {
    const link = this.linkTo(shard);
    if (link.introduce(item.key)) words.text(this.nameOf(item.key), 1);
    else words.pair(0, 0);
    if (this.serviceTimes !== null) words.float(item.demand);
    if (this.meter.due) this.encodeTimed(link.writer, item.payload as Payload, words);
    else link.writer.encode(item.payload as Payload, words);
  }

  toJson(item: Item): string {
    const payload = item.payload as Payload;
    const demand = this.serviceTimes === null ? 0 : item.demand;
    // Generated payloads are few, and shared by all messages.
    if (this.names.length > 0) return portableMessage(this.nameOf(item.key), demand, portablePayload(payload));
    const text = this.texts.get(payload) ?? portablePayload(payload);
    this.texts.set(payload, text);
    return portableMessage(null, demand, text);
  }

  /** Fills an item's ballast; a reused item has it already, so only items beyond the peak number of waiting ones allocate. */
  private fill(item: Item): void {
    // Memory is not really allocated until it is written to.
    if (item.body?.length !== this.size) item.body = new Uint8Array(this.size).fill(0x20);
  }

  private encodeTimed(writer: PayloadWriter, payload: Payload, words: WordWriter): void {
    const at = words.at;
    const began = monotonic.now();
    writer.encode(payload, words);
    this.meter.add(began, (words.at - at) * 8);
  }

  encodedBytes(item: Item, shard: number): number {
    const link = this.linkTo(shard);
    const name = link.knows(item.key) ? 0 : (this.nameOf(item.key).length * 3 + 7) & ~7;
    return 16 + name + link.writer.most(item.payload as Payload);
  }

  private linkTo(shard: number): Link {
    let link = this.links[shard];
    if (link === undefined) {
      link = new Link(writerFor(this.format, this.dictionary));
      this.links[shard] = link;
    }
    return link;
  }

  private parse(arrival: Arrival, item: Item): string | null {
    if (arrival.text === TOO_LONG) return "the line is longer than 1 MB";
    if (arrival.text === NOT_UTF8) return "the line is not valid UTF-8";
    const parsed = parseMessage(arrival.text);
    if (!parsed.ok) return parsed.reason;
    let number = this.numbers.get(parsed.workerId);
    if (number === undefined) {
      number = this.names.length;
      this.names.push(parsed.workerId);
      this.numbers.set(parsed.workerId, number);
    }
    item.key = number;
    item.payload = parsed.payload;
    return null;
  }
}

/** Number of the Worker, of `count`, that owns a key of this name. */
export function shardOfName(name: string, count: number): number {
  return hashOf(name) % count;
}

/** The keys that one Worker knows. */
class Link {
  private introduced = new Uint8Array(1024);

  constructor(readonly writer: PayloadWriter) {}

  knows(key: number): boolean {
    return this.introduced[key] === 1;
  }

  /** True the first time that a key is sent to this Worker: its name is sent, too. */
  introduce(key: number): boolean {
    if (key >= this.introduced.length) {
      const more = new Uint8Array(Math.max(key + 1, this.introduced.length * 2));
      more.set(this.introduced);
      this.introduced = more;
    }
    if (this.introduced[key] === 1) return false;
    this.introduced[key] = 1;
    return true;
  }
}

function grown(old: Uint32Array, key: number): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(Math.max(key + 1, old.length * 2));
  more.set(old);
  return more;
}
