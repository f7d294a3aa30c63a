import { clockPeer, peerHandler } from "../workload.ts";

const handle = peerHandler();
await clockPeer((messages) => {
  for (const message of messages) handle(message);
});
