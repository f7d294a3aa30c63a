import { loadFunction } from "../module.ts";
import { COMPUTE, INCREMENT, type Payload } from "./message.ts";

/** A message as a handler sees it, and as NDJSON spells it. */
export interface Message {
  readonly worker_id: string;
  readonly payload: readonly MessageOp[];
  /** Seconds: its own, or of a generated message the instant it fell due. */
  readonly timestamp: number;
}

export interface MessageOp {
  readonly op: "increment" | "set" | "compute";
  readonly key: string;
  readonly value: unknown;
}

/**
 * What a module named by `work.module` exports as default: works one message off on the state of its machine. What it
 * throws or rejects with makes the message `failed`; what it changed before stays.
 */
export type Handler = (state: Map<string, unknown>, message: Message) => void | Promise<void>;

/** Loads a handler module. Rejects with a sentence when there is no handler in it. */
export async function loadHandler(file: string): Promise<Handler> {
  return (await loadFunction("handler", file)) as Handler;
}

export function messageOf(workerId: string, payload: Payload, dueSeconds: number): Message {
  const ops = payload.ops.map(({ kind, key, value }) => ({
    op: kind === INCREMENT ? ("increment" as const) : kind === COMPUTE ? ("compute" as const) : ("set" as const),
    key,
    value,
  }));
  return { worker_id: workerId, payload: ops, timestamp: payload.timestamp ?? dueSeconds };
}
