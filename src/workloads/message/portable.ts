import { MAX_OPS, makeOp, type Op, type OpKind, Payload } from "./message.ts";

/**
 * A message as JSON that any process can read by itself:
 *
 *     [name | 0, demand, [timestamp | null, padding | 0, [[kind, key, value], …]]]
 *
 * `name`: of a replayed key; generated ones are known by their number. `demand`: its service time in nanoseconds, where these vary, else 0.
 * `padding`: a text of the bytes that the message carries.
 */

export function portableMessage(name: string | null, demand: number, payload: string): string {
  return `[${name === null ? "0" : JSON.stringify(name)},${demand},${payload}]`;
}

export function portablePayload({ ops, padding, timestamp }: Payload): string {
  const told = ops.map(({ kind, key, value }) => `[${kind},${JSON.stringify(key)},${JSON.stringify(value)}]`);
  return `[${timestamp === null ? "null" : timestamp},${padding === 0 ? "0" : JSON.stringify(" ".repeat(padding))},[${told.join(",")}]]`;
}

/** A message as it was read; not to be changed, since one that comes again is the same object. */
interface ReadMessage {
  readonly name: string | null;
  readonly demand: number;
  readonly payload: Payload;
}

/** Messages that are kept, and the longest of these. */
const KEPT = 256;
const LONGEST_KEPT = 512;

/** Reads messages. Generated ones are few, and come again and again: they are read once. */
export class MessageReader {
  private readonly known = new Map<string, ReadMessage>();

  /** Throws when it is none. */
  read(json: string): ReadMessage {
    const known = this.known.get(json);
    if (known !== undefined) return known;
    const message = readMessage(JSON.parse(json));
    // What a state holds may be changed there, so only messages of numbers and texts can be shared.
    if (json.length > LONGEST_KEPT || !message.payload.ops.every(({ value }) => typeof value !== "object")) return message;
    if (this.known.size >= KEPT) this.known.clear();
    this.known.set(json, message);
    return message;
  }
}

function readMessage(value: unknown): ReadMessage {
  if (!Array.isArray(value)) throw notOne();
  const [name, demand, content] = value as readonly unknown[];
  if (!Array.isArray(content) || typeof demand !== "number" || (name !== 0 && typeof name !== "string")) throw notOne();
  const [timestamp, padding, ops] = content as readonly unknown[];
  if (!Array.isArray(ops) || ops.length > MAX_OPS || !(timestamp === null || typeof timestamp === "number")) throw notOne();
  const size = typeof padding === "string" ? padding.length : 0;
  return { name: name === 0 ? null : (name as string), demand, payload: new Payload(ops.map(opOf), size, timestamp) };
}

function opOf(value: unknown): Op {
  if (!Array.isArray(value)) throw notOne();
  const [kind, key, operand] = value as readonly unknown[];
  if ((kind !== 0 && kind !== 1 && kind !== 2) || typeof key !== "string") throw notOne();
  return makeOp(kind as OpKind, key, operand);
}

function notOne(): Error {
  return new Error("an item that is no message");
}
