import { type PeerMessage, peerHandler } from "../workload.ts";

const handle = peerHandler();

export default function workOff(batch: readonly PeerMessage[]): void {
  for (const message of batch) handle(message);
}
