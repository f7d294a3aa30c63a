import { GeneratedPayloads } from "../../src/workloads/message/generated.ts";
import type { Payload } from "../../src/workloads/message/message.ts";
import { apply, type State } from "../../src/workloads/message/state.ts";

/** The work every contestant does: zero-work messages of 2 ops over 10 keys, through the lab's own handler. */
export const MESSAGES = 1_000_000;
export const KEYS = 10;
export const BATCH = 100;
const WARM_UP = 200_000;

export interface PeerMessage {
  readonly key: number;
  readonly payload: Payload;
}

/** Messages made beforehand, so that a peer's time is its own. */
export function peerMessages(count: number): PeerMessage[] {
  const payloads = new GeneratedPayloads({ updates: { min: 2, max: 2 }, ops: ["increment", "set", "compute"], size: 0 }, 1);
  return Array.from({ length: count }, (_, i) => ({ key: i % KEYS, payload: payloads.next() }));
}

/** State machines and the function that updates them. */
export function peerHandler(): (message: PeerMessage) => void {
  const states: State[] = Array.from({ length: KEYS }, () => new Map());
  return ({ key, payload }) => {
    apply(states[key] as State, payload);
  };
}

/** Runs a contestant warm, then on the clock; prints messages per second. */
export async function clockPeer(run: (messages: readonly PeerMessage[]) => Promise<void> | void): Promise<void> {
  await run(peerMessages(WARM_UP));
  const messages = peerMessages(MESSAGES);
  const from = performance.now();
  await run(messages);
  process.stdout.write(`${JSON.stringify({ perSecond: (MESSAGES * 1000) / (performance.now() - from) })}\n`);
  process.exit(0);
}
