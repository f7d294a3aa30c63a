import type { RedisReply } from "../../../kernel/redis/port.ts";
import { headersIn, payloadIn } from "../payload/message-text.ts";
import type { DeadLetter, Leased, LeaseRef, StoredMessage, Terms } from "../store.ts";

/** Digits of an id in Redis, where ids of equal score are sorted as text. */
const DIGITS = 16;

export function idText(id: number): string {
  return String(id).padStart(DIGITS, "0");
}

/** Key, priority, delay, idempotency key, and 1 where it replaces the one with the same. */
type PackedTerms = readonly [string | null, number, number, string | null, 0 | 1];

/** The terms of a message as scripts read them; empty: nothing that differs from the default. */
export function packTerms({ key, priority, delayMs, idempotencyKey, replace }: Terms): string {
  if (key === null && priority === 0 && delayMs === 0 && idempotencyKey === null) return "";
  const packed: PackedTerms = [key, priority, delayMs, idempotencyKey, replace === true ? 1 : 0];
  return JSON.stringify(packed);
}

type Content = Pick<Leased, "value" | "key" | "priority" | "sentAt" | "idempotencyKey" | "headers">;

/** A message's body: when it was sent, its terms, and the text of its value, each on a line of its own. */
function contentOf(body: string): Content {
  const first = body.indexOf("\n");
  const second = body.indexOf("\n", first + 1);
  const terms = body.slice(first + 1, second);
  const [key, priority, , idempotencyKey] = terms === "" ? PLAIN : (JSON.parse(terms) as PackedTerms);
  const text = body.slice(second + 1);
  const sentAt = Number(body.slice(0, first));
  return { value: payloadIn(text), key, priority, sentAt, idempotencyKey, headers: headersIn(text) };
}

const PLAIN: PackedTerms = [null, 0, 0, null, 0];

/** Reads id, attempt and body of each message, one after another. */
export function leasedFromRows(rows: readonly RedisReply[]): Leased[] {
  const leased: Leased[] = [];
  for (let i = 0; i < rows.length; i += 3)
    leased.push({ id: Number(rows[i]), attempt: Number(rows[i + 1]), ...contentOf(rows[i + 2] as string) });
  return leased;
}

/** Id, attempts, when it died, reason, body. */
type LetterRow = readonly [string, number, string, string, string];

export function letterFromRow(row: RedisReply): DeadLetter {
  const [id, attempts, at, reason, body] = row as LetterRow;
  const { value, key } = contentOf(body);
  return { id: Number(id), value, key, attempts: Number(attempts), reason, at: Number(at) };
}

export function storedDead(row: RedisReply): StoredMessage {
  const [id, attempts, , reason, body] = row as LetterRow;
  return { id: Number(id), ...contentOf(body), state: "dead", attempts: Number(attempts), reason };
}

/** States of messages as scripts name them. */
export const LIVE_STATES = { ready: "waiting", behind: "waiting", delayed: "delayed", leased: "working" } as const;

export function storedLive(row: RedisReply): StoredMessage {
  const [id, state, attempts, body] = row as readonly [string, keyof typeof LIVE_STATES, number, string];
  return { id: Number(id), ...contentOf(body), state: LIVE_STATES[state], attempts: Number(attempts), reason: null };
}

/** A list of outcomes for a script: its length, then id, attempt, and what `extra` adds, of each. */
export function outcomes<R extends LeaseRef>(refs: readonly R[], extra?: (ref: R) => string): string[] {
  const list = [String(refs.length)];
  for (const ref of refs) {
    list.push(idText(ref.id), String(ref.attempt));
    if (extra !== undefined) list.push(extra(ref));
  }
  return list;
}
