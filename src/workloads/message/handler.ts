import { loadFunction } from "../module.ts";
import { COMPUTE, INCREMENT, type Payload } from "./message.ts";

/** A message as a handler receives it, in the form of its NDJSON line. */
export interface Message {
  readonly worker_id: string;
  readonly payload: readonly MessageOp[];
  /** Seconds: its own, or for a generated message when it fell due. */
  readonly timestamp: number;
}

/** One operation of a message on its machine's state. */
export interface MessageOp {
  readonly op: "increment" | "set" | "compute";
  readonly key: string;
  readonly value: unknown;
}

/**
 * The default export of a module named by `work.module`: handles one message on the state of its machine. When it throws or rejects, the
 * message has `failed`; changes made before are kept.
 */
export type Handler = (state: Map<string, unknown>, message: Message) => void | Promise<void>;

/** Loads a handler module. Rejects with a sentence when it exports no handler. */
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
