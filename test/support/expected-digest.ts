import { keySource, workerName } from "../../src/load/keys.ts";
import type { Scenario } from "../../src/scenario/schema.ts";
import { GeneratedPayloads } from "../../src/workloads/message/generated.ts";
import { apply, digestOf, type State, stateJson } from "../../src/workloads/message/state.ts";

/** Digest of the final states worked out in one plain loop over the tape: of its messages `from`…`to − 1`. */
export function expectedDigest(given: Scenario, to: number, from = 0): string {
  const keys = keySource(given.keys, given.seed);
  const payloads = new GeneratedPayloads(given.message, given.seed);
  const states = new Map<number, State>();
  for (let i = 0; i < to; i++) {
    const key = keys.next();
    const payload = payloads.next();
    if (i < from) continue;
    const state = states.get(key) ?? new Map<string, unknown>();
    apply(state, payload);
    states.set(key, state);
  }
  return digestOf([...states].map(([key, state]) => ({ key: workerName(key), json: stateJson(state) })));
}
