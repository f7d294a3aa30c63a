import { headersIn, payloadIn } from "../payload/message-text.ts";
import { STATE_NAMES } from "../state.ts";
import type { DeadLetter, Leased, StoredMessage } from "../store.ts";
import { MOST_GROUPS } from "./schema.ts";
import type { DeadRow, Row } from "./statements.ts";

/** `agingMs`: 0 where priorities do not age. */
export function leasedOf({ seq, rank, attempt, key, sent, idem, value }: Row, agingMs: number): Leased {
  const steps = agingMs === 0 ? -rank : (sent - rank) / agingMs;
  return {
    id: Math.floor(seq / MOST_GROUPS),
    value: payloadIn(value),
    key,
    // Not -0.
    priority: steps === 0 ? 0 : steps,
    attempt,
    sentAt: sent,
    idempotencyKey: idem,
    headers: headersIn(value),
  };
}

export function letterOf({ seq, value, key, attempt, reason, died }: DeadRow): DeadLetter {
  return { id: Math.floor(seq / MOST_GROUPS), value: payloadIn(value), key, attempts: attempt, reason, at: died };
}

/** `state`: its number in the file; null: it is dead. */
export function storedMessage(row: Row, state: number | null, reason: string | null, agingMs: number): StoredMessage {
  const { id, value, key, priority, attempt, sentAt, idempotencyKey, headers } = leasedOf(row, agingMs);
  const name = state === null ? "dead" : STATE_NAMES[state];
  return { id, value, key, priority, state: name as StoredMessage["state"], attempts: attempt, sentAt, idempotencyKey, headers, reason };
}

/** SQL's limit: negative means none. */
export function limit(most: number): number {
  return Number.isFinite(most) ? most : -1;
}
