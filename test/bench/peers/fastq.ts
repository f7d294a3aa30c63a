import * as fastq from "fastq";
import { clockPeer, peerHandler } from "../workload.ts";

const handle = peerHandler();
await clockPeer(async (messages) => {
  const queue = fastq.promise(async (message: (typeof messages)[number]) => handle(message), 1);
  for (const message of messages) void queue.push(message);
  await queue.drained();
});
